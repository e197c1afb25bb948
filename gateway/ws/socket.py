"""One connection: listens to its client, and sends what the hub has for it, in order.

Nothing waits for a client. What is to be sent stands in a queue with an end; whoever lets it fill
up is told so and closed. A connection that has nothing to send has one task, which listens.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from roost.notification.v1.event_service_pb2 import PostActivity, ReadEventsRequest
from roost.notification.v1.notification_pb2 import UserEvent

from gateway import problems
from gateway.rest.bodies import BodyReader
from gateway.rest.dispatch import Receive, Send
from gateway.rest.v1 import present
from gateway.ws import frames
from gateway.ws.closing import Closing, FrameInvalid, HeartbeatMissed, ReaderTooSlow, TooManyFrames
from gateway.ws.hub import Hub
from gateway.ws.metrics import StreamMetrics
from gateway.ws.presenting import MOST_EVENTS, Presenter, topic_of
from gateway.ws.subscriptions import Subscriptions
from gateway.ws.viewer import Viewer
from services.chassis.clock import Clock
from services.chassis.errors import RoostError
from services.chassis.logs import logger
from services.chassis.tokens.revocations import SessionRevoked

if TYPE_CHECKING:
    from roost.notification.v1.event_service_pb2_grpc import EventServiceAsyncStub

# What may wait for one client. Events wait as they are in the log, some hundred bytes each, and are
# made into frames as many at a time as one call brings the objects for: so the count bounds bytes,
# too (about 100 KiB waiting, and as much as 40 frames, 64 KiB in the transport).
MAX_QUEUED = 500
# How long one batch of frames may take to get through to the client, in seconds.
SEND_SECONDS = 30.0
# A client that was told to go gets this long to take the last frames.
_CLOSE_SECONDS = 3.0
# Silence after which a client is gone: two heartbeats unanswered, and half of one on the way.
SILENCE = 2.5 * frames.HEARTBEAT_SECONDS
# Of ReadEvents, while catching up.
_PAGE = 200
# Between readings that found nothing new.
_AGAIN_SECONDS = 0.01
# Client frames: so many at once, and so many a second for long.
_BURST, _RATE = 100.0, 20.0

# A union of structs is read as a struct is.
_reader = BodyReader(cast(type[Struct], frames.ClientFrame))


class Socket:
    """A connection that was accepted; `run` lives as long as it does."""

    def __init__(
        self,
        *,
        connection_id: str,
        viewer: Viewer,
        receive: Receive,
        send: Send,
        hub: Hub,
        presenter: Presenter,
        events: "EventServiceAsyncStub",
        metrics: StreamMetrics,
        clock: Clock,
    ) -> None:
        self.user_id = viewer.user_id
        self.session_id = viewer.session_id
        self._id = connection_id
        self._viewer = viewer
        self._receive = receive
        self._asgi_send = send
        self._hub = hub
        self._presenter = presenter
        self._events = events
        self._metrics = metrics
        self._clock = clock
        self._subscriptions = Subscriptions(
            self, viewer=viewer, hub=hub, presenter=presenter, clock=clock
        )
        self._outbox: deque[UserEvent | frames.ServerFrame] = deque()
        # Up to here everything was queued, or is of no topic that was asked for.
        self._queued = 0
        # Up to here it was sent.
        self._sent = 0
        # The hub delivers events. Before the first subscription, and until a resumption has come
        # to the end of the log, it does not.
        self._live = False
        self._behind = False
        self._sending: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[Any] | None = None
        self._heard = self._spoke = clock.monotonic()
        self._allowance = _BURST

    async def run(self) -> None:
        """Lives until either side closes the connection."""
        self._listening = asyncio.current_task()
        self._metrics.sockets.inc()
        try:
            self._queued = self._sent = await self._hub.join(self)
            self._put(frames.Hello(self._id, frames.HEARTBEAT_SECONDS, last_sequence=self._queued))
            while (message := await self._receive())["type"] == "websocket.receive":
                await self._hear(message)
        except RoostError as error:
            self.close(Closing.of(error))
        except asyncio.CancelledError:
            # Our own last resort against a client that takes nothing more; or the process ends.
            if self._ending is None:
                raise
        finally:
            self._metrics.sockets.dec()
            self._hub.leave(self)
            self._subscriptions.end()
            if self._sending is not None:
                self._sending.cancel()
            if self._ending is not None:
                await asyncio.wait({self._ending})

    # --- what the hub says ---

    def deliver(self, event: UserEvent) -> None:
        """The person's next event. While catching up it is read from the log instead."""
        if not self._live or event.sequence <= self._queued:
            return
        self._queued = event.sequence
        if topic_of(event) in self._subscriptions.topics:
            self._put(event)

    def skip_to(self, first_sequence: int) -> None:
        """Events before this one cannot be had."""
        if not self._live:
            return  # reading the log will tell
        self._queued = first_sequence - 1
        self._metrics.gaps.inc()
        self._put(frames.Gap(first_sequence))

    def note(self, activity: PostActivity) -> None:
        """Something happened around a post that is watched."""
        self._subscriptions.note(activity)
        self.wake()

    def end_session(self) -> None:
        """The session has ended."""
        self.close(Closing.of(SessionRevoked()))

    def tick(self, now: float) -> None:
        """Called about every second: heartbeats, and what was put off."""
        if now - self._heard > SILENCE:
            self.close(Closing.of(HeartbeatMissed()))
        elif now - self._spoke >= frames.HEARTBEAT_SECONDS:
            self._spoke = now
            idle = not self._outbox and self._sending is None
            self._put(frames.Heartbeat(self._queued if idle else self._sent))
        elif self._subscriptions.due(now):
            self.wake()

    def close(self, closing: Closing) -> None:
        """Says why, and closes. What was not sent yet is dropped: a client resumes after it."""
        if self._ending is not None:
            return
        self._live = False
        self._outbox.clear()
        if self._sending is not None:
            self._sending.cancel()
        self._ending = asyncio.create_task(self._end(closing))

    # --- what the client says ---

    async def _hear(self, message: Any) -> None:
        now = self._clock.monotonic()
        self._allowance = min(_BURST, self._allowance + (now - self._heard) * _RATE) - 1
        self._heard = now
        if self._allowance < 0:
            raise TooManyFrames
        match _read(message):
            case frames.Subscribe(topics=topics):
                await self._subscribe(topics)
            case frames.Unsubscribe(topics=topics):
                self._put(self._subscriptions.remove(topics))
            case frames.Resume(after_sequence=sequence):
                if self._live or self._behind:
                    raise FrameInvalid("Send resume before the first subscribe.")
                self._queued = self._sent = sequence
            case frames.Ack(sequence=sequence):
                self._metrics.unhandled.observe(max(0, self._sent - sequence))
            case frames.Ping():
                self._put(frames.Pong())
            case _:
                pass  # a pong: that it came is all it says

    async def _subscribe(self, topics: Sequence[str]) -> None:
        for frame in await self._subscriptions.add(topics):
            self._put(frame)
        if self._subscriptions.topics and not (self._live or self._behind):
            self._behind = True
            self.wake()

    # --- what is sent ---

    def _put(self, item: UserEvent | frames.ServerFrame) -> None:
        if self._ending is not None:
            return
        if len(self._outbox) >= MAX_QUEUED:
            self._metrics.slow.inc()
            self.close(Closing.of(ReaderTooSlow()))
            return
        self._outbox.append(item)
        self.wake()

    def wake(self) -> None:
        """Sees to it that what there is to send is sent."""
        if self._sending is None and self._ending is None:
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while True:
                if self._outbox:
                    most = min(MOST_EVENTS, len(self._outbox))
                    await self._send([self._outbox.popleft() for _ in range(most)], live=True)
                elif self._behind:
                    await self._catch_up()
                elif self._subscriptions.due(self._clock.monotonic()):
                    await self._send(await self._subscriptions.news())
                else:
                    return
        except TimeoutError:
            self._metrics.slow.inc()
            self.close(Closing.of(ReaderTooSlow()))
        except RoostError as error:
            self.close(Closing.of(error))
        except OSError:
            pass  # the client is gone, which whoever listens to it learns, too
        except Exception as error:
            logger().error("stream_failed", connection=self._id, exc_info=error)
            self.close(Closing.of(problems.known(error)))
        finally:
            self._sending = None

    async def _catch_up(self) -> None:
        """Sends a page of what the log holds after `_queued`; at its end the hub takes over.

        Nothing waits between looking where the hub is and being live: no event falls between.
        """
        if self._queued == self._hub.last(self.user_id):
            self._behind, self._live = False, True
            return
        request = ReadEventsRequest(
            user_id=self.user_id, after_sequence=self._queued, page_size=_PAGE
        )
        page = await self._viewer.read(lambda: self._events.ReadEvents(request))
        if (page.limited and not page.home_only) or page.last_sequence < self._queued:
            # A client that is ahead of the log has seen another one: before a backup was put back.
            known = page.events if page.limited else ()
            first = known[0].sequence if known else page.last_sequence + 1
            self._queued = first - 1
            self._metrics.gaps.inc()
            await self._send([frames.Gap(first)])
        for start in range(0, len(page.events), MOST_EVENTS):
            chunk = page.events[start : start + MOST_EVENTS]
            self._queued = chunk[-1].sequence
            wanted = [each for each in chunk if topic_of(each) in self._subscriptions.topics]
            await self._send(wanted)
        if self._queued >= self._hub.last(self.user_id):
            self._behind, self._live = False, True
        elif not page.events:
            # The hub was told of an event after the page was read.
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _send(
        self, items: Sequence[UserEvent | frames.ServerFrame], *, live: bool = False
    ) -> None:
        """Sends frames, and events as frames, in their order."""
        events = [each for each in items if isinstance(each, UserEvent)]
        changes = iter(
            await self._viewer.read(lambda: self._presenter.changes(events, self.user_id))
            if events
            else ()
        )
        async with asyncio.timeout(SEND_SECONDS):
            for item in items:
                if not isinstance(item, UserEvent):
                    await self._send_frame(item)
                    continue
                change = next(changes)
                if item.HasField("arrivals_missed"):
                    self._metrics.gaps.inc()
                    await self._send_frame(frames.Gap(item.sequence, ["home"]))
                elif change is not None:
                    at = present.time(item.event_time)
                    topic = topic_of(item)
                    await self._send_frame(frames.Event(item.sequence, topic, at, change))
                    if live:
                        logged = item.event_time.seconds + item.event_time.nanos / 1e9
                        delay = self._clock.now().timestamp() - logged
                        self._metrics.delay.observe(delay)
                self._sent = item.sequence

    async def _send_frame(self, frame: frames.ServerFrame) -> None:
        self._spoke = self._clock.monotonic()
        await self._asgi_send({"type": "websocket.send", "text": frames.encode(frame)})
        self._metrics.frame(frame)

    async def _end(self, closing: Closing) -> None:
        self._metrics.closed.labels(str(closing.code)).inc()
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                if closing.problem is not None:
                    await self._send_frame(frames.Error(closing.problem))
                await self._asgi_send(
                    {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
                )
                return
        if self._listening is not None:
            self._listening.cancel()


def _read(message: Any) -> frames.ClientFrame:
    text = message.get("text")
    if text is None:
        raise FrameInvalid("Send frames as text.")
    try:
        return cast(frames.ClientFrame, _reader.read(text.encode()))
    except RoostError as error:
        raise FrameInvalid(error.message, violations=error.violations) from None
