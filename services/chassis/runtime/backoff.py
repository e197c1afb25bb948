"""Pauses between attempts: each is twice as long as the one before, spread at random."""

import asyncio
import random

# By which share a pause is shorter or longer, so that those who failed together do not try again
# together.
JITTER = 0.3
# Every limit is reached by then, and larger powers of two overflow.
_MAX_DOUBLINGS = 60


def doubled(first: float, longest: float, times: int) -> float:
    """`first`, doubled so many times, and at most `longest`."""
    return min(first * 2.0 ** min(max(times, 0), _MAX_DOUBLINGS), longest)


def spread(pause: float, jitter: float = JITTER) -> float:
    """The pause, shorter or longer by at most this share."""
    return pause * random.uniform(1 - jitter, 1 + jitter)  # noqa: S311 - spread, not secrecy


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
