"""Regroups changed activities, and appends the changed groups to the event logs of recipients."""

from collections.abc import Collection
from datetime import datetime

from services.notification.domain.model import GroupChange, GroupKey
from services.notification.domain.store import NotificationTransaction


async def regroup(
    transaction: NotificationTransaction, keys: Collection[GroupKey], *, now: datetime
) -> list[GroupChange]:
    """Updates the groups, and logs and returns their changes. Call it after all changes of
    activities."""
    changes = await transaction.regroup(keys)
    if changes:
        await transaction.log_group_changes(changes, now)
    return changes
