"""Checks whether anything changed in a service, for all reads of the process at once."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from time import perf_counter
from typing import Any, NamedTuple

from prometheus_client import Histogram

from gateway.core.kept.changes import Changes
from gateway.core.upstream import Upstream

# How long reads wait for a check, in seconds, before they go to the services.
CHECK_SECONDS = 0.1
# A service that leaves a check unanswered for so many seconds more loses its stream.
HUNG_SECONDS = 5.0

_Waiting = list[asyncio.Future[bool]]


class Watched(NamedTuple):
    """A service with an `InvalidationService`. The messages are the same in each contract."""

    name: str
    # Watch of the service, and its request.
    call: Callable[[AsyncIterator[Any]], AsyncIterable[Any]]
    request: Callable[..., Any]


class Watch:
    """`InvalidationService.Watch` of one service: one stream for the process.

    What the service reports goes to `changes`. A stream that ends, and a `reset`, call `on_lost`:
    changes may have been missed. At most one check is under way. Those who ask meanwhile
    share the next one, since the one under way does not cover what changed after it was sent.
    """

    def __init__(
        self,
        watched: Watched,
        *,
        changes: Changes,
        on_lost: Callable[[], None],
        seconds: Histogram,
    ) -> None:
        self._request = watched.request
        self._changes = changes
        self._on_lost = on_lost
        self._seconds = seconds
        self._upstream: Upstream[Any, Any] = Upstream(
            watched.call,
            name=f"changes in {watched.name}",
            first_requests=self._first_requests,
            on_response=self._on_response,
            on_end=self._on_end,
        )
        # The last check that was sent, and when.
        self._number = 0
        self._sent = 0.0
        # Whether the open stream has answered its first check, and whether one is under way.
        self._open = False
        self._under_way = False
        self._late = False
        self._timer: asyncio.TimerHandle | None = None
        # Those who wait for the check under way, and for the next one.
        self._waiting: _Waiting = []
        self._next: _Waiting = []

    async def run(self) -> None:
        """Reads the stream until it is cancelled, from the first check on."""
        await self._upstream.run()

    def check(self) -> asyncio.Future[bool] | None:
        """Whether a check that is sent from now on is answered, once that is known.

        If so, all that changed before this call is in `changes`. None where the stream is not
        open, or the service is late already.
        """
        if not self._open or self._late:
            self._upstream.want()
            return None
        waiting = asyncio.get_running_loop().create_future()
        self._next.append(waiting)
        if not self._under_way:
            self._send_next()
        return waiting

    def _send_next(self) -> None:
        self._waiting, self._next = self._next, []
        self._upstream.ask(self._next_request())

    def _next_request(self) -> Any:
        self._number += 1
        self._sent = perf_counter()
        self._under_way = True
        self._set_timer(CHECK_SECONDS, self._on_late)
        return self._request(check=self._number)

    def _first_requests(self) -> list[Any]:
        return [self._next_request()]

    def _on_response(self, response: Any) -> None:
        if response.reset or not self._open:
            self._on_lost()
        elif response.changed:
            self._changes.add(response.changed)
        if response.check != self._number:
            # It proves nothing about the check under way.
            return
        self._seconds.observe(perf_counter() - self._sent)
        self._clear_timer()
        self._open, self._under_way, self._late = True, False, False
        self._waiting = _settle(self._waiting, answered=True)
        if self._next:
            self._send_next()

    def _on_late(self) -> None:
        """Lets all reads go to the services. The response still counts when it comes."""
        self._late = True
        self._fail_all()
        self._set_timer(HUNG_SECONDS, self._upstream.end)

    def _on_end(self) -> None:
        self._clear_timer()
        self._open = self._under_way = self._late = False
        self._fail_all()
        self._on_lost()

    def _fail_all(self) -> None:
        self._waiting = _settle(self._waiting, answered=False)
        self._next = _settle(self._next, answered=False)

    def _set_timer(self, seconds: float, act: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, act)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _settle(waiting: _Waiting, *, answered: bool) -> _Waiting:
    """Ends the waiting; returns the empty list that takes its place."""
    for each in waiting:
        # A read that was given up has cancelled its own.
        if not each.done():
            each.set_result(answered)
    return []
