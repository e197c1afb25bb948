"""ProfileCacheService over gRPC."""

from typing import Any
from uuid import UUID

from roost.post.v1 import profile_cache_service_pb2 as rpc
from roost.post.v1.profile_cache_service_pb2_grpc import ProfileCacheServiceServicer

from services.chassis.auth import access_policy
from services.post.rpc.read_cache.profile_cache import ProfileCache


class ProfileCacheServicer(ProfileCacheServiceServicer):
    """Invalidates cached profiles for the User service."""

    def __init__(self, profiles: ProfileCache) -> None:
        self._profiles = profiles

    @access_policy.service("user")
    async def InvalidateProfiles(
        self, request: rpc.InvalidateProfilesRequest, context: Any
    ) -> rpc.InvalidateProfilesResponse:
        pairs = [(each.user_id, each.other_user_id) for each in request.pairs]
        if request.counts_only and not pairs:
            await self._profiles.invalidate_counts(request.user_ids)
        else:
            event_ids = [UUID(bytes=each) for each in request.event_ids]
            await self._profiles.invalidate(request.user_ids, pairs, event_ids=event_ids)
        return rpc.InvalidateProfilesResponse()
