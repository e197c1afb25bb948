"""EventService over gRPC: streams of many users' events, and reading a log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import groupby

import grpc.aio
from google.protobuf.message import Message
from roost.notification.v1.event_service_pb2 import (
    AttachRequest,
    AttachResponse,
    ReadEventsRequest,
    ReadEventsResponse,
)
from roost.notification.v1.event_service_pb2_grpc import EventServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.runtime.clock import Clock
from services.eventlog.domain.bounded_queue import BoundedQueue
from services.eventlog.domain.errors import NotYourLog, ReaderTooSlow
from services.eventlog.domain.live import LiveDelivery
from services.eventlog.domain.store import LogStore
from services.eventlog.rpc import convert

Context = grpc.aio.ServicerContext[Message, Message]

# Items of one message: about 50 kB.
_ITEMS_AT_ONCE = 500
# Users that one statement attaches.
_ATTACHED_AT_ONCE = 500
# A client that reads nothing for this time while items wait is disconnected. The log has what it
# missed; the waiting items only use memory.
STALL_SECONDS = 10.0

_PAGE = 100


class EventServicer(EventServiceServicer):
    """See protos/roost/notification/v1/event_service.proto for what each RPC promises."""

    def __init__(
        self,
        *,
        store: LogStore,
        live: LiveDelivery,
        clock: Clock,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._stall_seconds = stall_seconds

    @access_policy.service("gateway")
    async def Attach(  # type: ignore[override]  # it writes by itself, to limit the time of a write
        self, requests: AsyncIterator[AttachRequest], context: Context
    ) -> None:
        queue = self._live.open()
        following = asyncio.create_task(self._follow(requests, queue))
        try:
            while items := await queue.take(_ITEMS_AT_ONCE):
                for message in convert.items_to_proto(items):
                    await self._write(context, message)
        finally:
            following.cancel()
            await asyncio.wait({following})
            self._live.close(queue)

    @access_policy.user_or_service("gateway")
    async def ReadEvents(self, request: ReadEventsRequest, context: Context) -> ReadEventsResponse:
        user_id, after = request.user_id, request.after_sequence
        if caller.viewer_id() not in (None, user_id):
            raise NotYourLog
        heads = await self._store.attach_users(
            [user_id], self._clock.now(), missed=convert.ARRIVALS_MISSED
        )
        head = heads[user_id]
        gone = not head.first - 1 <= after <= head.last
        entries = await self._store.events(
            {user_id: head.first - 1 if gone else after}, limit=request.page_size or _PAGE
        )
        missed = any(entry.content == convert.ARRIVALS_MISSED for entry in entries)
        return ReadEventsResponse(
            events=map(convert.event_to_proto, entries),
            last_sequence=max([head.last, *(entry.sequence for entry in entries)]),
            limited=gone or missed,
            home_only=missed and not gone,
        )

    async def _write(self, context: Context, message: AttachResponse) -> None:
        try:
            async with asyncio.timeout(self._stall_seconds):
                await context.write(message)
        except TimeoutError:
            raise ReaderTooSlow from None

    async def _follow(self, requests: AsyncIterator[AttachRequest], queue: BoundedQueue) -> None:
        """Executes the client's requests. Ends the stream after the last one, or on a failure."""
        try:
            async for batch in _batched(requests):
                await self._execute(queue, batch)
        except Exception as failure:
            queue.end(failure)
        else:
            queue.end()

    async def _execute(self, queue: BoundedQueue, batch: Sequence[AttachRequest]) -> None:
        """Executes requests in order; neighbouring ones that attach users in one statement."""
        for attaches, run in groupby(batch, lambda request: request.HasField("attach")):
            if not attaches:
                for each in run:
                    self._execute_one(queue, each)
                continue
            after = [(each.attach.user_id, each.attach.after_sequence) for each in run]
            for start in range(0, len(after), _ATTACHED_AT_ONCE):
                part = after[start : start + _ATTACHED_AT_ONCE]
                await self._live.attach(queue, dict(part))

    def _execute_one(self, queue: BoundedQueue, request: AttachRequest) -> None:
        match request.WhichOneof("step"):
            case "detach":
                self._live.detach(queue, request.detach.user_id)
            case "attach_post":
                self._live.attach_post(queue, request.attach_post.post_id)
            case "detach_post":
                self._live.detach_post(queue, request.detach_post.post_id)
            case "attach_hashtag":
                self._live.attach_hashtag(queue, request.attach_hashtag.tag)
            case "detach_hashtag":
                self._live.detach_hashtag(queue, request.detach_hashtag.tag)


async def _batched(requests: AsyncIterator[AttachRequest]) -> AsyncIterator[list[AttachRequest]]:
    """The requests in order; those that arrive while others are executed, as one list."""
    queue: asyncio.Queue[AttachRequest | None] = asyncio.Queue()

    async def receive() -> None:
        try:
            async for request in requests:
                queue.put_nowait(request)
        finally:
            queue.put_nowait(None)

    receiving = asyncio.create_task(receive())
    try:
        last = False
        while not last:
            waiting = [await queue.get()]
            while not queue.empty():
                waiting.append(queue.get_nowait())
            last = waiting[-1] is None
            yield [request for request in waiting if request is not None]
        await receiving
    finally:
        receiving.cancel()
