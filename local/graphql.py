"""A client of GraphQL at the edge: operations, and subscriptions over graphql-transport-ws."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from local.edge import Account, Edge, Json, Refused

_TICKET = "mutation { issueStreamTicket { result { ticket } error { reason detail } } }"


async def execute(
    edge: Edge, document: str, *, by: Account | None = None, **variables: Any
) -> Json:
    """Return the data of an operation. Raises Refused for the first error in it."""
    body = {"query": document, "variables": variables}
    answer = await edge.call("POST", "/graphql", by=by, body=body)
    for error in answer.get("errors", ()):
        problem = error["extensions"] | {"detail": error["message"]}
        raise Refused("POST /graphql", problem["status"], problem)
    for outcome in answer["data"].values():
        if isinstance(outcome, dict) and outcome.get("error"):
            raise Refused("POST /graphql", outcome["error"].get("status", 0), outcome["error"])
    return cast(Json, answer["data"])


class Subscribed:
    """One subscription on its own connection. Made by `subscribed`."""

    def __init__(self, connection: ClientConnection, received: Iterable[Json]) -> None:
        self._connection = connection
        # Messages that arrived during the start.
        self._received = deque(received)

    async def next(self, *, seconds: float | None = None) -> Json:
        """Return the data of the next event. Raises TimeoutError, or Refused if the stream ends."""
        async with asyncio.timeout(seconds):
            while True:
                message = self._received.popleft() if self._received else await self._receive()
                if message["type"] == "next":
                    return cast(Json, message["payload"]["data"])
                if message["type"] == "ping":
                    await self._connection.send('{"type":"pong"}')
                _refuse(message)

    async def _receive(self) -> Json:
        return cast(Json, json.loads(await self._connection.recv()))


@asynccontextmanager
async def subscribed(
    edge: Edge, by: Account, document: str, **variables: Any
) -> AsyncIterator[Subscribed]:
    """Open a subscription; it is active when the block is entered."""
    ticket = (await execute(edge, _TICKET, by=by))["issueStreamTicket"]["result"]["ticket"]
    address = edge.address.replace("http", "ws", 1) + "/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    async with connect(address, subprotocols=protocols, proxy=None) as connection:
        for message in (
            {"type": "connection_init", "payload": {"ticket": ticket}},
            {"type": "subscribe", "id": "1", "payload": _payload(document, variables)},
            {"type": "ping"},
        ):
            await connection.send(json.dumps(message))
        # Messages are handled in order: at the answer to the ping it is active or refused.
        received = []
        while (message := json.loads(await connection.recv()))["type"] != "pong":
            _refuse(message)
            received.append(message)
        yield Subscribed(connection, received)


def _refuse(message: Json) -> None:
    """Raise Refused if the message ends the subscription."""
    if message["type"] == "error":
        problem = message["payload"][0]["extensions"]
        raise Refused("subscribe", problem["status"], problem)


def _payload(document: str, variables: Json) -> Json:
    return {"query": document, "variables": variables}
