"""The Post service, over the mesh: its copies of profiles and relationships, and its counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from roost.post.v1.post_service_pb2 import BatchCountPostsRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair
from roost.post.v1.profile_cache_service_pb2_grpc import ProfileCacheServiceStub

from services.chassis.rpc.clients import Mesh
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.user.domain.ports import CountPosts

# A change does not fail because the Post service is away: the event of the change invalidates the
# same entries somewhat later.
_SECONDS = 1.0
# What the contract allows in one call.
_MAX_PROFILES = 1_000
_MAX_EVENTS = 16


class MeshCacheInvalidation:
    """See `ports.CacheInvalidation`."""

    def __init__(self, mesh: Mesh) -> None:
        self._profile_cache = mesh.as_service(ProfileCacheServiceStub, timeout=_SECONDS)

    async def invalidate_pair(
        self, one_id: int, other_id: int, *, event_ids: Collection[UUID] = ()
    ) -> None:
        pair = UserPair(user_id=one_id, other_user_id=other_id)
        await self._invalidate(
            InvalidateProfilesRequest(pairs=[pair], event_ids=_packed(event_ids))
        )

    async def invalidate_profiles(
        self,
        user_ids: Iterable[int],
        *,
        event_ids: Collection[UUID] = (),
        counts_only: bool = False,
    ) -> None:
        ids = list(user_ids)
        for start in range(0, len(ids), _MAX_PROFILES):
            await self._invalidate(
                InvalidateProfilesRequest(
                    user_ids=ids[start : start + _MAX_PROFILES],
                    event_ids=_packed(event_ids),
                    counts_only=counts_only,
                )
            )

    async def _invalidate(self, request: InvalidateProfilesRequest) -> None:
        try:
            # The change is committed, so the call is made even if its caller's deadline is over.
            with deadline.none():
                await self._profile_cache.InvalidateProfiles(request)
        except RoostError as error:
            logger().warning("cache_invalidation_failed", error=repr(error))


def _packed(event_ids: Collection[UUID]) -> list[bytes]:
    """The ids as the contract has them; none of more than it allows, which only costs their
    repetition."""
    return [each.bytes for each in event_ids] if len(event_ids) <= _MAX_EVENTS else []


def count_posts(mesh: Mesh) -> CountPosts:
    """See `ports.CountPosts`."""
    posts = mesh.as_service(PostServiceStub)

    async def count(user_ids: Sequence[int]) -> Mapping[int, int]:
        response = await posts.BatchCountPosts(BatchCountPostsRequest(author_ids=user_ids))
        return dict(zip(user_ids, response.counts, strict=True))

    return count
