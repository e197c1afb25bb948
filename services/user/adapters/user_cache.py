"""Profiles as they are read most: encoded, in Redis, forgotten by every write that changes them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import Clock
from services.user.domain.model import User
from services.user.domain.store import Store

# Begins every key. Change it with the encoding: processes of two releases run side by side.
_NAME = "user.1"


class UserCache(Protocol):
    """Encoded profiles, by id, without anybody's relationship to them."""

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        """The profiles of those who exist."""
        ...

    async def forget(self, *keys: int) -> None:
        """Call it after the commit of what changed those profiles or their counters."""
        ...


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
    """The cards of one process."""
    return Cache(
        name=_NAME,
        redis=redis,
        clock=clock,
        load=loader(store, encode),
        encode=lambda content: content,
        decode=lambda content: content,
    )
