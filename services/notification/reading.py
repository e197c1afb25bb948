"""The read marker, which only moves forward."""

from services.chassis.clock import Clock
from services.notification.model import Marker
from services.notification.store import NotificationTransaction


async def mark_read(
    transaction: NotificationTransaction, user_id: int, last_read_id: int, *, clock: Clock
) -> Marker:
    """Moves the person's marker up to there; an older one changes nothing. The marker after it."""
    await transaction.lock_recipients([user_id])
    before = await transaction.marker(user_id)
    if before is not None and last_read_id <= before.last_read_id:
        return before
    after = Marker(last_read_id, clock.now())
    await transaction.set_marker(user_id, after)
    return after
