"""The user cache: encoded profiles in Redis, invalidated by every write that changes them."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.user.domain.model import User
from services.user.domain.ports import CacheInvalidation
from services.user.domain.store import Store

# The prefix of every key. Change it with the encoding: processes of two releases run side by side.
_NAME = "user.2"


class OwnCache(Protocol):
    """The part of `Cache[int, bytes]` that invalidation needs."""

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]: ...

    async def forget(self, *keys: int, event_ids: Collection[UUID] = ()) -> None: ...

    async def forget_unless_done(self, repeated: Collection[tuple[int, UUID]]) -> Sequence[int]: ...


class BroadcastingUserCache:
    """See `ports.UserCache`: this service's cache; invalidation includes other services' copies.

    Its own copies go first: other services read theirs from here.
    """

    def __init__(self, own: OwnCache, cache_invalidation: CacheInvalidation) -> None:
        self._own = own
        self._cache_invalidation = cache_invalidation

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        return await self._own.get_many(keys)

    async def forget(self, *keys: int, event_ids: Collection[UUID] = ()) -> None:
        await self._own.forget(*keys, event_ids=event_ids)
        await self._cache_invalidation.invalidate_profiles(keys, event_ids=event_ids)

    async def forget_again(self, changes: Collection[tuple[int, UUID]]) -> None:
        """See `UserCache.forget_again`. Other services repeat the invalidation of their copies by
        the same events. They may have done so before the own copies went here, and have loaded
        them again: so those that had to go here are invalidated there once more."""
        forgotten = await self._own.forget_unless_done(changes)
        if forgotten:
            await self._cache_invalidation.invalidate_profiles(forgotten)

    async def forget_counts(self, *keys: int) -> None:
        await self._own.forget(*keys)
        await self._cache_invalidation.invalidate_profiles(keys, counts_only=True)


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
