"""The client of the User service."""

from collections.abc import Collection, Mapping

from roost.user.v1.user_service_pb2 import BatchGetUsersRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.rpc.clients import Mesh

# The limit of BatchGetUsers.
_AT_ONCE = 1_000
_SECONDS = 2.0


class MeshDisplayNames:
    """See `ports.DisplayNames`. It calls with this service's identity."""

    def __init__(self, mesh: Mesh) -> None:
        self._users = mesh.as_service(UserServiceStub)

    async def names(self, user_ids: Collection[int]) -> Mapping[int, str]:
        ids = sorted(user_ids)
        found: dict[int, str] = {}
        for start in range(0, len(ids), _AT_ONCE):
            response = await self._users.BatchGetUsers(
                BatchGetUsersRequest(user_ids=ids[start : start + _AT_ONCE]), timeout=_SECONDS
            )
            found |= {user.id: user.display_name or f"@{user.handle}" for user in response.users}
        return found
