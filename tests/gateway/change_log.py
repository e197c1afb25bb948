"""A service with a change log that a test writes: it keeps what InvalidationService promises, and
no more."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from roost.post.v1 import invalidation_service_pb2 as post
from roost.post.v1 import invalidation_service_pb2_grpc as post_grpc
from roost.timeline.v1 import invalidation_service_pb2 as timeline
from roost.timeline.v1 import invalidation_service_pb2_grpc as timeline_grpc

from gateway.core.kept.watch import Watched
from services.chassis.auth import access_policy
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.errors import Unavailable

_CONTRACTS: dict[str, tuple[Any, Any]] = {
    "post": (post, post_grpc),
    "timeline": (timeline, timeline_grpc),
}


class ChangeLog:
    """What changed in a service, and the streams that read it."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._messages, self._grpc = _CONTRACTS[service]
        self._log: list[int] = []
        self._streams: list[_Stream] = []
        # Streams that were opened, and checks that arrived, so far.
        self.opened = 0
        self.checks = 0
        # Refuses new streams.
        self.away = False
        self._held = False
        self._moved = asyncio.Event()

    def append(self, *dependencies: int) -> None:
        """These change. Checks that arrive from now on are answered with them."""
        self._log.extend(dependencies)

    def hold(self) -> None:
        """Answers no check until `release`."""
        self._held = True

    def release(self) -> None:
        """Answers all checks, with what had changed when they arrived."""
        self._held = False
        self._notify()

    def reset(self) -> None:
        """Changes may be missing in the next response of each stream."""
        for stream in self._streams:
            stream.reset = True

    def cut(self) -> None:
        """Ends all streams."""
        for stream in self._streams:
            stream.cut = True
        self._notify()

    @property
    def unanswered(self) -> int:
        """Checks that arrived and were not answered."""
        return sum(len(stream.asked) for stream in self._streams)

    def watched(self) -> Watched:
        """The service, as it is called without a server."""
        return Watched(self._service, self.watch, self._messages.WatchRequest)

    def mount(self) -> MountedServicer:
        """The service in a server."""
        servicer = self._grpc.InvalidationServiceServicer

        @access_policy.service("gateway")
        async def watch(_: object, requests: Any, __: object) -> AsyncIterator[Any]:
            async for response in self.watch(requests):
                yield response

        return MountedServicer(
            self._grpc.add_InvalidationServiceServicer_to_server,
            type("FakeInvalidationService", (servicer,), {"Watch": watch})(),
        )

    async def watch(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """One stream."""
        if self.away:
            raise Unavailable
        self.opened += 1
        stream = _Stream(len(self._log))
        self._streams.append(stream)
        reading = asyncio.create_task(self._read(stream, requests))
        try:
            while True:
                await self._until(lambda: stream.cut or (bool(stream.asked) and not self._held))
                if stream.cut:
                    raise Unavailable
                check, end = stream.asked.popleft()
                changed = self._log[stream.position : end]
                reset, stream.reset, stream.position = stream.reset, False, end
                yield self._messages.WatchResponse(
                    check=check, changed=() if reset else changed, reset=reset
                )
        finally:
            self._streams.remove(stream)
            reading.cancel()

    async def _read(self, stream: "_Stream", requests: AsyncIterator[Any]) -> None:
        async for request in requests:
            self.checks += 1
            stream.asked.append((request.check, len(self._log)))
            self._notify()

    def _notify(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._moved.wait()


class _Stream:
    def __init__(self, position: int) -> None:
        self.position = position
        # Checks, each with the end of the log when it arrived.
        self.asked: deque[tuple[int, int]] = deque()
        self.reset = True
        self.cut = False
