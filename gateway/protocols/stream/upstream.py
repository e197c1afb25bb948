"""The one stream of events that a gateway process reads for all of its clients."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING

from roost.notification.v1.event_service_pb2 import AttachRequest, AttachResponse

from gateway.protocols.stream.metrics import StreamMetrics
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger

if TYPE_CHECKING:
    from roost.notification.v1.event_service_pb2_grpc import EventServiceAsyncStub

# Pauses in seconds: short enough to find a restarted service, long enough for one that is down.
_PAUSE_SECONDS = (0.05, 2.0)


class Upstream:
    """`EventService.Attach`, opened again for as long as the process lives.

    After each opening `attached_requests` gives what has to be attached; `ask` adds to that. Steps
    of the server go to `on_response`, which must not wait.
    """

    def __init__(
        self,
        events: "EventServiceAsyncStub",
        *,
        attached_requests: Callable[[], Iterable[AttachRequest]],
        on_response: Callable[[AttachResponse], None],
        metrics: StreamMetrics,
    ) -> None:
        self._events = events
        self._attached_requests = attached_requests
        self._on_response = on_response
        self._metrics = metrics
        # Of the open stream; None ends its requests.
        self._asked: asyncio.Queue[AttachRequest | None] | None = None
        self._wanted = asyncio.Event()

    def ask(self, request: AttachRequest) -> None:
        """Sends a step. While no stream is open, `attached_requests` covers it."""
        self._wanted.set()
        if self._asked is not None:
            self._asked.put_nowait(request)

    async def run(self) -> None:
        """Reads until it is cancelled, from the first connection on."""
        await self._wanted.wait()
        backoff = Backoff(*_PAUSE_SECONDS)
        while True:
            error: RoostError | None = None
            received = False
            try:
                async for response in self._events.Attach(self._requests()):
                    received = True
                    self._on_response(response)
            except RoostError as failure:
                error = failure
            finally:
                self._end_requests()
            if received:
                backoff.reset()
            if not backoff.failures:  # once for each outage
                logger().warning("upstream_disconnected", error=repr(error))
            await backoff.wait()

    async def _requests(self) -> AsyncIterator[AttachRequest]:
        """The requests of a stream that opens now: first what is attached, then new ones."""
        asked: asyncio.Queue[AttachRequest | None] = asyncio.Queue()
        for each in self._attached_requests():
            asked.put_nowait(each)
        self._asked = asked
        self._metrics.attached.inc()
        while (request := await asked.get()) is not None:
            yield request

    def _end_requests(self) -> None:
        """Ends the task of gRPC that waits for the next request of a stream."""
        if self._asked is not None:
            self._asked.put_nowait(None)
            self._asked = None
