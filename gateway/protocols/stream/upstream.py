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

# Between tries, in seconds: a restarted service is found soon, a dead one is not run down.
_PAUSE_SECONDS = (0.05, 2.0)


class Upstream:
    """`EventService.Attach`, opened again and again for as long as the process lives.

    After each opening `standing` says what has to be attached; `ask` adds to that. Steps of the
    server go to `take`, which must not wait.
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
        self._asked: asyncio.Queue[AttachRequest] | None = None
        self._wanted = asyncio.Event()

    def ask(self, request: AttachRequest) -> None:
        """Sends a step. While no stream is open it need not: `standing` covers it then."""
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
                self._asked = None
            if received:
                backoff.reset()
            if not backoff.failures:  # once for each outage
                logger().warning("upstream_cut", error=repr(error))
            await backoff.wait()

    async def _requests(self) -> AsyncIterator[AttachRequest]:
        """What to send on a stream that opens now: what stands, then what comes."""
        asked: asyncio.Queue[AttachRequest] = asyncio.Queue()
        for request in self._attached_requests():
            asked.put_nowait(request)
        self._asked = asked
        self._metrics.attached.inc()
        while True:
            yield await asked.get()
