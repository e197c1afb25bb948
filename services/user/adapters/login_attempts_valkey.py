"""Counters of attempts in Valkey, changed by Lua scripts. Of one account they share a hash tag:

user:proofs:{name}             a bucket
user:guesses:{account}:tally   a tally

While there is a key `user:proofs:lifted` no bucket is empty: an operator who fills an installation
sets it, with an expiry.
"""

from collections.abc import Sequence
from importlib import resources

from services.chassis.cache.redis_client import RedisClient, Script
from services.chassis.runtime.clock import Clock
from services.user.domain.login_attempts import Backoff, Bucket, Counted


def _script(name: str) -> Script:
    return Script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())


_TAKE = _script("take")
_LIFTED = "user:proofs:lifted"
_ATTEMPT = _script("attempt")
_TAKE_BACK = _script("take_back")


class ValkeyAttempts:
    """See `attempts.Attempts`. Raises RedisUnavailable."""

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
        for _, pauses in tallies:
            times = (pauses.first, pauses.longest, pauses.forget)
            arguments += [pauses.free, *(round(each * 1000) for each in times)]
        keys = [_key(account, tally) for tally, _ in tallies]
        wait, *failures = await self._redis.run(_ATTEMPT, keys, arguments)
        return Counted(wait / 1000, failures)

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        await self._redis.run(_TAKE_BACK, [_key(account, each) for each in tallies])

    async def clear(self, account: str, tally: str) -> None:
        await self._redis.execute("DEL", _key(account, tally))

    def _now(self) -> int:
        return round(self._clock.now().timestamp() * 1000)


def _key(account: str, tally: str) -> str:
    return f"user:guesses:{{{account}}}:{tally}"
