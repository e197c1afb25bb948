"""Timelines, and where reading stopped."""

from typing import Any, Literal

from roost.timeline.v1 import timeline_pb2
from roost.timeline.v1.timeline_service_pb2 import (
    GetReadMarkerRequest,
    RebuildHomeTimelineRequest,
    SetReadMarkerRequest,
)

from gateway.api.posts.rest import posts
from gateway.api.timelines import queries
from gateway.api.timelines.requests import HomeQuery, MarkerChange, UserPostsQuery
from gateway.core.hydrate import Entry
from gateway.core.ids import id_in_body
from gateway.core.pipeline import Page
from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    PageKind,
    RequestContext,
    Response,
    place,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views.shapes import ReadMarker, Rebuilt, TimelineItem, TimelinePage


def _items_on(context: RequestContext[Any, Any], page: Page[Entry]) -> list[TimelineItem]:
    return context.presenter(page.hydrated).items(page.entries)


# Pages of a timeline: posts, and posts that somebody reposted.
TIMELINE = PageKind(TimelinePage, _items_on)
# The same, in items that may come from memory.
HOME: PageKind[TimelineItem] = PageKind(TimelinePage, lambda _, page: page.entries)

timelines = Routes("Timelines", "What followed users write, and public posts of everybody.")

_ORDER: dict[Literal["latest", "relevant"], timeline_pb2.HomeOrder] = {
    "latest": timeline_pb2.HOME_ORDER_LATEST,
    "relevant": timeline_pb2.HOME_ORDER_RELEVANT,
}


@timelines.get("/timelines/home", kept=True)
async def get_home_timeline(context: RequestContext[HomeQuery, NoBody]) -> Response[TimelinePage]:
    """Read the caller's home timeline.

    The caller's own posts, those of the users whom the caller follows, what they repost, and public
    posts with hashtags that the caller follows, without muted users.
    """
    return HOME.response(
        context,
        await queries.home_items(
            context.backends,
            viewer_id=context.viewer_id,
            order=_ORDER[context.query.order],
            parts=context.parts,
            present=lambda entries, found: context.presenter(found).items(entries),
            **place(context),
        ),
    )


timelines.list(
    "/timelines/public",
    name="get_public_timeline",
    about="""Read the public timeline.

    Public posts of everybody that answer nobody, newest first, without muted users.
    """,
    read=queries.public,
    kind=TIMELINE,
    access=ANYONE,
)


@timelines.get("/timelines/home/marker")
async def get_read_marker(context: RequestContext[NoQuery, NoBody]) -> Response[ReadMarker]:
    """Read the caller's read marker of the home timeline."""
    response = await context.backends.timelines.GetReadMarker(GetReadMarkerRequest())
    return Response(presentation.marker(response.marker))


@timelines.change("PUT", "/timelines/home/marker")
async def set_read_marker(context: RequestContext[NoQuery, MarkerChange]) -> Response[ReadMarker]:
    """Move the caller's read marker of the home timeline.

    The marker only moves forward: an older item than the marker's changes nothing. It stops at the
    newest item.
    """
    response = await context.backends.timelines.SetReadMarker(
        SetReadMarkerRequest(
            last_read_entry_id=id_in_body("last_read_id", context.body.last_read_id),
            request_id=context.request_id,
        )
    )
    return Response(presentation.marker(response.marker))


@timelines.change("POST", "/timelines/home/rebuild", keyed=False, reasons=("REBUILD_TOO_SOON",))
async def rebuild_home_timeline(context: RequestContext[NoQuery, NoBody]) -> Response[Rebuilt]:
    """Rebuild the caller's home timeline.

    Nobody needs this: a home that is missing is built when it is read. At most every 10 seconds.
    """
    response = await context.backends.timelines.RebuildHomeTimeline(RebuildHomeTimelineRequest())
    return Response(Rebuilt(entry_count=response.entry_count))


# A user's own timeline stands among the posts.
@posts.get("/users/{user_id}/posts", access=ANYONE, reasons=("USER_NOT_FOUND", "ACCOUNT_PROTECTED"))
async def list_user_posts(
    context: RequestContext[UserPostsQuery, NoBody],
) -> Response[TimelinePage]:
    """List a user's posts and reposts, newest first.

    With `only_media`, the user's own posts with media: replies are among them, reposts are not.
    """
    return TIMELINE.response(
        context,
        await queries.by_user(
            context.backends,
            user_id=context.path_id,
            include_replies=context.query.include_replies,
            only_media=context.query.only_media,
            **place(context),
        ),
    )
