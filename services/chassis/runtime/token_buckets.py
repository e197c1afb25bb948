"""Token buckets in the memory of one process: how often a key may be used in a minute."""

from cachebox import LRUCache

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TooMany

# Of each kind; the least recently used go first.
_MOST = 50_000
_MINUTE = 60.0


class RateLimited(TooMany):
    """The caller's bucket is empty."""

    reason = "RATE_LIMITED"


class Buckets:
    """One kind of bucket, for many: so many tokens, filled up within a minute."""

    def __init__(self, size: int, *, clock: Clock) -> None:
        self._size = size
        self._clock = clock
        # For whom: how many there were, and when.
        self._levels: LRUCache[object, tuple[float, float]] = LRUCache(_MOST)

    def take(self, whose: object, amount: int = 1) -> None:
        """Takes so many tokens. Raises RateLimited where there are fewer, and takes none then."""
        now = self._clock.monotonic()
        level, then = self._levels.get(whose, (float(self._size), now))
        level = min(self._size, level + (now - then) * self._size / _MINUTE)
        if level < amount:
            self._levels[whose] = level, now
            raise RateLimited(retry_after=(amount - level) * _MINUTE / self._size)
        self._levels[whose] = level - amount, now
