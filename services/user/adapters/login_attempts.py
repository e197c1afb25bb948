"""Counters of login attempts: in Valkey, and in the memory of a process while Valkey is away.

Lua scripts change the counters in Valkey. The keys of one account have the same hash tag:

user:proofs:{name}             a bucket
user:guesses:{account}:tally   a tally

While the key `user:proofs:lifted` exists no bucket is empty. An operator who fills an installation
sets it, with an expiry.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

from cachebox import LRUCache

from services.chassis.cache.redis_client import RedisClient, RedisUnavailable, Script
from services.chassis.runtime.clock import Clock
from services.user.domain.throttle import Attempts, Backoff, Bucket, Counted

T = TypeVar("T")

# How many of each kind a process keeps; the least recently used go first. About 10 MiB.
_MAX_IN_MEMORY = 50_000


def _script(name: str) -> Script:
    return Script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())


_TAKE = _script("take")
_LIFTED = "user:proofs:lifted"
_ATTEMPT = _script("attempt")
_TAKE_BACK = _script("take_back")


class ValkeyAttempts:
    """See `throttle.Attempts`. Raises RedisUnavailable."""

    def __init__(self, redis: RedisClient, *, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock

    async def take(self, name: str, bucket: Bucket) -> float:
        each = bucket.seconds * 1000 / bucket.size
        arguments = (self._now(), repr(each), bucket.size)
        wait: int = await self._redis.run(_TAKE, [f"user:proofs:{{{name}}}"], arguments)
        if wait and await self._redis.execute("EXISTS", _LIFTED):
            return 0.0
        return wait / 1000

    async def begin(self, account: str, tallies: Sequence[tuple[str, Backoff]]) -> Counted:
        arguments = [self._now()]
        for _, backoff in tallies:
            times = (backoff.first, backoff.longest, backoff.forget)
            arguments += [backoff.free, *(round(each * 1000) for each in times)]
        keys = [_key(account, tally) for tally, _ in tallies]
        wait, *failures = await self._redis.run(_ATTEMPT, keys, arguments)
        return Counted(wait / 1000, failures)

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        await self._redis.run(_TAKE_BACK, [_key(account, tally) for tally in tallies])

    async def clear(self, account: str, tally: str) -> None:
        await self._redis.execute("DEL", _key(account, tally))

    def _now(self) -> int:
        return round(self._clock.now().timestamp() * 1000)


def _key(account: str, tally: str) -> str:
    return f"user:guesses:{{{account}}}:{tally}"


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    # Times of the clock: when the pause ends, and when the tally is forgotten.
    opens: float = 0.0
    forgotten: float = 0.0


class MemoryAttempts:
    """See `throttle.Attempts`: the counters of one process."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        # When each bucket is full again.
        self._buckets: LRUCache[str, float] = LRUCache(_MAX_IN_MEMORY)
        self._tallies: LRUCache[tuple[str, str], _Tally] = LRUCache(_MAX_IN_MEMORY)

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
        found = [self._tally(account, name, now) for name, _ in tallies]
        wait = max(tally.opens - now for tally in found)
        if wait > 0.0:
            return Counted(wait, [tally.failures for tally in found])
        for tally, (_, backoff) in zip(found, tallies, strict=True):
            tally.failures += 1
            tally.opens = now + backoff.after(tally.failures)
            tally.forgotten = now + backoff.forget
        return Counted(0.0, [tally.failures for tally in found])

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        for name in tallies:
            tally = self._tallies.get((account, name))
            if tally is not None and tally.failures > 1:
                tally.failures -= 1
                tally.opens = 0.0
            else:
                await self.clear(account, name)

    async def clear(self, account: str, tally: str) -> None:
        self._tallies.pop((account, tally), None)

    def _tally(self, account: str, name: str, now: float) -> _Tally:
        tally = self._tallies.get((account, name))
        if tally is None or now >= tally.forgotten:
            tally = self._tallies[account, name] = _Tally()
        return tally

    def _now(self) -> float:
        return self._clock.now().timestamp()


class FallbackAttempts:
    """See `throttle.Attempts`: the shared counters, or those of this process while the shared ones
    are unavailable.

    During an outage every process counts by itself, from zero. So nobody is locked out, and with P
    processes an account gets P times its attempts without a pause, once an outage.
    """

    def __init__(self, shared: Attempts, own: Attempts) -> None:
        self._shared = shared
        self._own = own

    async def take(self, name: str, bucket: Bucket) -> float:
        return await self._with_fallback(lambda attempts: attempts.take(name, bucket))

    async def begin(self, account: str, tallies: Sequence[tuple[str, Backoff]]) -> Counted:
        return await self._with_fallback(lambda attempts: attempts.begin(account, tallies))

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        await self._with_fallback(lambda attempts: attempts.take_back(account, tallies))

    async def clear(self, account: str, tally: str) -> None:
        await self._with_fallback(lambda attempts: attempts.clear(account, tally))

    async def _with_fallback(self, call: Callable[[Attempts], Awaitable[T]]) -> T:
        try:
            return await call(self._shared)
        except RedisUnavailable:
            return await call(self._own)
