"""The rule of notifications: which ones are shown."""

from roost.notification.v1.notification_pb2 import (
    NOTIFICATION_KIND_UNSPECIFIED,
    NotificationGroup,
    NotificationKind,
)

from gateway.core.hydrate import Hydrated
from gateway.core.rules import is_audible

_KINDS = frozenset(NotificationKind.values()) - {NOTIFICATION_KIND_UNSPECIFIED}


def is_notification_shown(group: NotificationGroup, found: Hydrated) -> bool:
    """The rule of notifications, which the Notification service applies to the list, the count,
    digests and pushes: the post may be seen, and so may somebody who did it, unmuted. Here it drops
    what became hidden since that service answered, and applies to events of the log, which are as
    they were written. A kind that is newer than this gateway is left out: it does not know what to
    call it."""
    if group.kind not in _KINDS:
        return False
    if group.post_id and group.post_id not in found.posts:
        return False
    return any(is_audible(each, found) for each in group.sample_user_ids)
