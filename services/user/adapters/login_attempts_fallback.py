"""Counters of attempts that go on while Valkey is away."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from services.chassis.cache.redis_client import RedisUnavailable
from services.user.domain.login_attempts import (
    Attempts,
    Backoff,
    Bucket,
    Counted,
)

T = TypeVar("T")


class FallbackAttempts:
    """See `attempts.Attempts`: the shared counters, or else those of this process.

    While the shared ones are away every process counts for itself, from zero. So nobody is locked
    out, and of P processes one account gets P times its attempts without a pause, once an outage.
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
