"""A client of the stream, for commands and tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from local.edge import Account, Edge, Json

LISTS = ("home", "notifications", "account")
ANSWER_SECONDS = 10.0


class Stream:
    """One open connection. Made by `opened`; ends with websockets' ConnectionClosed."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        # The last event that was handled; `resume_after` of the next connection.
        self.sequence = 0
        # The heartbeat interval in seconds; `hello` sets it.
        self.silence = 10.0

    async def send(self, kind: str, **fields: object) -> None:
        """Send a frame."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self, *, seconds: float | None = None) -> Json:
        """Return the next frame; pings are answered and skipped.

        Raises TimeoutError, also if no frame arrives for two heartbeats.
        """
        async with asyncio.timeout(seconds):
            while True:
                async with asyncio.timeout(self.silence):
                    frame = cast(Json, json.loads(await self.connection.recv()))
                if frame["type"] == "gap":
                    # Also backwards, if the log was restored from a backup.
                    self.sequence = frame["first_sequence"] - 1
                # A ping has the sequence of events on other topics, too.
                self.sequence = max(self.sequence, frame.get("sequence", 0))
                if frame["type"] != "ping":
                    return frame
                await self.send("pong")

    async def until(self, kind: str) -> Json:
        """Skip frames until one of the kind arrives, and return it.

        If the server refuses the request, it sends the reason and closes.
        """
        while (frame := await self.next(seconds=ANSWER_SECONDS))["type"] != kind:
            pass
        return frame


@asynccontextmanager
async def opened(
    edge: Edge, by: Account, topics: Sequence[str] = LISTS, *, resume_after: int | None = None
) -> AsyncIterator[Stream]:
    """Open a connection that is subscribed to the topics, from now on or after a sequence."""
    ticket = (await edge.call("POST", "/v2/stream/tickets", by=by))["ticket"]
    address = edge.address.replace("http", "ws", 1) + "/v1/stream"
    offered = [Subprotocol("roost.v1"), Subprotocol(f"roost.ticket.{ticket}")]
    # Frames may be as large as a page of REST; a local stack has no proxy.
    async with connect(address, subprotocols=offered, proxy=None, ping_interval=None) as connection:
        stream = Stream(connection)
        hello = await stream.until("hello")
        stream.silence = 2 * hello["heartbeat_seconds"]
        stream.sequence = hello["last_sequence"] if resume_after is None else resume_after
        if resume_after is not None:
            await stream.send("resume", after_sequence=resume_after)
        await stream.send("subscribe", topics=list(topics))
        await stream.until("subscribed")
        yield stream
