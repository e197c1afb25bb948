"""A small HTTP server whose answers a test defines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

Respond = Callable[[bytes], Iterable[bytes]]


def answer(status: int, body: bytes) -> bytes:
    """Return a whole answer."""
    return b"HTTP/1.1 %d Said\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


@asynccontextmanager
async def serving(respond: Respond, *, stall: float = 0.0) -> AsyncIterator[int]:
    """The port of a server that sends the chunks of `respond(request)`, none within `stall`
    seconds from its start."""
    loop = asyncio.get_running_loop()
    opens = loop.time() + stall
    transports: list[asyncio.Transport] = []

    class Served(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.Transport", transport)
            transports.append(self.transport)

        def data_received(self, data: bytes) -> None:
            for place, chunk in enumerate(respond(data)):
                # Separate writes, so that the chunks arrive separately.
                moment = max(opens, loop.time()) + place * 0.002
                loop.call_at(moment, self.transport.write, chunk)

    server = await loop.create_server(Served, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in transports:
            transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)
