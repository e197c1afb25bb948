"""How connections of `graphql-transport-ws` are closed: its own codes, where it has some.

Its clients take codes of 4400 and up as final, and connect again after any other.
"""

from collections.abc import Mapping

from gateway.protocols.stream.close_codes import Closing
from services.chassis.runtime.errors import RoostError

_CODES: Mapping[str, int] = {
    "FRAME_INVALID": 4400,
    "TOKEN_MISSING": 4401,
    "STREAM_TICKET_INVALID": 4403,
    "SESSION_REVOKED": 4403,
}

# Of an id in a reason: a close frame holds 123 in all (RFC 6455, 5.5).
_MOST_BYTES = 64

UNAUTHORIZED = Closing(4401, "Unauthorized")
INIT_TOO_LATE = Closing(4408, "Connection initialisation timeout")
TOO_MANY_INITS = Closing(4429, "Too many initialisation requests")


def taken(subscription_id: str) -> Closing:
    """The id stands for a subscription that has not ended."""
    shown = subscription_id.encode()[:_MOST_BYTES].decode(errors="ignore")
    return Closing(4409, f"Subscriber for {shown} already exists")


def closing_of(error: RoostError) -> Closing:
    """The close frame for an error."""
    return translated(Closing.of(error))


def translated(closing: Closing) -> Closing:
    """What the stream closes with, in this protocol's codes."""
    code = _CODES.get(closing.problem.reason) if closing.problem is not None else None
    return closing if code is None else Closing(code, closing.reason)
