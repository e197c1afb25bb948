"""Notifications: the list, read markers and preferences."""

from typing import Annotated

import strawberry
from roost.notification.v1.notification_service_pb2 import (
    CountUnreadRequest,
    GetPreferencesRequest,
    GetReadMarkerRequest,
    MarkReadRequest,
)
from strawberry.types import Info

from gateway.api.notifications import acts, commands
from gateway.api.notifications import queries as reading
from gateway.api.notifications.commands import DayChange, KindPreferenceChange, QuietHours
from gateway.api.notifications.types import (
    NOTIFICATION,
    Notification,
    NotificationKind,
    NotificationPreferences,
    SenderFilter,
    notifications_on,
)
from gateway.api.timelines.types import ReadMarker, marker
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.arguments import Etag
from gateway.protocols.graphql.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    connection,
    place,
)
from gateway.protocols.graphql.context import own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    Key,
    Outcome,
    change,
    request_id,
    result,
)


@strawberry.type
class NotificationQueries:
    """Fields of Query about notifications."""

    @resolved(
        "Activities that concern the caller, newest first. Likes and reposts are put "
        "together by post, "
        "follows by time.",
        cost=20,
    )
    async def notifications(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description="How many are on the page at most: 1 to 40.")
        ] = DEFAULT_FIRST,
        after: After = None,
        kinds: Annotated[
            list[NotificationKind] | None,
            strawberry.argument(description="Only these kinds; null for all."),
        ] = None,
    ) -> Connection[Notification]:
        wanted = place(first, after, most=reading.MAX_NOTIFICATIONS)
        page = await reading.list_notifications(
            own(info),
            kinds=[each.value for each in dict.fromkeys(kinds or ())],
            **wanted._asdict(),
        )
        return connection(page, notifications_on, wanted)

    @resolved("How many notifications the read marker has not passed; 100 stands for 100 or more.")
    async def unread_notifications_count(self, info: Info) -> int:
        return (await own(info).notifications.CountUnread(CountUnreadRequest())).count

    @resolved("The caller's read marker of notifications.")
    async def notifications_marker(self, info: Info) -> ReadMarker:
        response = await own(info).notifications.GetReadMarker(GetReadMarkerRequest())
        return marker(NOTIFICATION, response.last_read_id, response)

    @resolved("The caller's preferences of notifications.")
    async def notification_preferences(self, info: Info) -> NotificationPreferences:
        response = await own(info).notifications.GetPreferences(GetPreferencesRequest())
        return NotificationPreferences(message=response.preferences)


@strawberry.input(description="How the caller is notified of one kind.")
class KindPreferenceInput:
    """The preference of one kind, as it is to be."""

    kind: NotificationKind = strawberry.field(description="The kind.")
    sender: SenderFilter = strawberry.field(description="Whose activities notify.")
    push: bool = strawberry.field(description="Whether they are also pushed to devices.")


@strawberry.input(description="A part of each day in which nothing is pushed.")
class QuietHoursInput:
    """By the hours of the user's time zone."""

    start_hour: int = strawberry.field(description="The hour with which it begins, 0 to 23.")
    end_hour: int = strawberry.field(
        description="The hour with which it ends, another one; one before `startHour` is on the "
        "next day."
    )


@strawberry.type
class NotificationMutations:
    """Fields of Mutation about notifications."""

    @change(
        "Move the caller's read marker of notifications. The marker only moves forward, "
        "and stops at "
        "the newest one."
    )
    async def set_notifications_marker(
        self,
        info: Info,
        last_read_id: Annotated[
            strawberry.ID, strawberry.argument(description="The id of a notification.")
        ],
        idempotency_key: Key = None,
    ) -> Outcome[ReadMarker]:
        response = await own(info).notifications.MarkRead(
            MarkReadRequest(
                last_read_id=number_of(NOTIFICATION, last_read_id, "last_read_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(marker(NOTIFICATION, response.last_read_id, response))

    @change("Change the caller's preferences of notifications. Only what is given changes.")
    async def update_notification_preferences(
        self,
        info: Info,
        *,
        kinds: Annotated[
            list[KindPreferenceInput] | None,
            strawberry.argument(description="The kinds that change; null for none."),
        ] = None,
        email_digest: Annotated[
            bool | None,
            strawberry.argument(
                description="Whether a daily summary goes out by e-mail; null to leave it."
            ),
        ] = None,
        time_zone: Annotated[
            str | None,
            strawberry.argument(description="A name of the IANA database; null to leave it."),
        ] = None,
        quiet_hours: Annotated[
            QuietHoursInput | None,
            strawberry.argument(description="When nothing is pushed; null for never."),
        ] = strawberry.UNSET,
        etag: Etag = None,
        idempotency_key: Key = None,
    ) -> Outcome[NotificationPreferences]:
        kind_preferences = None
        if kinds is not None:
            kind_preferences = {
                each.kind.value: KindPreferenceChange(each.sender.value, each.push)
                for each in kinds
            }
        changed = await commands.change(
            own(info),
            kinds=kind_preferences,
            email_digest=email_digest,
            day=_day_change(time_zone, quiet_hours),
            etag=etag or "",
            request_id=request_id(idempotency_key),
        )
        return result(NotificationPreferences(message=changed))

    mute_conversation = mutation(acts.MUTE_CONVERSATION)
    unmute_conversation = mutation(acts.UNMUTE_CONVERSATION)
    watch = mutation(acts.WATCH)
    unwatch = mutation(acts.UNWATCH)


def _day_change(time_zone: str | None, quiet_hours: QuietHoursInput | None) -> DayChange:
    return DayChange(
        time_zone=time_zone,
        quiet_hours=QuietHours(quiet_hours.start_hour, quiet_hours.end_hour)
        if quiet_hours
        else None,
        sets_quiet_hours=quiet_hours is not strawberry.UNSET,
    )
