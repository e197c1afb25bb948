"""Notifications: the list, read markers and preferences."""

from typing import Any

from msgspec import UNSET
from roost.notification.v1 import notification_pb2 as pb
from roost.notification.v1.notification_service_pb2 import (
    CountUnreadRequest,
    GetPreferencesRequest,
    GetReadMarkerRequest,
    GetReadMarkerResponse,
    MarkReadRequest,
    MarkReadResponse,
)

from gateway.api.notifications import acts, commands, queries
from gateway.api.notifications.commands import DayChange, KindPreferenceChange
from gateway.api.notifications.requests import NotificationsQuery, PreferencesChange
from gateway.api.timelines.requests import MarkerChange
from gateway.core.ids import id_in_body
from gateway.core.pipeline import Page
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    PageKind,
    RequestContext,
    Response,
    place,
)
from gateway.protocols.rest.routes import Routes
from gateway.views import times
from gateway.views.notification_shapes import (
    KindPreference,
    KindPreferences,
    NotificationPage,
    NotificationPreferences,
    QuietHours,
    SenderFilter,
    UnreadCount,
)
from gateway.views.shapes import Notification, NotificationKind, ReadMarker


def _notifications_on(
    context: RequestContext[Any, Any], page: Page[pb.NotificationGroup]
) -> list[Notification]:
    presenter = context.presenter(page.hydrated)
    return [presenter.notification(group) for group in page.entries]


NOTIFICATIONS = PageKind(NotificationPage, _notifications_on)

notifications = Routes(
    "Notifications", "Activities that concern the caller, and the caller's preferences."
)

_KINDS: dict[NotificationKind, pb.NotificationKind] = {
    "follow": pb.NOTIFICATION_KIND_FOLLOW,
    "follow_request": pb.NOTIFICATION_KIND_FOLLOW_REQUEST,
    "follow_accepted": pb.NOTIFICATION_KIND_FOLLOW_ACCEPTED,
    "mention": pb.NOTIFICATION_KIND_MENTION,
    "reply": pb.NOTIFICATION_KIND_REPLY,
    "like": pb.NOTIFICATION_KIND_LIKE,
    "repost": pb.NOTIFICATION_KIND_REPOST,
    "quote": pb.NOTIFICATION_KIND_QUOTE,
    "post": pb.NOTIFICATION_KIND_POST,
}
_SENDERS: dict[SenderFilter, pb.SenderFilter] = {
    "everyone": pb.SENDER_FILTER_EVERYONE,
    "following": pb.SENDER_FILTER_FOLLOWING,
    "nobody": pb.SENDER_FILTER_NOBODY,
}
_SENDER_NAMES = {number: name for name, number in _SENDERS.items()}


@notifications.get("/notifications")
async def list_notifications(
    context: RequestContext[NotificationsQuery, NoBody],
) -> Response[NotificationPage]:
    """List the caller's notifications, newest first.

    Likes and reposts are put together by post, follows by time. A line gets another id and rises
    to the top when somebody joins in, and is unread again then.
    """
    kinds = [_KINDS[name] for name in context.query.kind_names]
    page = await queries.list_notifications(context.backends, kinds=kinds, **place(context))
    return NOTIFICATIONS.response(context, page)


@notifications.get("/notifications/unread-count")
async def count_unread_notifications(
    context: RequestContext[NoQuery, NoBody],
) -> Response[UnreadCount]:
    """Count what the list shows and the caller has not read yet, up to 100."""
    response = await context.backends.notifications.CountUnread(CountUnreadRequest())
    return Response(UnreadCount(count=response.count))


@notifications.get("/notifications/marker")
async def get_notifications_marker(
    context: RequestContext[NoQuery, NoBody],
) -> Response[ReadMarker]:
    """Read the caller's read marker of notifications."""
    return Response(
        _marker(await context.backends.notifications.GetReadMarker(GetReadMarkerRequest()))
    )


@notifications.change("PUT", "/notifications/marker")
async def set_notifications_marker(
    context: RequestContext[NoQuery, MarkerChange],
) -> Response[ReadMarker]:
    """Move the caller's read marker of notifications.

    The marker only moves forward: an older item than the marker's changes nothing. It stops at the
    newest item.
    """
    response = await context.backends.notifications.MarkRead(
        MarkReadRequest(
            last_read_id=id_in_body("last_read_id", context.body.last_read_id),
            request_id=context.request_id,
        )
    )
    return Response(_marker(response))


@notifications.get("/notifications/preferences", etag=True)
async def get_notification_preferences(
    context: RequestContext[NoQuery, NoBody],
) -> Response[NotificationPreferences]:
    """Read the caller's preferences of notifications."""
    response = await context.backends.notifications.GetPreferences(GetPreferencesRequest())
    return _preferences(response.preferences)


@notifications.change(
    "PATCH", "/notifications/preferences", etag=True, reasons=("ETAG_MISMATCH", "TIME_ZONE_UNKNOWN")
)
async def update_notification_preferences(
    context: RequestContext[NoQuery, PreferencesChange],
) -> Response[NotificationPreferences]:
    """Change the caller's preferences of notifications.

    Only what is given changes (a JSON merge patch); a kind that is given has both its members.
    With `If-Match`, only if the preferences are still as they were read.
    """
    change = context.body
    kinds = None
    if change.kinds is not UNSET:
        given = {kind: getattr(change.kinds, name) for name, kind in _KINDS.items()}
        kinds = {
            kind: KindPreferenceChange(_SENDERS[preference.sender], preference.push)
            for kind, preference in given.items()
            if preference is not UNSET
        }
    return _preferences(
        await commands.change(
            context.backends,
            kinds=kinds,
            email_digest=None if change.email_digest is UNSET else change.email_digest,
            day=_day_change(change),
            etag=context.expected_etag,
            request_id=context.request_id,
        )
    )


route(notifications, acts.MUTE_CONVERSATION)
route(notifications, acts.UNMUTE_CONVERSATION)
route(notifications, acts.WATCH)
route(notifications, acts.UNWATCH)


def _day_change(change: PreferencesChange) -> DayChange:
    quiet = change.quiet_hours
    return DayChange(
        time_zone=None if change.time_zone is UNSET else change.time_zone,
        quiet_hours=commands.QuietHours(quiet.start_hour, quiet.end_hour) if quiet else None,
        sets_quiet_hours=quiet is not UNSET,
    )


def _marker(response: GetReadMarkerResponse | MarkReadResponse) -> ReadMarker:
    return ReadMarker(
        last_read_id=str(response.last_read_id) if response.last_read_id else None,
        updated_at=times.time(response.update_time) if response.HasField("update_time") else None,
    )


def _preferences(message: pb.NotificationPreferences) -> Response[NotificationPreferences]:
    preferences_by_kind = {
        each.kind: KindPreference(_SENDER_NAMES[getattr(each, "from")], each.push)
        for each in message.kinds
    }
    value = NotificationPreferences(
        kinds=KindPreferences(**{name: preferences_by_kind[kind] for name, kind in _KINDS.items()}),
        muted_conversation_ids=[str(each) for each in message.muted_conversation_ids],
        watched_user_ids=[str(each) for each in message.watched_user_ids],
        email_digest=message.email_digest,
        time_zone=message.time_zone or "UTC",
        quiet_hours=QuietHours(message.quiet_hours.start_hour, message.quiet_hours.end_hour)
        if message.HasField("quiet_hours")
        else None,
    )
    return Response(value, etag=message.etag)
