"""Pauses between attempts: each is twice as long as the one before, spread at random; or as long as
the other side requests."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# By which share a pause is shorter or longer, so that those who failed together do not try again
# together.
JITTER = 0.3
# Every limit is reached by then, and larger powers of two overflow.
_MAX_DOUBLINGS = 60
# The longest pause that the other side may request.
LONGEST_WAIT = timedelta(hours=24)
# The longest form of a date (RFC 9110, 5.6.7) has 33 characters.
_MAX_RETRY_AFTER = 64


def doubled(first: float, longest: float, times: int) -> float:
    """`first`, doubled so many times, and at most `longest`."""
    return min(first * 2.0 ** min(max(times, 0), _MAX_DOUBLINGS), longest)


def spread(pause: float, jitter: float = JITTER) -> float:
    """The pause, shorter or longer by at most this share."""
    return pause * random.uniform(1 - jitter, 1 + jitter)  # noqa: S311 - spread, not secrecy


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The pause that a Retry-After header requests (RFC 9110, 10.2.3), from 0 to LONGEST_WAIT; None
    if it cannot be parsed."""
    text = value.strip()
    if len(text) > _MAX_RETRY_AFTER:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except Exception:
        # The parser raises ValueError, OverflowError, TypeError and IndexError for invalid dates,
        # and the difference from a date at the end of time overflows.
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


class Backoff:
    """The pauses of one loop that tries again, in seconds: from `first`, doubled, up to `longest`,
    and each spread by `jitter`."""

    def __init__(self, first: float, longest: float, *, jitter: float = JITTER) -> None:
        self._first = first
        self._longest = longest
        self._jitter = jitter
        # Pauses since the start or since the last success.
        self.failures = 0

    def pause(self) -> float:
        """The next pause."""
        pause = doubled(self._first, self._longest, self.failures)
        self.failures += 1
        return spread(pause, self._jitter)

    async def wait(self) -> None:
        """Sleeps for the next pause."""
        await asyncio.sleep(self.pause())

    def reset(self) -> None:
        """Starts again with the first pause, after a success."""
        self.failures = 0
