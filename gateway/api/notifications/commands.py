"""Changing preferences of notifications."""

from collections.abc import Mapping
from typing import NamedTuple

from google.protobuf.field_mask_pb2 import FieldMask
from roost.notification.v1 import notification_pb2 as pb
from roost.notification.v1.notification_pb2 import (
    NotificationKind,
    NotificationPreferences,
    SenderFilter,
)
from roost.notification.v1.notification_service_pb2 import UpdatePreferencesRequest

from gateway.core.clients import Backends


class QuietHours(NamedTuple):
    """A part of each day without pushes, by its first hour and the one with which it ends."""

    start: int
    end: int


class DayChange(NamedTuple):
    """Changes of time zone and quiet hours."""

    # None to leave it.
    time_zone: str | None = None
    # None for no quiet hours.
    quiet_hours: QuietHours | None = None
    # Whether quiet hours change at all.
    sets_quiet_hours: bool = False


class KindPreferenceChange(NamedTuple):
    """How the user is notified of one kind: from whom, and whether it is pushed."""

    sender: SenderFilter
    push: bool


async def change(
    backends: Backends,
    *,
    kinds: Mapping[NotificationKind, KindPreferenceChange] | None,
    email_digest: bool | None,
    day: DayChange,
    etag: str,
    request_id: str,
) -> NotificationPreferences:
    """Changes what is given (None and kinds that are not named stay), and returns all of it. With
    an etag, only if the preferences are still as they were read."""
    message = NotificationPreferences()
    paths = []
    if kinds is not None:
        paths.append("kinds")
        for kind, preference in kinds.items():
            message.kinds.add(kind=kind, push=preference.push, **{"from": preference.sender})
    if email_digest is not None:
        paths.append("email_digest")
        message.email_digest = email_digest
    if day.time_zone is not None:
        paths.append("time_zone")
        message.time_zone = day.time_zone
    if day.sets_quiet_hours:
        paths.append("quiet_hours")
        if day.quiet_hours is not None:
            start, end = day.quiet_hours
            message.quiet_hours.CopyFrom(pb.QuietHours(start_hour=start, end_hour=end))
    response = await backends.notifications.UpdatePreferences(
        UpdatePreferencesRequest(
            preferences=message,
            update_mask=FieldMask(paths=paths),
            etag=etag,
            request_id=request_id,
        )
    )
    return response.preferences
