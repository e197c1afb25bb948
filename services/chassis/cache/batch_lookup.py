"""Looking into several caches in one trip to the Redis that they share.

The other half of `cache`, whose methods it uses as its own.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from services.chassis.cache import entry
from services.chassis.cache.redis_client import RedisUnavailable

if TYPE_CHECKING:
    from services.chassis.cache.cache_aside import Cache


class Validator(NamedTuple):
    """Which entries stood in Redis at a look, all of them values, and until when all hold."""

    headers: bytes
    fresh_until: bytes


class BatchLookup:
    """Keys of several caches, looked up in one trip to the Redis that they share."""

    def __init__(self, *lookups: tuple["Cache[Any, Any]", Iterable[Any]]) -> None:
        self.asked = [(cache, list(dict.fromkeys(keys))) for cache, keys in lookups]
        self._places = [place for cache, wanted in self.asked for place in cache._places(wanted)]

    async def lookup(self) -> "BatchLookupResult":
        """What stands there now. It may be looked again, as often as one likes."""
        # Taken before the look: a load that began later is of the present.
        moments = [cache._next_moment() for cache, _ in self.asked]
        raw: list[bytes | None] | None = []
        if self._places:
            try:
                for cache, _ in self.asked:
                    if cache._pending_invalidations:
                        await cache._forget_again()
                raw = await self.asked[0][0]._redis.mget(self._places)
            except RedisUnavailable:
                raw = None
        return BatchLookupResult(self, moments, raw)


class BatchLookupResult:
    """What one trip found; nothing of it is decoded yet."""

    def __init__(
        self, lookups: BatchLookup, moments: Sequence[int], raw: list[bytes | None] | None
    ) -> None:
        self._asked = list(zip(lookups.asked, moments, strict=True))
        self._raw = raw

    def validator(self) -> Validator | None:
        """By which a later look is known to have found the same; None unless all were found."""
        headers = entry.headers_of_values(self._raw or ())
        return None if not headers else Validator(headers, entry.first_to_end(self._raw or ()))

    def validates(self, validator: Validator) -> bool:
        """Whether the same entries still stand, none of them past its time: nothing was forgotten
        meanwhile, and whatever was made of them would be made of them again."""
        if not self._raw or entry.headers_of_values(self._raw) != validator.headers:
            return False
        ((first, _), _), *_ = self._asked
        if entry.moment(first._now()) >= validator.fresh_until:
            return False
        for (cache, wanted), _ in self._asked:
            cache._found["fresh"].inc(len(wanted))
        return True

    async def values(self) -> list[dict[Any, Any]]:
        """What `get_many` of each cache gives. What is lacking is loaded, side by side."""
        if self._raw is None:
            return await asyncio.gather(
                *(cache._load_uncached(wanted, since) for (cache, wanted), since in self._asked)
            )
        found, filling, end = [], [], 0
        for (cache, wanted), since in self._asked:
            begin, end = end, end + len(wanted)
            values, missing = cache._sort(wanted, self._raw[begin:end])
            found.append(values)
            if missing:
                filling.append(cache._fill(values, missing, since))
        if filling:
            await asyncio.gather(*filling)
        return found


async def get_many_from(
    *lookups: tuple["Cache[Any, Any]", Iterable[Any]],
) -> list[dict[Any, Any]]:
    """What `get_many` of each cache gives for its keys, in one trip to the Redis that they share.

    What is lacking is loaded side by side.
    """
    return await (await BatchLookup(*lookups).lookup()).values()
