"""The deadline of the running call: a context variable that everything it awaits can read.

The RPC pipeline sets it to when the caller stops waiting. SQL, Redis and outgoing RPCs take the
remaining time as their limit. Event-driven work sets its own by `within`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from services.chassis.runtime.errors import DeadlineExceeded

# The moment (time.monotonic) at which the caller stops waiting; None without a deadline.
_expires: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining() -> float | None:
    """Seconds left, never negative; None where there is no deadline."""
    expires = _expires.get()
    return None if expires is None else max(0.0, expires - time.monotonic())


def budget(default: float, *, margin: float = 0.0) -> float:
    """The seconds that one outgoing call may take: its own default, or what is left if less.

    `margin` is reserved for the work after the call. Raises DeadlineExceeded when nothing is left,
    so that no call is made whose response would come too late.
    """
    expires = _expires.get()
    if expires is None:
        return default
    left = expires - time.monotonic() - margin
    if left <= 0.0:
        raise DeadlineExceeded
    return min(left, default)


def begin(seconds: float) -> None:
    """Sets the deadline of the running task, for as long as the task lives."""
    _expires.set(time.monotonic() + seconds)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limits the block to this time. It shortens a deadline that is already set, never extends it.

    It does not interrupt the block: the calls inside end by their `budget`.
    """
    expires = time.monotonic() + seconds
    outer = _expires.get()
    token = _expires.set(expires if outer is None else min(outer, expires))
    try:
        yield
    finally:
        _expires.reset(token)


@contextmanager
def none() -> Iterator[None]:
    """Runs the block without a deadline: for work that outlives the call which started it."""
    token = _expires.set(None)
    try:
        yield
    finally:
        _expires.reset(token)
