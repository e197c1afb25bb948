"""The read marker, which only moves forward."""

from services.chassis.runtime.clock import Clock
from services.notification.domain.model import Marker
from services.notification.domain.store import NotificationTransaction


async def mark_read(
    transaction: NotificationTransaction, user_id: int, last_read_id: int, *, clock: Clock
) -> Marker | None:
    """Moves the user's marker up to that id, at most to their newest group, and logs it. An older
    id changes nothing. Returns the marker after it; None if there is none."""
    await transaction.lock_recipients([user_id])
    before = await transaction.marker(user_id)
    last_read_id = min(last_read_id, await transaction.newest_group_id(user_id))
    if last_read_id <= (before.last_read_id if before else 0):
        return before
    now = clock.now()
    after = Marker(last_read_id, now)
    await transaction.set_marker(user_id, after)
    await transaction.log_marker(user_id, after)
    return after
