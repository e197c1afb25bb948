"""How long the work at hand may still take, known to everything that it awaits.

The interceptor notes when the caller stops waiting; SQL, Redis and outgoing RPCs ask how much is
left. Event-driven work opens its own budget by `within`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from services.chassis.runtime.errors import DeadlineExceeded

# The moment (time.monotonic) at which the caller stops waiting; None where nobody waits.
_expires: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining() -> float | None:
    """Seconds left, never negative; None where there is no deadline."""
    expires = _expires.get()
    return None if expires is None else max(0.0, expires - time.monotonic())


def budget(default: float, *, margin: float = 0.0) -> float:
    """The seconds that one outgoing call may take: its own default, or what is left if less.

    `margin` is kept back for what must still happen after the call. Raises DeadlineExceeded when
    nothing is left, so that no call is made whose answer nobody would see.
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
    """Gives the block at most this long. It narrows a deadline that is already set, never widens.

    It does not interrupt anything itself: the calls made inside do, as they ask for their budget.
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
    """Runs the block as if nobody waited: for work that outlives the call which started it."""
    token = _expires.set(None)
    try:
        yield
    finally:
        _expires.reset(token)
