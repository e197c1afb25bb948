"""Routes that wait or take a file: longer deadlines, and larger bodies that pass as they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.envoy.gateway import Answer, Gateway, Request
from tests.envoy.proxy import Proxy
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

MIB = 1024 * 1024
# Far beyond what any step takes, even on a machine that is busy with something else.
PATIENCE = 60.0


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65_536):
        yield bytes(65_536)


def posting(length: int) -> bytes:
    return b"POST /v2/media HTTP/1.1\r\nhost: roost\r\ncontent-length: %d\r\n\r\n" % length


@asynccontextmanager
async def connected(proxy: Proxy, sent: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection on which so much of a request was sent."""
    where = urlsplit(proxy.edge)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(sent)
    try:
        yield reader
    finally:
        writer.close()


async def test_a_file_of_eight_mebibytes_passes_where_files_are_taken(
    edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    fits = await edge.post("/v2/media", content=chunks(8 * MIB), timeout=PATIENCE)
    elsewhere = await edge.post("/v2/media/uploads", content=bytes(2 * MIB), timeout=PATIENCE)

    assert fits.status_code == 200
    assert elsewhere.status_code == 413
    (request,) = [each for gateway in gateways for each in gateway.seen("/v2/media")]
    assert len(request.body) == 8 * MIB


async def test_a_body_of_more_than_ten_mebibytes_is_refused_before_it_is_sent(
    proxy: Proxy,
) -> None:
    async with connected(proxy, posting(10 * MIB + 1)) as reader:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)

    assert head.startswith(b"HTTP/1.1 413 ")


async def test_the_head_of_a_file_reaches_the_gateway_before_its_end(
    proxy: Proxy, gateways: list[Gateway]
) -> None:
    """A gateway that refuses a client does so before the body has arrived."""
    begun = asyncio.Event()
    for gateway in gateways:
        gateway.on_head["/v2/media"] = begun.set
    try:
        async with connected(proxy, posting(8_000_000) + bytes(65_536)):
            await asyncio.wait_for(begun.wait(), PATIENCE)
    finally:
        for gateway in gateways:
            del gateway.on_head["/v2/media"]


async def test_a_route_that_waits_outlasts_the_deadline_of_reads(
    impatient_edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    released = asyncio.Event()

    def answer(_: Request) -> Answer:
        return Answer(b'{"waited": true}', after=released)

    for gateway in gateways:
        gateway.answers["/v2/media/7/wait"] = gateway.answers["/v2/media/7"] = answer
    try:
        waiting = asyncio.create_task(impatient_edge.get("/v2/media/7/wait", timeout=PATIENCE))
        await eventually(lambda: any(each.seen("/v2/media/7/wait") for each in gateways))
        read = await impatient_edge.get("/v2/media/7", timeout=PATIENCE)
        # The deadline of the read is over, and the other request has waited longer.
        released.set()
        waited = await waiting
    finally:
        released.set()
        for gateway in gateways:
            del gateway.answers["/v2/media/7/wait"], gateway.answers["/v2/media/7"]

    assert waited.json() == {"waited": True}
    assert (read.status_code, read.json()["reason"]) == (504, "DEADLINE_EXCEEDED")
