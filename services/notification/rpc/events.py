"""Converts changes of notifications and read markers to entries of the event log."""

from collections.abc import Iterable, Mapping

from roost.notification.v1.notification_pb2 import NotificationChanged, UserEvent

from services.eventlog.domain.model import Change
from services.eventlog.rpc.convert import marker_moved
from services.notification.domain.model import Group, GroupChange, Marker
from services.notification.rpc.convert import group_to_proto

# The name of the list in MarkerMoved.
_TIMELINE = "notifications"


def notifications_changed(
    changes: Iterable[GroupChange], last_read: Mapping[int, int]
) -> list[Change]:
    """The entries for changed groups; `last_read` has the read markers of their recipients."""
    return [
        notification_changed(
            recipient_id, before, after, last_read_id=last_read.get(recipient_id, 0)
        )
        for recipient_id, before, after in changes
    ]


def notification_changed(
    recipient_id: int, before: Group | None, after: Group | None, *, last_read_id: int
) -> Change:
    """The entry for a changed group of a recipient with this read marker."""
    current = after or before
    body = NotificationChanged(
        group=group_to_proto(current, last_read_id=last_read_id) if current else None,
        withdrawn=after is None,
        previous_id=before.id if before else 0,
    )
    return Change(recipient_id, UserEvent(notification=body).SerializeToString())


def marker_advanced(user_id: int, marker: Marker) -> Change:
    """The entry for a moved read marker."""
    return marker_moved(user_id, _TIMELINE, marker.last_read_id)
