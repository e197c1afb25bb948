"""Tells those who keep what they read here to forget it, before whoever changed it is answered."""

from collections.abc import Iterable
from typing import Protocol

from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair
from roost.post.v1.profile_cache_service_pb2_grpc import ProfileCacheServiceStub

from services.chassis.rpc.clients import Mesh
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.user.adapters.user_cache import UserCache

# Nobody's change fails because the Post service is away: events tell it the same, somewhat later.
_SECONDS = 1.0
# What the contract allows in one call.
_AT_ONCE = 1_000


class CacheInvalidation(Protocol):
    """Other services that keep profiles and ties."""

    async def invalidate_pair(self, one_id: int, other_id: int) -> None:
        """Call it after the commit of what changed how these two stand. It never fails."""
        ...

    async def invalidate_profiles(self, user_ids: Iterable[int]) -> None:
        """Call it after the commit of what changed these profiles or counts. It never fails."""
        ...


class MeshCacheInvalidation:
    """See `CacheInvalidation`: the Post service, over the mesh."""

    def __init__(self, mesh: Mesh) -> None:
        self._user_queries = mesh.as_service(ProfileCacheServiceStub, timeout=_SECONDS)

    async def invalidate_pair(self, one_id: int, other_id: int) -> None:
        pair = UserPair(user_id=one_id, other_user_id=other_id)
        await self._forget(InvalidateProfilesRequest(pairs=[pair]))

    async def invalidate_profiles(self, user_ids: Iterable[int]) -> None:
        ids = list(user_ids)
        for start in range(0, len(ids), _AT_ONCE):
            await self._forget(InvalidateProfilesRequest(user_ids=ids[start : start + _AT_ONCE]))

    async def _forget(self, request: InvalidateProfilesRequest) -> None:
        try:
            # The change is committed: its caller's deadline is no reason to leave it untold.
            with deadline.none():
                await self._user_queries.InvalidateProfiles(request)
        except RoostError as error:
            logger().warning("readers_not_told", error=repr(error))


class BroadcastingUserCache:
    """See `cache.UserCache`: this service's own, and what readers keep of them."""

    def __init__(self, own: UserCache, cache_invalidation: CacheInvalidation) -> None:
        self._own = own
        self._cache_invalidation = cache_invalidation

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        return await self._own.get_many(keys)

    async def forget(self, *keys: int) -> None:
        """See `UserCache.forget`. The own ones first: readers ask here again."""
        await self._own.forget(*keys)
        await self._cache_invalidation.invalidate_profiles(keys)
