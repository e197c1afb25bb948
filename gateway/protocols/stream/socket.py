"""One connection of the stream: sends its client events of the hub, in order."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from msgspec import Struct
from roost.notification.v1.event_service_pb2 import HashtagActivity, PostActivity
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.core.bodies import BodyReader
from gateway.protocols.stream import frames
from gateway.protocols.stream.backlog import AGAIN_SECONDS, MOST_EVENTS, topic_of
from gateway.protocols.stream.close_codes import Closing, FrameInvalid
from gateway.protocols.stream.connection import SEND_SECONDS, Connection
from gateway.protocols.stream.hub import Hub
from gateway.protocols.stream.presenter import EventPresenter
from gateway.protocols.stream.topics import Subscriptions
from gateway.protocols.stream.viewer import Viewer
from gateway.views import times
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError

# A union of structs is read as a struct is.
_reader = BodyReader(cast(type[Struct], frames.ClientFrame))


class Socket(Connection[frames.ServerFrame]):
    """A connection of the stream's own protocol."""

    def __init__(
        self,
        *,
        presenter: EventPresenter,
        viewer: Viewer,
        hub: Hub,
        clock: Clock,
        **connection: Any,
    ) -> None:
        super().__init__(viewer=viewer, hub=hub, clock=clock, **connection)
        self._presenter = presenter
        self._subscriptions = Subscriptions(
            self, viewer=viewer, hub=hub, presenter=presenter, clock=clock
        )
        # Up to here everything was queued, or is of no topic that was asked for.
        self._queued = 0
        # Up to here it was sent.
        self._sent = 0
        # The hub delivers events. Before the first subscription, and until a resumption has come
        # to the end of the log, it does not.
        self._live = False
        self._behind = False

    async def _begin(self) -> None:
        self._queued = self._sent = await self._hub.join(self)
        self._put(frames.Hello(self._id, frames.HEARTBEAT_SECONDS, last_sequence=self._queued))

    def _leave(self) -> None:
        self._subscriptions.end()

    def _forget(self) -> None:
        # A client resumes after what it got.
        self._live = False
        super()._forget()

    def _closing_of(self, error: RoostError) -> Closing:
        return Closing.of(error)

    # --- calls of the hub ---

    def deliver(self, event: UserEvent) -> None:
        """The user's next event. While catching up it is read from the log instead."""
        if not self._live or event.sequence <= self._queued:
            return
        self._queued = event.sequence
        if topic_of(event) in self._subscriptions.topics:
            self._put(event)

    def skip_to(self, first_sequence: int) -> None:
        """Events before this one cannot be had."""
        if not self._live:
            return  # reading the log finds the gap
        self._queued = first_sequence - 1
        self._metrics.gaps.inc()
        self._put(frames.Gap(first_sequence))

    def on_activity(self, activity: PostActivity) -> None:
        """Something happened around a post that is watched."""
        self._subscriptions.on_activity(activity)
        self.wake()

    def on_hashtag_activity(self, activity: HashtagActivity) -> None:
        """Somebody wrote a post with a hashtag that is watched."""
        self._subscriptions.on_hashtag_activity(activity)
        self.wake()

    def _beat(self) -> None:
        idle = not self._outbox and self._sending is None
        self._put(frames.Heartbeat(self._queued if idle else self._sent))

    def _due(self, now: float) -> bool:
        return self._subscriptions.due(now)

    # --- what the client says ---

    async def _handle_message(self, message: Any) -> None:
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

    async def _send_next(self) -> bool:
        if self._outbox:
            most = min(MOST_EVENTS, len(self._outbox))
            await self._send([self._outbox.popleft() for _ in range(most)], live=True)
        elif self._behind:
            await self._catch_up()
        elif self._subscriptions.due(self._clock.monotonic()):
            await self._send(await self._subscriptions.news())
        else:
            return False
        return True

    async def _catch_up(self) -> None:
        """Sends a page of what the log holds after `_queued`; at its end the hub takes over.

        Nothing waits between looking where the hub is and being live: no event falls between.
        """
        if self._queued == self._hub.last(self.user_id):
            self._behind, self._live = False, True
            return
        page = await self._backlog.after(self._queued)
        if page.gap_before:
            self._queued = page.gap_before - 1
            self._metrics.gaps.inc()
            await self._send([frames.Gap(page.gap_before)])
        for start in range(0, len(page.events), MOST_EVENTS):
            chunk = page.events[start : start + MOST_EVENTS]
            self._queued = chunk[-1].sequence
            wanted = [each for each in chunk if topic_of(each) in self._subscriptions.topics]
            await self._send(wanted)
        if self._queued >= self._hub.last(self.user_id):
            self._behind, self._live = False, True
        elif not page.events:
            # The hub got an event after the page was read.
            await asyncio.sleep(AGAIN_SECONDS)

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
                    at = times.time(item.event_time)
                    topic = topic_of(item)
                    await self._send_frame(frames.Event(item.sequence, topic, at, change))
                    if live:
                        logged = item.event_time.seconds + item.event_time.nanos / 1e9
                        delay = self._clock.now().timestamp() - logged
                        self._metrics.delay.observe(delay)
                self._sent = item.sequence

    async def _send_frame(self, frame: frames.ServerFrame) -> None:
        await self._send_text(frames.encode(frame))
        self._metrics.frame(frame)

    async def _close_message(self, closing: Closing) -> None:
        if closing.problem is not None:
            await self._send_frame(frames.Error(closing.problem))


def _read(message: Any) -> frames.ClientFrame:
    text = message.get("text")
    if text is None:
        raise FrameInvalid("Send frames as text.")
    try:
        return cast(frames.ClientFrame, _reader.read(text.encode(errors="surrogatepass")))
    except RoostError as error:
        raise FrameInvalid(error.message, violations=error.violations) from None
