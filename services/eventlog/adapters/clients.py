"""The client of the User service."""

from collections.abc import Collection

from roost.user.v1.graph_service_pb2 import BatchGetPairRelationshipsRequest, Pair
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub

from services.chassis.rpc.clients import Mesh


class MeshFollowGraph:
    """See `ports.FollowGraph`. It calls with this service's identity."""

    def __init__(self, mesh: Mesh) -> None:
        self._graph = mesh.as_service(GraphServiceStub)

    async def followers_among(self, user_ids: Collection[int], followee_id: int) -> set[int]:
        request = BatchGetPairRelationshipsRequest(
            pairs=[Pair(from_user_id=each, to_user_id=followee_id) for each in user_ids]
        )
        response = await self._graph.BatchGetPairRelationships(request)
        return {
            user_id
            for user_id, relationship in zip(user_ids, response.relationships, strict=True)
            if relationship.following
        }
