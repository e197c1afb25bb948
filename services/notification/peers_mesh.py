"""The other services, asked through the mesh."""

from collections.abc import Mapping, Sequence

from roost.post.v1.post_service_pb2 import GetPostRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2 import GetUserRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.clients import Mesh
from services.notification.model import Ties
from services.notification.peers import Pair

# The contract's largest batch.
_PAIRS_AT_ONCE = 1_000


class MeshGraph:
    """See `peers.Graph`."""

    def __init__(self, mesh: Mesh) -> None:
        self._graph = mesh.as_service(GraphServiceStub)

    async def ties(self, pairs: Sequence[Pair]) -> Mapping[Pair, Ties]:
        """See `Graph.ties`."""
        found: dict[Pair, Ties] = {}
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            part = pairs[start : start + _PAIRS_AT_ONCE]
            request = pb.BatchGetTiesRequest(
                pairs=[pb.Pair(from_user_id=one, to_user_id=other) for one, other in part]
            )
            response = await self._graph.BatchGetTies(request)
            for pair, ties in zip(part, response.ties, strict=True):
                found[pair] = Ties(ties.following, ties.muting, ties.apart)
        return found


class MeshPeople:
    """See `peers.People`."""

    def __init__(self, mesh: Mesh) -> None:
        self._users = mesh.stub(UserServiceStub)

    async def check_visible(self, user_id: int) -> None:
        """See `People.check_visible`."""
        await self._users.GetUser(GetUserRequest(user_id=user_id))


class MeshPosts:
    """See `peers.Posts`."""

    def __init__(self, mesh: Mesh) -> None:
        self._posts = mesh.stub(PostServiceStub)

    async def conversation_of(self, post_id: int) -> int:
        """See `Posts.conversation_of`."""
        response = await self._posts.GetPost(GetPostRequest(post_id=post_id))
        conversation_id: int = response.post.conversation_id
        return conversation_id
