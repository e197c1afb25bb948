"""Counters of attempts of one process: for tests, and for the time while Valkey is away."""

from collections.abc import Sequence
from dataclasses import dataclass

from cachebox import LRUCache

from services.chassis.runtime.clock import Clock
from services.user.domain.login_attempts import Backoff, Bucket, Counted

# Of each kind; the least recently used go first. About 10 MiB.
_MOST = 50_000


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    # Moments of the clock: when the pause ends, and when the tally is forgotten.
    opens: float = 0.0
    forgotten: float = 0.0


class MemoryAttempts:
    """See `attempts.Attempts`."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        # When each bucket is full again.
        self._buckets: LRUCache[str, float] = LRUCache(_MOST)
        self._tallies: LRUCache[tuple[str, str], _Tally] = LRUCache(_MOST)

    async def take(self, name: str, bucket: Bucket) -> float:
        now = self._now()
        each = bucket.seconds / bucket.size
        full = max(now, self._buckets.get(name, 0.0)) + each
        wait = full - now - bucket.seconds
        # Less than a millisecond is rounding.
        taken = wait < 0.001
        self._buckets[name] = full if taken else full - each
        return 0.0 if taken else wait

    async def begin(self, account: str, tallies: Sequence[tuple[str, Backoff]]) -> Counted:
        now = self._now()
        found = [self._tally(account, tally, now) for tally, _ in tallies]
        wait = max(each.opens - now for each in found)
        if wait > 0.0:
            return Counted(wait, [each.failures for each in found])
        for each, (_, pauses) in zip(found, tallies, strict=True):
            each.failures += 1
            each.opens = now + pauses.after(each.failures)
            each.forgotten = now + pauses.forget
        return Counted(0.0, [each.failures for each in found])

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        for tally in tallies:
            found = self._tallies.get((account, tally))
            if found is not None and found.failures > 1:
                found.failures -= 1
                found.opens = 0.0
            else:
                await self.clear(account, tally)

    async def clear(self, account: str, tally: str) -> None:
        self._tallies.pop((account, tally), None)

    def _tally(self, account: str, tally: str, now: float) -> _Tally:
        found = self._tallies.get((account, tally))
        if found is None or now >= found.forgotten:
            found = self._tallies[account, tally] = _Tally()
        return found

    def _now(self) -> float:
        return self._clock.now().timestamp()
