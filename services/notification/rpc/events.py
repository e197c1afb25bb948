"""What the event log is told: changed notifications, and how far somebody has read."""

from roost.notification.v1.notification_pb2 import NotificationChanged, UserEvent

from services.eventlog.domain.model import Change
from services.eventlog.rpc.convert import marker_moved
from services.notification.domain.model import Group, Marker
from services.notification.rpc.convert import group_to_proto

# The name of this list among those that have a marker.
_TIMELINE = "notifications"


def notification_changed(
    recipient_id: int, before: Group | None, after: Group | None, *, last_read_id: int
) -> Change:
    """What became of a group, for a recipient who has read up to there."""
    shown = after or before
    body = NotificationChanged(
        group=group_to_proto(shown, last_read_id=last_read_id) if shown else None,
        withdrawn=after is None,
        previous_id=before.id if before else 0,
    )
    return Change(recipient_id, UserEvent(notification=body).SerializeToString())


def marker_advanced(user_id: int, marker: Marker) -> Change:
    """Somebody has read on."""
    return marker_moved(user_id, _TIMELINE, marker.last_read_id)
