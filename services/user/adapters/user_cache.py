"""The user cache: encoded profiles in Redis, invalidated by every write that changes them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.user.domain.model import User
from services.user.domain.ports import CacheInvalidation, UserCache
from services.user.domain.store import Store

# The prefix of every key. Change it with the encoding: processes of two releases run side by side.
_NAME = "user.2"


class BroadcastingUserCache:
    """See `ports.UserCache`: this service's cache; invalidation includes other services' copies."""

    def __init__(self, own: UserCache, cache_invalidation: CacheInvalidation) -> None:
        self._own = own
        self._cache_invalidation = cache_invalidation

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        return await self._own.get_many(keys)

    async def forget(self, *keys: int) -> None:
        """See `UserCache.forget`. Its own copies go first: other services read theirs from here."""
        await self._own.forget(*keys)
        await self._cache_invalidation.invalidate_profiles(keys)


def loader(
    store: Store, encode: Callable[[User], bytes]
) -> Callable[[Sequence[int]], Awaitable[Mapping[int, bytes]]]:
    """Reads and encodes the profiles that the cache lacks."""

    async def load(user_ids: Sequence[int]) -> Mapping[int, bytes]:
        return {user.id: encode(user) for user in await store.users(user_ids)}

    return load


def user_cache(
    *, store: Store, redis: RedisClient, clock: Clock, encode: Callable[[User], bytes]
) -> Cache[int, bytes]:
    """The user cache of one process."""
    return Cache(
        name=_NAME,
        redis=redis,
        clock=clock,
        load=loader(store, encode),
        encode=lambda content: content,
        decode=lambda content: content,
    )
