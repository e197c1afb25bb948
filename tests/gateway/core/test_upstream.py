"""A stream of the gateway to a service, which opens again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from roost.notification.v1.event_service_pb2 import AttachRequest, AttachResponse, AttachUser

from gateway.core.upstream import Upstream
from services.chassis.runtime.errors import Unavailable
from tests.waiting import LIMIT, eventually

ATTACH = AttachRequest(attach=AttachUser(user_id=7))


class RestartingEvents:
    """Reads one request of each stream, answers it, and restarts."""

    def __init__(self) -> None:
        self.streams: list[AsyncIterator[AttachRequest]] = []

    async def Attach(self, requests: AsyncIterator[AttachRequest]) -> AsyncIterator[AttachResponse]:
        self.streams.append(requests)
        assert await anext(requests) == ATTACH
        yield AttachResponse()
        raise Unavailable


async def test_the_requests_of_a_stream_end_with_it() -> None:
    events = RestartingEvents()
    upstream = Upstream(
        events.Attach,
        name="events",
        first_requests=lambda: [ATTACH],
        on_response=lambda _: None,
    )
    upstream.ask(ATTACH)
    running = asyncio.create_task(upstream.run())
    try:
        await eventually(lambda: len(events.streams) >= 2)
        # What reads the requests, a task of gRPC, ends too.
        async with asyncio.timeout(LIMIT):
            left = [request async for request in events.streams[0]]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert left == []
