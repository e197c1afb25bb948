"""A stream to a service that a process has for all of its clients."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Generic, TypeVar

from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger

Q = TypeVar("Q")
R = TypeVar("R")

# Pauses in seconds: short enough to find a restarted service, long enough for one that is down.
_PAUSE_SECONDS = (0.05, 2.0)


class Upstream(Generic[Q, R]):
    """A bidirectional stream, opened when it is first wanted, and again for as long as the process
    lives.

    After each opening `first_requests` gives what has to be sent; `ask` adds to that. Responses go
    to `on_response`, and the end of each stream to `on_end`; neither may wait.
    """

    def __init__(
        self,
        call: Callable[[AsyncIterator[Q]], AsyncIterable[R]],
        *,
        name: str,
        first_requests: Callable[[], Iterable[Q]],
        on_response: Callable[[R], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._call = call
        self._name = name
        self._first_requests = first_requests
        self._on_response = on_response
        self._on_end = on_end
        # Of the open stream; None ends its requests.
        self._asked: asyncio.Queue[Q | None] | None = None
        self._limit: asyncio.Timeout | None = None
        self._wanted = asyncio.Event()

    def want(self) -> None:
        """Lets the stream be opened."""
        self._wanted.set()

    def ask(self, request: Q) -> None:
        """Sends a request. While no stream is open, `first_requests` covers it."""
        self.want()
        if self._asked is not None:
            self._asked.put_nowait(request)

    def end(self) -> None:
        """Ends the open stream, because the service does not answer; another is opened."""
        if self._limit is not None:
            self._limit.reschedule(0)

    async def run(self) -> None:
        """Reads until it is cancelled, once the stream is wanted."""
        await self._wanted.wait()
        backoff = Backoff(*_PAUSE_SECONDS)
        while True:
            error: Exception | None = None
            received = False
            try:
                async with asyncio.timeout(None) as self._limit:
                    async for response in self._call(self._requests()):
                        received = True
                        self._on_response(response)
            except (RoostError, TimeoutError) as failure:
                error = failure
            finally:
                self._limit = None
                self._end_requests()
                self._on_end()
            if received:
                backoff.reset()
            if not backoff.failures:  # once for each outage
                logger().warning("upstream_disconnected", upstream=self._name, error=repr(error))
            await backoff.wait()

    async def _requests(self) -> AsyncIterator[Q]:
        """The requests of a stream that opens now: the first ones, then what is asked."""
        asked: asyncio.Queue[Q | None] = asyncio.Queue()
        for each in self._first_requests():
            asked.put_nowait(each)
        self._asked = asked
        while (request := await asked.get()) is not None:
            yield request

    def _end_requests(self) -> None:
        """Ends the task of gRPC that waits for the next request of a stream."""
        if self._asked is not None:
            self._asked.put_nowait(None)
            self._asked = None
