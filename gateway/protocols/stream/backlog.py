"""Reads a user's log from a position on, for connections that are behind."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, get_args

from roost.notification.v1.event_service_pb2 import ReadEventsRequest
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.protocols.stream import frames
from gateway.protocols.stream.viewer import Viewer

if TYPE_CHECKING:
    from roost.notification.v1.event_service_pb2_grpc import EventServiceAsyncStub

_PAGE = 200
# Seconds between reads that found nothing new.
AGAIN_SECONDS = 0.01


# Topics whose read markers are events of the topic.
_MARKERS: dict[str, str] = {each: each for each in get_args(frames.MarkedList)}


class LogPage(NamedTuple):
    """A page of the log."""

    events: Sequence[UserEvent]
    # The first event that is still there after a gap; 0 without a gap.
    gap_before: int


class Backlog:
    """The log of one connection's user."""

    def __init__(self, *, events: "EventServiceAsyncStub", viewer: Viewer) -> None:
        self._events = events
        self._viewer = viewer

    async def after(self, sequence: int) -> LogPage:
        """The next events behind this one, oldest first; none at the end of the log."""
        request = ReadEventsRequest(
            user_id=self._viewer.user_id, after_sequence=sequence, page_size=_PAGE
        )
        page = await self._viewer.read(lambda: self._events.ReadEvents(request))
        if (page.limited and not page.home_only) or page.last_sequence < sequence:
            # A client that is ahead of the log saw a log before a backup was restored.
            known = page.events if page.limited else ()
            return LogPage(page.events, known[0].sequence if known else page.last_sequence + 1)
        return LogPage(page.events, 0)


# Events that are presented together: as many as one call brings the users of (200, five each).
MOST_EVENTS = 40


def topic_of(event: UserEvent) -> str:
    """The topic that an event belongs to."""
    match event.WhichOneof("kind"):
        case "home" | "arrivals_missed":
            return "home"
        case "notification":
            return "notifications"
        case "marker":
            return _MARKERS.get(event.marker.timeline, "account")
        case _:
            return "account"
