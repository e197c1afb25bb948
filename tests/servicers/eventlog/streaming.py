"""A client of EventService.Attach that stores what it receives, as a gateway does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from roost.notification.v1.event_service_pb2 import (
    AttachPost,
    AttachRequest,
    AttachResponse,
    AttachUser,
    DetachPost,
    DetachUser,
)
from roost.notification.v1.event_service_pb2_grpc import EventServiceStub
from roost.notification.v1.notification_pb2 import UserEvent

from services.chassis.auth.caller import Caller, ServiceCaller
from services.chassis.runtime.errors import RoostError
from tests.servicers.grpc_server import Served
from tests.waiting import eventually

GATEWAY = ServiceCaller("gateway")


class Stream:
    """One stream. It is read immediately unless `reading` is cleared."""

    def __init__(self, served: Served, caller: Caller) -> None:
        stub: Any = served.stub(EventServiceStub, caller=caller)
        self._asked: asyncio.Queue[AttachRequest | None] = asyncio.Queue()
        self._responses = stub.Attach(self._requests())
        self.reading = asyncio.Event()
        self.reading.set()
        self.steps: list[AttachResponse] = []
        self.failure: RoostError | None = None
        self.ended = False
        self._task = asyncio.create_task(self._read())

    def send(self, **step: Any) -> None:
        self._asked.put_nowait(AttachRequest(**step))

    def attach(self, user_id: int, after: int = -1) -> None:
        self.send(attach=AttachUser(user_id=user_id, after_sequence=after))

    def detach(self, user_id: int) -> None:
        self.send(detach=DetachUser(user_id=user_id))

    def attach_post(self, post_id: int) -> None:
        self.send(attach_post=AttachPost(post_id=post_id))

    def detach_post(self, post_id: int) -> None:
        self.send(detach_post=DetachPost(post_id=post_id))

    def finish(self) -> None:
        """Sends no more requests."""
        self._asked.put_nowait(None)

    def everything(self) -> list[UserEvent]:
        found: list[UserEvent] = []
        for step in self.steps:
            match step.WhichOneof("step"):
                case "event":
                    found.append(step.event)
                case "events":
                    found += step.events.events
        return found

    def events(self, user_id: int) -> list[UserEvent]:
        return [event for event in self.everything() if event.user_id == user_id]

    def sequences(self, user_id: int) -> list[int]:
        return [event.sequence for event in self.events(user_id)]

    def of(self, kind: str) -> list[Any]:
        """The steps of one kind: attached, gap or activity."""
        return [getattr(step, kind) for step in self.steps if step.WhichOneof("step") == kind]

    async def attached(self, *user_ids: int) -> None:
        """Waits until these users are attached."""

        def all_there() -> bool:
            return set(user_ids) <= {each.user_id for each in self.of("attached")}

        await self.until(all_there)

    async def has(self, user_id: int, sequences: list[int]) -> None:
        """Waits for exactly these sequences, in that order."""
        with suppress(TimeoutError):  # the assertion shows more
            await self.until(lambda: len(self.sequences(user_id)) >= len(sequences))
        assert self.sequences(user_id) == sequences

    async def until(self, condition: Any) -> None:
        await eventually(lambda: self.ended or condition())
        assert condition(), f"the stream ended: {self.failure!r}"

    async def over(self) -> RoostError | None:
        """Waits for the end of the stream; returns its failure."""
        await eventually(lambda: self.ended)
        return self.failure

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _requests(self) -> AsyncIterator[AttachRequest]:
        while (request := await self._asked.get()) is not None:
            yield request

    async def _read(self) -> None:
        try:
            await self.reading.wait()
            async for step in self._responses:
                self.steps.append(step)
                await self.reading.wait()
        except RoostError as failure:
            self.failure = failure
        finally:
            self.ended = True


@asynccontextmanager
async def streaming(served: Served, *, caller: Caller = GATEWAY) -> AsyncIterator[Stream]:
    """A stream for the duration of the block."""
    stream = Stream(served, caller)
    try:
        yield stream
    finally:
        await stream.close()
