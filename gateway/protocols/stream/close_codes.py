"""How the server closes a connection: the code, the reason, and the problem that is sent before."""

import random
from dataclasses import dataclass

from gateway.core import problems
from gateway.core.problems import Problem
from gateway.protocols.stream import frames
from services.chassis.runtime.errors import (
    DeadlineExceeded,
    Invalid,
    RoostError,
    TooMany,
    Unauthenticated,
    Unavailable,
)

PATH = "/v1/stream"
# Clients of a process that stops come back within this many seconds, spread at random.
SPREAD_SECONDS = 10.0
_SERVICE_RESTART = 1012


class FrameInvalid(Invalid):
    """The client sent a frame that the protocol does not have."""

    reason = "FRAME_INVALID"
    message = "The frame is none that the protocol knows."


class StreamTicketInvalid(Unauthenticated):
    """No ticket was offered."""

    reason = "STREAM_TICKET_INVALID"
    message = "Offer the subprotocol roost.ticket. with a ticket of POST /v2/stream/tickets."


class HeartbeatMissed(Invalid):
    """Nothing came from the client, not even the answer to a ping."""

    reason = "REQUEST_TOO_SLOW"
    message = "Nothing came for too long; answer each ping with pong."


class ReaderTooSlow(TooMany):
    """The client reads more slowly than events come."""

    reason = "READER_TOO_SLOW"
    message = "Frames came faster than they were read; connect again and resume."


class TooManyFrames(TooMany):
    """The client sends too many frames."""

    reason = "RATE_LIMITED"
    message = "Too many frames; connect again later."


@dataclass(frozen=True, slots=True)
class Closing:
    """A close frame, and the problem to send before it."""

    code: int
    reason: str
    problem: Problem | None = None

    @classmethod
    def of(cls, error: RoostError) -> "Closing":
        """The close frame for an error."""
        retry_after = error.retry_after
        if retry_after is None and isinstance(error, Unavailable | DeadlineExceeded):
            retry_after = 1.0
        reason = frames.CloseReason(error.reason, retry_after)
        problem = problems.problem_of(error, instance=PATH)
        return cls(problems.close_code_of(error), frames.encode(reason), problem)

    @classmethod
    def restart(cls) -> "Closing":
        """The close frame of a process that stops; the client comes back to another one."""
        wait = round(random.uniform(0, SPREAD_SECONDS), 1)  # noqa: S311 - only to spread
        return cls(_SERVICE_RESTART, frames.encode(frames.CloseReason(retry_after=wait)))
