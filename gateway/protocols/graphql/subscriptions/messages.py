"""The messages of `graphql-transport-ws`, as its specification has them:
https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from typing import Any, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.core.bodies import BodyReader
from gateway.protocols.graphql.requests import Request
from gateway.protocols.stream.close_codes import FrameInvalid
from services.chassis.runtime.errors import RoostError

SUBPROTOCOL = "graphql-transport-ws"

Id = str


class Ticket(Struct, frozen=True):
    """What a client shows to be let in."""

    ticket: str = ""


class ConnectionInit(Struct, frozen=True, tag_field="type", tag="connection_init"):
    """The first message of every connection."""

    payload: Ticket | None = None


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    """Asks whether the other side is there."""

    payload: dict[str, Any] | UnsetType | None = UNSET


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to a ping."""

    payload: dict[str, Any] | UnsetType | None = UNSET


class Subscribe(Struct, frozen=True, tag_field="type", tag="subscribe"):
    """The client begins a subscription."""

    id: Id
    payload: Request


class Complete(Struct, frozen=True, tag_field="type", tag="complete"):
    """End one; from the server, it has ended."""

    id: Id


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


class ConnectionAck(Struct, frozen=True, tag_field="type", tag="connection_ack"):
    """The client is let in."""


class Next(Struct, frozen=True, tag_field="type", tag="next"):
    """The result of one event."""

    id: Id
    payload: dict[str, Any]


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    """One was refused, or has failed for good."""

    id: Id
    payload: list[dict[str, Any]]


ServerMessage = ConnectionAck | Ping | Pong | Next | Error | Complete

_encoder = msgspec.json.Encoder()


def encode(message: ServerMessage) -> str:
    """The text of a message."""
    return _encoder.encode(message).decode()


_reader = BodyReader(cast(type[Struct], ClientMessage))


def read(message: Any) -> ClientMessage:
    """A message of the client. Raises FrameInvalid."""
    text = message.get("text")
    if text is None:
        raise FrameInvalid("Send messages as text.")
    try:
        return cast(ClientMessage, _reader.read(text.encode(errors="surrogatepass")))
    except RoostError as error:
        raise FrameInvalid(error.message, violations=error.violations) from None
