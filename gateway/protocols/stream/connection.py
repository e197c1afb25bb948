"""One connection of either protocol: reads from its client, sends in order, and ends in time.

Nothing waits for a client: one that reads too slowly gets a reason and is closed. One that
has nothing to send has one task, which listens.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import deque
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from roost.notification.v1.event_service_pb2 import HashtagActivity, PostActivity
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.core import problems
from gateway.core.asgi import Receive, Send
from gateway.protocols.stream import frames
from gateway.protocols.stream.backlog import Backlog
from gateway.protocols.stream.close_codes import (
    Closing,
    HeartbeatMissed,
    ReaderTooSlow,
    TooManyFrames,
)
from gateway.protocols.stream.hub import Hub
from gateway.protocols.stream.metrics import StreamMetrics
from gateway.protocols.stream.viewer import Viewer
from services.chassis.auth.tokens.revocations import SessionRevoked
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger

# What may wait for one client. Events wait as they are in the log, some hundred bytes each, and are
# made into frames as many at a time as one call brings the objects for: so the count bounds bytes,
# too (about 100 KiB waiting, and as much as 40 frames, 64 KiB in the transport).
MAX_QUEUED = 500
# How long one batch of frames may take to get through to the client, in seconds.
SEND_SECONDS = 30.0
# How long a client that is being closed gets to read the last frames.
_CLOSE_SECONDS = 3.0
# Silence after which a client is gone: two heartbeats unanswered, and half of one on the way.
SILENCE = 2.5 * frames.HEARTBEAT_SECONDS
# Client frames: so many at once, and so many a second for long.
_BURST, _RATE = 100.0, 20.0


# The server's messages of a protocol.
M = TypeVar("M")


class Connection(ABC, Generic[M]):
    """An accepted connection; `run` returns when it is closed."""

    def __init__(
        self,
        *,
        connection_id: str,
        viewer: Viewer,
        backlog: Backlog,
        receive: Receive,
        send: Send,
        hub: Hub,
        metrics: StreamMetrics,
        clock: Clock,
    ) -> None:
        self.user_id = viewer.user_id
        self.session_id = viewer.session_id
        self._id = connection_id
        self._viewer = viewer
        self._backlog = backlog
        self._receive = receive
        self._asgi_send = send
        self._hub = hub
        self._metrics = metrics
        self._clock = clock
        # Events wait as they are in the log, until their turn.
        self._outbox: deque[UserEvent | M] = deque()
        # That of the request that opened the connection. Tasks of the process call `deliver`.
        self._context = copy_context()
        self._sending: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[Any] | None = None
        self._last_received = self._spoke = self._pinged = clock.monotonic()
        self._quota = _BURST

    async def run(self) -> None:
        """Runs until either side closes the connection."""
        self._listening = asyncio.current_task()
        self._metrics.sockets.inc()
        try:
            await self._begin()
            while (message := await self._receive())["type"] == "websocket.receive":
                self._count()
                await self._handle_message(message)
        except RoostError as error:
            self.close(self._closing_of(error))
        except asyncio.CancelledError:
            # Cancelled: the client reads nothing any more, or the process ends.
            if self._ending is None:
                raise
        finally:
            self._metrics.sockets.dec()
            self._hub.leave(self)
            self._leave()
            if self._sending is not None:
                self._sending.cancel()
            if self._ending is not None:
                await asyncio.wait({self._ending})

    # --- what the protocol decides ---

    @abstractmethod
    async def _begin(self) -> None:
        """Joins the hub, and sends the first message."""

    @abstractmethod
    async def _handle_message(self, message: Any) -> None:
        """Takes a frame of the client. What is wrong with the connection is raised."""

    @abstractmethod
    async def _send_next(self) -> bool:
        """Sends what is next; False where there is nothing to send."""

    @abstractmethod
    def _beat(self) -> None:
        """Sends a heartbeat."""

    @abstractmethod
    def _due(self, now: float) -> bool:
        """Whether something was put off until now."""

    @abstractmethod
    def _leave(self) -> None:
        """Ends the connection's subscriptions."""

    @abstractmethod
    def _closing_of(self, error: RoostError) -> Closing:
        """How the error closes the connection."""

    @abstractmethod
    async def _close_message(self, closing: Closing) -> None:
        """Sends the reason, if the protocol has a message for it."""

    @abstractmethod
    def deliver(self, event: UserEvent) -> None:
        """The user's next event."""

    @abstractmethod
    def skip_to(self, first_sequence: int) -> None:
        """Events before this one cannot be had."""

    @abstractmethod
    def on_activity(self, activity: PostActivity) -> None:
        """Something happened around a post that is watched."""

    @abstractmethod
    def on_hashtag_activity(self, activity: HashtagActivity) -> None:
        """Somebody wrote a post with a hashtag that is watched."""

    # --- what both have in common ---

    def end_session(self) -> None:
        """The session has ended."""
        self.close(self._closing_of(SessionRevoked()))

    def on_tick(self, now: float) -> None:
        """Called about every second: heartbeats, and what was put off."""
        if now - self._last_received > SILENCE:
            self.close(self._closing_of(HeartbeatMissed()))
        # A client that only reads is silent while events come, so it is pinged.
        elif (
            now - min(self._spoke, max(self._last_received, self._pinged))
            >= frames.HEARTBEAT_SECONDS
        ):
            self._spoke = self._pinged = now
            self._beat()
        elif self._due(now):
            self.wake()

    def close(self, closing: Closing) -> None:
        """Sends the reason, and closes. What was not sent yet is dropped."""
        if self._ending is not None:
            return
        self._forget()
        if self._sending is not None:
            self._sending.cancel()
        self._ending = asyncio.create_task(self._end(closing))

    def wake(self) -> None:
        """Starts sending, if nothing is being sent."""
        if self._sending is None and self._ending is None:
            self._sending = asyncio.create_task(self._send_all(), context=self._context.copy())

    @property
    def ending(self) -> bool:
        """Whether nothing more is to be said."""
        return self._ending is not None

    def _forget(self) -> None:
        """Drops what was not sent yet."""
        self._outbox.clear()

    def _put(self, item: UserEvent | M) -> None:
        """Queues something to send; closes the connection if the queue is full."""
        if self.ending:
            return
        if len(self._outbox) >= MAX_QUEUED:
            self._overflow()
            return
        self._outbox.append(item)
        self.wake()

    def _overflow(self) -> None:
        """The queue of the client is full."""
        self._metrics.slow.inc()
        self.close(self._closing_of(ReaderTooSlow()))

    def _count(self) -> None:
        now = self._clock.monotonic()
        self._quota = min(_BURST, self._quota + (now - self._last_received) * _RATE) - 1
        self._last_received = now
        if self._quota < 0:
            raise TooManyFrames

    async def _send_all(self) -> None:
        try:
            while await self._send_next():
                pass
        except TimeoutError:
            self._overflow()
        except RoostError as error:
            self.close(self._closing_of(error))
        except OSError:
            pass  # the client is gone, which the reading side notices, too
        except Exception as error:
            logger().error("stream_failed", connection=self._id, exc_info=error)
            self.close(self._closing_of(problems.known(error)))
        finally:
            self._sending = None

    async def _send_text(self, text: str) -> None:
        self._spoke = self._clock.monotonic()
        await self._asgi_send({"type": "websocket.send", "text": text})

    async def _end(self, closing: Closing) -> None:
        self._metrics.closed.labels(str(closing.code)).inc()
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._close_message(closing)
                await self._asgi_send(
                    {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
                )
                return
        if self._listening is not None:
            self._listening.cancel()
