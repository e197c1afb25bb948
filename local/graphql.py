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


async def ask(edge: Edge, document: str, *, by: Account | None = None, **variables: Any) -> Json:
    """What an operation gives: its data. Raises Refused for its first error, or a change's."""
    body = {"query": document, "variables": variables}
    answer = await edge.call("POST", "/graphql", by=by, body=body)
    for error in answer.get("errors", ()):
        told = error["extensions"] | {"detail": error["message"]}
        raise Refused("POST /graphql", told["status"], told)
    for outcome in answer["data"].values():
        if isinstance(outcome, dict) and outcome.get("error"):
            raise Refused("POST /graphql", outcome["error"].get("status", 0), outcome["error"])
    return cast(Json, answer["data"])


class Subscribed:
    """One subscription of a connection of its own. Made by `subscribed`."""

    def __init__(self, connection: ClientConnection, came: Iterable[Json]) -> None:
        self._connection = connection
        # What came while it began.
        self._came = deque(came)

    async def next(self, *, seconds: float | None = None) -> Json:
        """The data of the next event. Raises TimeoutError, or Refused where it ends."""
        async with asyncio.timeout(seconds):
            while True:
                message = self._came.popleft() if self._came else await self._receive()
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
    """A subscription, which has begun when the block is entered."""
    ticket = (await ask(edge, _TICKET, by=by))["issueStreamTicket"]["result"]["ticket"]
    address = edge.address.replace("http", "ws", 1) + "/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    async with connect(address, subprotocols=protocols, proxy=None) as connection:
        for message in (
            {"type": "connection_init", "payload": {"ticket": ticket}},
            {"type": "subscribe", "id": "1", "payload": _payload(document, variables)},
            {"type": "ping"},
        ):
            await connection.send(json.dumps(message))
        # Messages are taken in order: after the answer to the ping it has begun, or was refused.
        came = []
        while (message := json.loads(await connection.recv()))["type"] != "pong":
            _refuse(message)
            came.append(message)
        yield Subscribed(connection, came)


def _refuse(message: Json) -> None:
    """Raises Refused where the message ends the subscription."""
    if message["type"] == "error":
        told = message["payload"][0]["extensions"]
        raise Refused("subscribe", told["status"], told)


def _payload(document: str, variables: Json) -> Json:
    return {"query": document, "variables": variables}
