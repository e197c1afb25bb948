"""Ends every change of deeds: groups are brought in step, and whoever is to know is told."""

from collections.abc import Collection

from services.notification.model import GroupChange, GroupKey
from services.notification.store import NotificationTransaction


async def settle(
    transaction: NotificationTransaction, keys: Collection[GroupKey]
) -> list[GroupChange]:
    """Brings the groups in step with their deeds, after all changes of deeds; what became of the
    groups."""
    return await transaction.regroup(keys)
