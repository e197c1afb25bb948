"""PeopleService over gRPC."""

from typing import Any

from roost.post.v1 import people_service_pb2 as rpc
from roost.post.v1.people_service_pb2_grpc import PeopleServiceServicer

from services.chassis.auth import access_policy
from services.post.rpc.read_cache.profile_cache import ProfileCache


class ProfileCacheServicer(PeopleServiceServicer):
    """What is kept about people."""

    def __init__(self, profiles: ProfileCache) -> None:
        self._profiles = profiles

    @access_policy.service("user")
    async def ForgetPeople(
        self, request: rpc.ForgetPeopleRequest, context: Any
    ) -> rpc.ForgetPeopleResponse:
        """Forgets what others changed."""
        pairs = [(each.one_id, each.other_id) for each in request.pairs]
        await self._profiles.forget(request.user_ids, pairs)
        return rpc.ForgetPeopleResponse()
