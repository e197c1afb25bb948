"""Timelines, and where reading stopped."""

from typing import Annotated

import strawberry
from roost.timeline.v1.timeline_service_pb2 import (
    GetReadMarkerRequest,
    RebuildHomeTimelineRequest,
    SetReadMarkerRequest,
)
from strawberry.types import Info

from gateway.api.posts.types import (
    PLACE,
)
from gateway.api.timelines import queries
from gateway.api.timelines.types import (
    HomeOrder,
    ReadMarker,
    Rebuilt,
    TimelineItem,
    items_on,
    marker,
)
from gateway.api.users.types import User
from gateway.protocols.graphql.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    list_field,
    place,
)
from gateway.protocols.graphql.context import Context, backends_of, own
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
class TimelineQueries:
    """Fields of Query about timelines."""

    @resolved(
        "The caller's own posts, those of the users whom the caller follows, what they repost, and "
        "public posts with hashtags that the caller follows, without muted users.",
        cost=20,
    )
    async def home_timeline(
        self,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        order: Annotated[
            HomeOrder, strawberry.argument(description="How it is ordered.")
        ] = HomeOrder.LATEST,
    ) -> Connection[TimelineItem]:
        wanted = place(first, after)
        context: Context = info.context
        page = await queries.home(
            context.backends,
            viewer_id=context.signed_in_user(),
            order=order.value,
            **wanted._asdict(),
        )
        return connection(page, items_on, wanted)

    public_timeline = list_field(
        "Public posts of everybody that answer nobody, newest first, without muted users.",
        TimelineItem,
        queries.public,
        items_on,
        cost=20,
    )

    @resolved("The caller's read marker of the home timeline.")
    async def home_marker(self, info: Info) -> ReadMarker:
        response = await own(info).timelines.GetReadMarker(GetReadMarkerRequest())
        return marker(PLACE, response.marker.last_read_entry_id, response.marker)


@strawberry.type
class TimelineMutations:
    """Fields of Mutation about timelines."""

    @change(
        "Move the caller's read marker of the home timeline. The marker only moves forward, and "
        "stops at the newest entry."
    )
    async def set_home_marker(
        self,
        info: Info,
        last_read_id: Annotated[
            strawberry.ID, strawberry.argument(description="The id of a place on a timeline.")
        ],
        idempotency_key: Key = None,
    ) -> Outcome[ReadMarker]:
        response = await own(info).timelines.SetReadMarker(
            SetReadMarkerRequest(
                last_read_entry_id=number_of(PLACE, last_read_id, "last_read_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(marker(PLACE, response.marker.last_read_entry_id, response.marker))

    @change(
        "Rebuild the caller's home timeline. Nobody needs this: a home that is missing "
        "is built when "
        "it is read. At most every 10 seconds."
    )
    async def rebuild_home_timeline(self, info: Info) -> Outcome[Rebuilt]:
        response = await own(info).timelines.RebuildHomeTimeline(RebuildHomeTimelineRequest())
        return result(Rebuilt(entry_count=response.entry_count))


async def _posts_of(
    self: User,
    info: Info,
    first: First = DEFAULT_FIRST,
    after: After = None,
    *,
    include_replies: Annotated[
        bool, strawberry.argument(description="Whether answers to others are among them.")
    ] = False,
    only_media: Annotated[
        bool,
        strawberry.argument(
            description="Only their own posts with media: with replies, without reposts."
        ),
    ] = False,
) -> Connection[TimelineItem]:
    wanted = place(first, after)
    page = await queries.by_user(
        backends_of(info),
        user_id=self.number(),
        include_replies=include_replies,
        only_media=only_media,
        **wanted._asdict(),
    )
    return connection(page, items_on, wanted)


# Fields of a user.
USER_FIELDS = {"posts": resolved("Their posts and reposts, newest first.")(_posts_of)}
