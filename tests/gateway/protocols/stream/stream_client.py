"""Clients of the stream, and a gateway that serves it over real sockets."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.app import Gateway
from gateway.process import WEBSOCKETS

PATIENCE = 60.0  # only a fault takes so long, on however busy a machine
NARROW_BYTES = 16_384
Json = dict[str, Any]


@asynccontextmanager
async def listening(gateway: Gateway) -> AsyncIterator[str]:
    """The gateway's address while it serves as its process does."""
    bound = socket.create_server(("127.0.0.1", 0))
    # What the kernel keeps for a client that does not read is little, and the same everywhere.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW_BYTES)
    config = uvicorn.Config(gateway, lifespan="off", log_config=None, **WEBSOCKETS)
    server = uvicorn.Server(config)
    # Signals are the test runner's.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield f"127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await serving


class StreamClient:
    """One connection, frame by frame."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> Json:
        async with asyncio.timeout(PATIENCE):
            found: Json = json.loads(await self.connection.recv())
            return found

    async def subscribe(self, *topics: str) -> Json:
        await self.send("subscribe", topics=list(topics))
        return await self.next()

    async def events(self, count: int) -> list[Json]:
        """The next so many frames, which are all events."""
        found = [await self.next() for _ in range(count)]
        assert {each["type"] for each in found} == {"event"}, found
        return found

    async def silent(self) -> bool:
        """Whether nothing waits before the answer to a ping."""
        await self.send("ping")
        return await self.next() == {"type": "pong"}

    async def closed(self) -> tuple[int, Json, list[Json]]:
        """The close code, its reason, and the frames before it."""
        frames: list[Json] = []
        while True:
            try:
                frames.append(await self.next())
            except ConnectionClosed:
                reason = json.loads(self.connection.close_reason or "{}")
                return self.connection.close_code or 0, reason, frames


@asynccontextmanager
async def opened(address: str, ticket: str = "good", **options: Any) -> AsyncIterator[StreamClient]:
    """A connection with this ticket."""
    offered = ["roost.v1", f"roost.ticket.{ticket}"]
    async with connect(
        f"ws://{address}/v1/stream",
        subprotocols=offered,
        proxy=None,
        open_timeout=PATIENCE,
        **options,  # type: ignore[arg-type]
    ) as connection:
        yield StreamClient(connection)


@asynccontextmanager
async def narrow(address: str, ticket: str = "good") -> AsyncIterator[StreamClient]:
    """A connection that holds few frames between the server and a client that does not read."""
    host, _, port = address.rpartition(":")
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, (host, int(port)))
    async with opened(address, ticket, sock=own, max_queue=1, close_timeout=1) as client:
        yield client
