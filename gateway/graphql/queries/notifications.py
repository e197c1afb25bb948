"""What happened to oneself, and what one wishes to hear of."""

from typing import Annotated

import strawberry
from roost.notification.v1.notification_service_pb2 import (
    CountUnreadRequest,
    GetPreferencesRequest,
    GetReadMarkerRequest,
)
from strawberry.types import Info

from gateway.graphql.context import own
from gateway.graphql.fields import loaded
from gateway.graphql.types.connections import DEFAULT_FIRST, After, Connection, place
from gateway.graphql.types.notifications import (
    NOTIFICATION,
    Notification,
    NotificationKind,
    NotificationPreferences,
    told_on,
)
from gateway.graphql.types.timelines import ReadMarker, marker
from gateway.reading import notifications as reading


@strawberry.type
class NotificationQueries:
    """Of Query."""

    @loaded(
        "What happened to oneself, newest first. Likes and reposts are put together by post, "
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
        """As REST's."""
        wanted = place(first, after, most=reading.MAX_NOTIFICATIONS)
        page = await reading.told(
            own(info),
            kinds=[each.value for each in dict.fromkeys(kinds or ())],
            **wanted._asdict(),
        )
        return told_on(page, wanted)

    @loaded("How many notifications the read marker has not passed; 100 stands for 100 or more.")
    async def unread_notifications_count(self, info: Info) -> int:
        """As REST's."""
        return (await own(info).notifications.CountUnread(CountUnreadRequest())).count

    @loaded("Where one stopped reading notifications.")
    async def notifications_marker(self, info: Info) -> ReadMarker:
        """As REST's."""
        response = await own(info).notifications.GetReadMarker(GetReadMarkerRequest())
        return marker(NOTIFICATION, response.last_read_id, response)

    @loaded("What one wishes to hear of.")
    async def notification_preferences(self, info: Info) -> NotificationPreferences:
        """As REST's."""
        response = await own(info).notifications.GetPreferences(GetPreferencesRequest())
        return NotificationPreferences(message=response.preferences)
