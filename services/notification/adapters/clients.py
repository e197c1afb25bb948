"""The clients of the other services."""

from collections.abc import Collection, Mapping, Sequence

from roost.post.v1.post_service_pb2 import FilterVisibleRequest, GetPostRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest, GetUserRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.rpc.clients import Mesh
from services.notification.domain.model import Relationship
from services.notification.domain.ports import Pair, Profile, Visible

# The limit of BatchGetPairRelationships.
_PAIRS_AT_ONCE = 1_000


class MeshGraph:
    """See `ports.Graph`."""

    def __init__(self, mesh: Mesh) -> None:
        self._graph = mesh.as_service(GraphServiceStub)

    async def relationships(self, pairs: Sequence[Pair]) -> Mapping[Pair, Relationship]:
        found: dict[Pair, Relationship] = {}
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            part = pairs[start : start + _PAIRS_AT_ONCE]
            request = pb.BatchGetPairRelationshipsRequest(
                pairs=[pb.Pair(from_user_id=one, to_user_id=other) for one, other in part]
            )
            response = await self._graph.BatchGetPairRelationships(request)
            for pair, each in zip(part, response.relationships, strict=True):
                found[pair] = Relationship(each.following, each.muting, each.either_blocks)
        return found


class MeshProfiles:
    """See `ports.Profiles`."""

    def __init__(self, mesh: Mesh) -> None:
        self._users = mesh.stub(UserServiceStub)
        self._users_as_service = mesh.as_service(UserServiceStub)

    async def find(self, user_id: int) -> Profile:
        response = await self._users.GetUser(GetUserRequest(user_id=user_id))
        relationship = response.user.viewer_relationship
        return Profile(
            protected=response.user.protected and not relationship.following,
            blocked=relationship.blocking,
        )

    async def watchable(self, viewer_id: int, user_ids: Collection[int]) -> set[int]:
        if not user_ids:
            return set()
        response = await self._users_as_service.BatchGetUsers(
            BatchGetUsersRequest(user_ids=user_ids, viewer_id=viewer_id)
        )
        return {user.id for user in response.users if _is_watchable(user)}


def _is_watchable(user: User) -> bool:
    relationship = user.viewer_relationship
    blocked = relationship.blocking or relationship.blocked_by
    return not blocked and (not user.protected or relationship.following)


class MeshVisibility:
    """See `ports.Visibility`."""

    def __init__(self, mesh: Mesh) -> None:
        self._posts = mesh.as_service(PostServiceStub)

    async def visible(
        self, viewer_id: int, *, post_ids: Collection[int], user_ids: Collection[int]
    ) -> Visible:
        response = await self._posts.FilterVisible(
            FilterVisibleRequest(viewer_id=viewer_id, post_ids=post_ids, user_ids=user_ids)
        )
        return Visible(
            frozenset(response.post_ids),
            frozenset(response.user_ids),
            frozenset(response.muted_user_ids),
        )


class MeshPosts:
    """See `ports.Posts`."""

    def __init__(self, mesh: Mesh) -> None:
        self._posts = mesh.stub(PostServiceStub)

    async def conversation_of(self, post_id: int) -> int:
        response = await self._posts.GetPost(GetPostRequest(post_id=post_id))
        conversation_id: int = response.post.conversation_id
        return conversation_id
