"""The other services, asked through the mesh."""

from collections.abc import Sequence

from roost.user.v1.graph_service_pb2 import BatchGetTiesRequest, Pair
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub

from services.chassis.clients import Mesh

# The contract's largest batch.
_PAIRS_AT_ONCE = 1_000


class MeshGraph:
    """See `peers.Graph`. Asks in this service's own name."""

    def __init__(self, mesh: Mesh) -> None:
        self._graph = mesh.as_service(GraphServiceStub)

    async def followers_among(self, user_ids: Sequence[int], followee_id: int) -> list[int]:
        """See `Graph.followers_among`."""
        found: list[int] = []
        for start in range(0, len(user_ids), _PAIRS_AT_ONCE):
            part = user_ids[start : start + _PAIRS_AT_ONCE]
            pairs = [Pair(from_user_id=each, to_user_id=followee_id) for each in part]
            response = await self._graph.BatchGetTies(BatchGetTiesRequest(pairs=pairs))
            found += [
                each for each, ties in zip(part, response.ties, strict=True) if ties.following
            ]
        return found
