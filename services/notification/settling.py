"""Ends every change of deeds: groups are brought in step, and whoever is to know is told."""

from collections.abc import Collection

from services.notification.model import GroupKey
from services.notification.store import NotificationTransaction


async def settle(transaction: NotificationTransaction, keys: Collection[GroupKey]) -> None:
    """Brings the groups in step with their deeds. Last in its transaction."""
    await transaction.regroup(keys)
