"""Timelines, and where reading stopped."""

from typing import Literal

from roost.timeline.v1 import timeline_pb2
from roost.timeline.v1.timeline_service_pb2 import (
    GetReadMarkerRequest,
    RebuildHomeTimelineRequest,
    SetReadMarkerRequest,
)

from gateway.reading import timelines as reading
from gateway.rest.exchange import Answer, Call, NoBody, NoQuery
from gateway.rest.resources.lists import id_in_body, page_of, timeline_page
from gateway.rest.resources.requests import HomeQuery, MarkerChange, PageQuery
from gateway.rest.routes import ANYONE, Routes
from gateway.rest.v1 import present
from gateway.rest.v1.types import ReadMarker, Rebuilt, TimelinePage

timelines = Routes("Timelines", "What the people one follows write, and what everybody does.")

_ORDER: dict[Literal["latest", "relevant"], timeline_pb2.HomeOrder] = {
    "latest": timeline_pb2.HOME_ORDER_LATEST,
    "relevant": timeline_pb2.HOME_ORDER_RELEVANT,
}


@timelines.get("/timelines/home")
async def get_home_timeline(call: Call[HomeQuery, NoBody]) -> Answer[TimelinePage]:
    """Read one's home timeline.

    One's own posts, those of the people one follows, and what they repost, without muted people.
    """
    return timeline_page(
        call,
        await reading.home(
            call.backends,
            viewer_id=call.viewer_id,
            order=_ORDER[call.query.order],
            **page_of(call),
        ),
    )


@timelines.get("/timelines/public", access=ANYONE)
async def get_public_timeline(call: Call[PageQuery, NoBody]) -> Answer[TimelinePage]:
    """Read the public timeline.

    Public posts of everybody that answer nobody, newest first, without muted people.
    """
    return timeline_page(call, await reading.public(call.backends, **page_of(call)))


@timelines.get("/timelines/home/marker")
async def get_read_marker(call: Call[NoQuery, NoBody]) -> Answer[ReadMarker]:
    """Read where one stopped reading the home timeline."""
    response = await call.backends.timelines.GetReadMarker(GetReadMarkerRequest())
    return Answer(present.marker(response.marker))


@timelines.change("PUT", "/timelines/home/marker")
async def set_read_marker(call: Call[NoQuery, MarkerChange]) -> Answer[ReadMarker]:
    """Note where one stopped reading the home timeline.

    The marker only moves forward: an older item than the marker's changes nothing. It stops at the
    newest item.
    """
    response = await call.backends.timelines.SetReadMarker(
        SetReadMarkerRequest(
            last_read_entry_id=id_in_body("last_read_id", call.body.last_read_id),
            request_id=call.request_id,
        )
    )
    return Answer(present.marker(response.marker))


@timelines.change("POST", "/timelines/home/rebuild", keyed=False, reasons=("REBUILD_TOO_SOON",))
async def rebuild_home_timeline(call: Call[NoQuery, NoBody]) -> Answer[Rebuilt]:
    """Build one's home timeline anew.

    Nobody needs this: a home that is missing is built when it is read. At most every 10 seconds.
    """
    response = await call.backends.timelines.RebuildHomeTimeline(RebuildHomeTimelineRequest())
    return Answer(Rebuilt(entry_count=response.entry_count))
