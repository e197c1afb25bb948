"""The read marker, which only moves forward."""

from services.chassis.clock import Clock
from services.notification import events
from services.notification.model import Marker
from services.notification.store import NotificationTransaction


async def mark_read(
    transaction: NotificationTransaction, user_id: int, last_read_id: int, *, clock: Clock
) -> Marker:
    """Moves the person's marker up to there, which their log says; an older one changes nothing.
    The marker after it."""
    await transaction.lock_recipients([user_id])
    before = await transaction.marker(user_id)
    if before is not None and last_read_id <= before.last_read_id:
        return before
    now = clock.now()
    after = Marker(last_read_id, now)
    await transaction.set_marker(user_id, after)
    await transaction.append_events([events.marker_advanced(user_id, after)], now)
    return after
