"""Ends every change of deeds: groups are brought in step, and their recipients' logs say so."""

from collections.abc import Collection
from datetime import datetime

from services.notification.domain.model import GroupChange, GroupKey
from services.notification.domain.store import NotificationTransaction
from services.notification.rpc import events


async def settle(
    transaction: NotificationTransaction, keys: Collection[GroupKey], *, now: datetime
) -> list[GroupChange]:
    """Brings the groups in step with their deeds, after all changes of deeds, and logs what became
    of them; gives that."""
    changes = await transaction.regroup(keys)
    if changes:
        read = await transaction.last_read({each.recipient_id for each in changes})
        logged = [
            events.notification_changed(
                recipient_id, before, after, last_read_id=read.get(recipient_id, 0)
            )
            for recipient_id, before, after in changes
        ]
        await transaction.append_events(logged, now)
    return changes
