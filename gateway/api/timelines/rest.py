"""Timelines, and where reading stopped."""

from typing import Literal

from roost.timeline.v1 import timeline_pb2
from roost.timeline.v1.timeline_service_pb2 import (
    GetReadMarkerRequest,
    RebuildHomeTimelineRequest,
    SetReadMarkerRequest,
)

from gateway.api.requests import HomeQuery, MarkerChange, PageQuery
from gateway.api.timelines import queries as reading
from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.pages import id_in_body, page_of, timeline_page
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views.shapes import ReadMarker, Rebuilt, TimelinePage

timelines = Routes("Timelines", "What the people one follows write, and what everybody does.")

_ORDER: dict[Literal["latest", "relevant"], timeline_pb2.HomeOrder] = {
    "latest": timeline_pb2.HOME_ORDER_LATEST,
    "relevant": timeline_pb2.HOME_ORDER_RELEVANT,
}


@timelines.get("/timelines/home")
async def get_home_timeline(context: RequestContext[HomeQuery, NoBody]) -> Response[TimelinePage]:
    """Read one's home timeline.

    One's own posts, those of the people one follows, and what they repost, without muted people.
    """
    return timeline_page(
        context,
        await reading.home(
            context.backends,
            viewer_id=context.viewer_id,
            order=_ORDER[context.query.order],
            **page_of(context),
        ),
    )


@timelines.get("/timelines/public", access=ANYONE)
async def get_public_timeline(context: RequestContext[PageQuery, NoBody]) -> Response[TimelinePage]:
    """Read the public timeline.

    Public posts of everybody that answer nobody, newest first, without muted people.
    """
    return timeline_page(context, await reading.public(context.backends, **page_of(context)))


@timelines.get("/timelines/home/marker")
async def get_read_marker(context: RequestContext[NoQuery, NoBody]) -> Response[ReadMarker]:
    """Read where one stopped reading the home timeline."""
    response = await context.backends.timelines.GetReadMarker(GetReadMarkerRequest())
    return Response(presentation.marker(response.marker))


@timelines.change("PUT", "/timelines/home/marker")
async def set_read_marker(context: RequestContext[NoQuery, MarkerChange]) -> Response[ReadMarker]:
    """Note where one stopped reading the home timeline.

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
    """Build one's home timeline anew.

    Nobody needs this: a home that is missing is built when it is read. At most every 10 seconds.
    """
    response = await context.backends.timelines.RebuildHomeTimeline(RebuildHomeTimelineRequest())
    return Response(Rebuilt(entry_count=response.entry_count))
