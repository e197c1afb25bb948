"""Tells those who keep what they read here to forget it, before whoever changed it is answered."""

from collections.abc import Iterable
from typing import Protocol

from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair
from roost.post.v1.profile_cache_service_pb2_grpc import ProfileCacheServiceStub

from services.chassis import deadline
from services.chassis.clients import Mesh
from services.chassis.errors import RoostError
from services.chassis.logs import logger
from services.user.cache import Cards

# Nobody's change fails because the Post service is away: events tell it the same, somewhat later.
_SECONDS = 1.0
# What the contract allows in one call.
_AT_ONCE = 1_000


class Readers(Protocol):
    """Other services that keep profiles and ties."""

    async def forget_pair(self, one_id: int, other_id: int) -> None:
        """Call it after the commit of what changed how these two stand. It never fails."""
        ...

    async def forget_profiles(self, user_ids: Iterable[int]) -> None:
        """Call it after the commit of what changed these profiles or counts. It never fails."""
        ...


class MeshReaders:
    """See `Readers`: the Post service, over the mesh."""

    def __init__(self, mesh: Mesh) -> None:
        self._people = mesh.as_service(ProfileCacheServiceStub, timeout=_SECONDS)

    async def forget_pair(self, one_id: int, other_id: int) -> None:
        """See `Readers.forget_pair`."""
        pair = UserPair(user_id=one_id, other_user_id=other_id)
        await self._forget(InvalidateProfilesRequest(pairs=[pair]))

    async def forget_profiles(self, user_ids: Iterable[int]) -> None:
        """See `Readers.forget_profiles`."""
        ids = list(user_ids)
        for start in range(0, len(ids), _AT_ONCE):
            await self._forget(InvalidateProfilesRequest(user_ids=ids[start : start + _AT_ONCE]))

    async def _forget(self, request: InvalidateProfilesRequest) -> None:
        try:
            # The change is committed: its caller's deadline is no reason to leave it untold.
            with deadline.none():
                await self._people.InvalidateProfiles(request)
        except RoostError as error:
            logger().warning("readers_not_told", error=repr(error))


class SharedCards:
    """See `cache.Cards`: this service's own, and what readers keep of them."""

    def __init__(self, own: Cards, readers: Readers) -> None:
        self._own = own
        self._readers = readers

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        """See `Cards.get_many`."""
        return await self._own.get_many(keys)

    async def forget(self, *keys: int) -> None:
        """See `Cards.forget`. The own ones first: readers ask here again."""
        await self._own.forget(*keys)
        await self._readers.forget_profiles(keys)
