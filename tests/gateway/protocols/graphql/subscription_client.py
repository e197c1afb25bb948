"""A client of `graphql-transport-ws`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.gateway.protocols.stream.stream_client import PATIENCE

Json = dict[str, Any]

HOME = "subscription { homeArrivals { post { text author { handle } } repostedBy { handle } } }"
NOTIFICATIONS = """
subscription { notifications { notification { kind count } replacesId withdrawnId } }
"""
POST = """
subscription Watch($id: ID!) {
  postActivity(id: $id) { post { text counts { likes } } replies { text } }
}
"""
HASHTAG = "subscription($tag: String!) { hashtagActivity(tag: $tag) { posts { text } } }"


class SubscriptionClient:
    """One connection, message by message."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> Json:
        async with asyncio.timeout(PATIENCE):
            found: Json = json.loads(await self.connection.recv())
            return found

    async def init(self, ticket: str = "good") -> None:
        await self.send("connection_init", payload={"ticket": ticket})
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, key: str, query: str, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.send("subscribe", id=key, payload=payload)

    async def heard(self) -> None:
        """Everything that was sent before has been taken."""
        await self.send("ping")
        assert await self.next() == {"type": "pong"}

    async def data(self, key: str) -> Json:
        """The data of the next message, which is a result of this subscription."""
        message = await self.next()
        assert (message["type"], message["id"]) == ("next", key), message
        assert "errors" not in message["payload"], message
        found: Json = message["payload"]["data"]
        return found

    async def refusal(self, key: str) -> Json:
        """The extensions of the error that ends this subscription."""
        message = await self.next()
        assert (message["type"], message["id"]) == ("error", key), message
        found: Json = message["payload"][0]["extensions"]
        return found

    async def closed(self) -> int:
        while True:
            try:
                await self.next()
            except ConnectionClosed:
                return self.connection.close_code or 0


@asynccontextmanager
async def connected(
    address: str, *, subprotocol: str = "graphql-transport-ws", **options: Any
) -> AsyncIterator[SubscriptionClient]:
    """A connection that has not said anything."""
    async with connect(
        f"ws://{address}/graphql",
        subprotocols=[subprotocol],  # type: ignore[list-item]
        proxy=None,
        open_timeout=PATIENCE,
        **options,
    ) as connection:
        yield SubscriptionClient(connection)


@asynccontextmanager
async def let_in(address: str, ticket: str = "good", **o: Any) -> AsyncIterator[SubscriptionClient]:
    """A connection that was let in."""
    async with connected(address, **o) as client:
        await client.init(ticket)
        yield client
