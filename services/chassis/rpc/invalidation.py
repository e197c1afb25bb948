"""InvalidationService over gRPC, for every service that has a change log.

The services have a contract each, with messages of the same fields: `invalidation_service.proto` in
their packages says what Watch promises.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from time import perf_counter
from typing import Any

import grpc.aio
from google.protobuf.message import Message

from services.chassis.auth import access_policy
from services.chassis.cache.change_log import ChangeLog, Changes
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.histograms import DurationHistogram

Context = grpc.aio.ServicerContext[Any, Any]
# The checks of a stream, and in the end why it ends: None if the client has no more.
_Checks = asyncio.Queue[int | Exception | None]

# A client that reads no response for this time is disconnected. It begins with a reset again.
STALL_SECONDS = 10.0

_checks = DurationHistogram(
    "roost_change_log_check_seconds",
    "From the receipt of a check to its response",
    buckets=(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
)


class Stopping(Unavailable):
    """The process stops. Its streams end so that clients open them to another process."""

    message = "The service restarts; watch again."


class ReaderStalled(Unavailable):
    """A client sent checks and did not read their responses."""

    message = "The responses were not read; watch again."


class InvalidationServicer:
    """Answers checks from the change log, with messages of the class `response`."""

    def __init__(
        self,
        changes: ChangeLog,
        response: Callable[..., Message],
        *,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._changes = changes
        self._response = response
        self._stall_seconds = stall_seconds
        self._streams: set[_Checks] = set()
        self._stopping = False

    def stop(self) -> None:
        """Ends all streams with UNAVAILABLE, and begins no other."""
        self._stopping = True
        for checks in self._streams:
            checks.put_nowait(Stopping(retry_after=1.0))

    @access_policy.service("gateway")
    async def Watch(self, requests: AsyncIterator[Any], context: Context) -> None:
        """Each stream has its own position in the log. It begins with a reset."""
        if self._stopping:
            raise Stopping(retry_after=1.0)
        checks = _Checks()
        self._streams.add(checks)
        receiving = asyncio.create_task(_receive(requests, checks))
        position = None
        try:
            while True:
                waiting, end = await _next_of(checks)
                if waiting:
                    started = perf_counter()
                    # It begins after the last of them was received, so it serves all of them.
                    found = await self._changes.read_after(position)
                    position = found.position
                    await self._answer(waiting, found, context)
                    _checks.observe(perf_counter() - started)
                if isinstance(end, Exception):
                    raise end
                if end:
                    return
        finally:
            self._streams.discard(checks)
            receiving.cancel()
            await asyncio.wait({receiving})

    async def _answer(self, checks: Sequence[int], found: Changes, context: Context) -> None:
        """The first response has everything; the others have nothing more."""
        first, *others = checks
        changed = struct.unpack(f"<{len(found.ids) // 8}Q", found.ids)
        responses = [self._response(check=first, changed=changed, reset=found.reset)]
        responses += [self._response(check=each) for each in others]
        try:
            async with asyncio.timeout(self._stall_seconds):
                for response in responses:
                    await context.write(response)
        except TimeoutError:
            raise ReaderStalled from None


async def _receive(requests: AsyncIterator[Any], checks: _Checks) -> None:
    try:
        async for request in requests:
            checks.put_nowait(request.check)
    except Exception as failure:
        # An invalid request, or the client has gone.
        checks.put_nowait(failure)
    else:
        checks.put_nowait(None)


async def _next_of(checks: _Checks) -> tuple[list[int], Exception | bool]:
    """The checks that wait, at least one; or why there will be none: True after the last one."""
    waiting: list[int] = []
    each = await checks.get()
    while isinstance(each, int):
        waiting.append(each)
        if checks.empty():
            return waiting, False
        each = checks.get_nowait()
    return waiting, True if each is None else each
