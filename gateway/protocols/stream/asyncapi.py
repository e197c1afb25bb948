"""Writes the AsyncAPI 3 document of the stream from the types that parse and print its frames."""

from collections.abc import Iterable
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec

from gateway.core import problems
from gateway.core.field_rules import documented
from gateway.protocols.stream import frames
from gateway.protocols.stream.close_codes import PATH, SPREAD_SECONDS
from gateway.protocols.stream.hub import MAX_EACH
from gateway.protocols.stream.topics import MAX_WATCHED

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_CHANNEL = {"$ref": "#/channels/stream"}

_ABOUT = f"""\
Events as they happen: arrivals in the home timeline, notifications, changes of the caller's own \
and read markers, each once and in order, the activity of posts that the caller watches, and new \
posts with hashtags.

**Opening.** `POST /v2/stream/tickets` gives a ticket, good once for 30 seconds. Offer the \
subprotocols `{frames.SUBPROTOCOL}` and `roost.ticket.` with the ticket behind it; the server \
selects the first. Frames are JSON in text messages; posts, users and notifications in them look \
as in version 1 of the REST API.

**Beginning.** `hello` says where the log is. Send `subscribe`; events follow from there. To go on \
where an earlier connection stopped, send `resume` with the last sequence that was handled, then \
`subscribe`: everything after it comes, once and in order. What is gone is announced by \
`gap`: read lists and objects again, those of its topics if it names some, then apply what follows.

**Sequences** are one user's, the same on every device. A client sees those of its topics; \
`ping` says how far the log is altogether.

**Silence.** A `ping` comes at least every {frames.HEARTBEAT_SECONDS} seconds; answer by `pong`.

**Limits.** {MAX_EACH} connections a user for each server process, {MAX_WATCHED} watched posts \
and hashtags a connection. A client that reads more slowly than events come gets a reason and is \
closed.\
"""

# What each code means to a client; those of `problems.CLOSE_CODES` come with their reason.
_CODES: dict[int, str] = {
    1009: "A frame of more than 8 KiB was sent.",
    problems.CLOSE_INTERNAL: "Something went wrong on our side. Connect again and resume.",
    1012: "The server restarts. Connect again after `retry_after` seconds, "
    f"{SPREAD_SECONDS:.0f} at most, and resume.",
    problems.CLOSE_TRY_AGAIN: "Something this needs is away, or all places are taken. Connect "
    "again after `retry_after` seconds.",
    4000: "FRAME_INVALID: the client sent what the protocol does not know.",
    4001: "SESSION_REVOKED: the session has ended; sign in again.",
    4002: "STREAM_TICKET_INVALID: no ticket, or one that is used, too old, or of an ended session.",
    4003: "TOO_MANY_CONNECTIONS: close another one first.",
    4004: "RATE_LIMITED: more frames than anybody needs to send.",
    4008: "READER_TOO_SLOW: connect again and resume.",
    4009: "REQUEST_TOO_SLOW: nothing came for two and a half heartbeats.",
}


def document(*, public_url: str = "") -> Json:
    """The whole document: every frame of `frames`, and nothing else."""
    received, sent = _kinds(frames.ClientFrame), _kinds(frames.ServerFrame)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Roost stream",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(public_url),
        "channels": {
            "stream": {
                "address": PATH,
                "title": f"The stream, subprotocol {frames.SUBPROTOCOL}",
                "messages": {
                    kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}
                    for kind in dict.fromkeys([*received, *sent])
                },
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "headers": {
                            "type": "object",
                            "required": ["Sec-WebSocket-Protocol"],
                            "properties": {
                                "Sec-WebSocket-Protocol": {
                                    "type": "string",
                                    "examples": [f"{frames.SUBPROTOCOL}, roost.ticket.<ticket>"],
                                }
                            },
                        },
                        "bindingVersion": "0.1.0",
                    }
                },
            }
        },
        "operations": {
            "receiveFromClient": _operation("receive", "What clients send.", received),
            "sendToClient": _operation("send", "What the server sends.", sent),
        },
        "components": {
            "messages": {
                kind.__name__: {
                    "name": tag_of(kind),
                    "title": tag_of(kind),
                    "summary": _about(kind),
                    "payload": {"$ref": _REF.format(name=kind.__name__)},
                }
                for kind in dict.fromkeys([*received, *sent])
            },
            "schemas": _schemas([*received, *sent, frames.CloseReason]),
        },
        "x-close-codes": {str(code): meaning for code, meaning in sorted(_CODES.items())},
    }


def tag_of(kind: type[msgspec.Struct]) -> str:
    """The `type` of a frame."""
    return str(kind.__struct_config__.tag)


def _operation(action: str, summary: str, kinds: Iterable[type[msgspec.Struct]]) -> Json:
    return {
        "action": action,
        "channel": _CHANNEL,
        "summary": summary,
        "messages": [{"$ref": f"#/channels/stream/messages/{kind.__name__}"} for kind in kinds],
    }


def _servers(public_url: str) -> Json:
    if not public_url:
        return {}
    there = urlsplit(public_url)
    return {
        "public": {
            "host": there.netloc,
            "protocol": "wss" if there.scheme == "https" else "ws",
        }
    }


def _schemas(kinds: Iterable[type[msgspec.Struct]]) -> Json:
    _, components = msgspec.json.schema_components(list(dict.fromkeys(kinds)), ref_template=_REF)
    return dict(sorted(documented(components).items()))


def _kinds(union: Any) -> list[type[msgspec.Struct]]:
    return list(get_args(union))


def _about(kind: type[msgspec.Struct]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]
