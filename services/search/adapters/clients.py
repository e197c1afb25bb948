"""The clients of the other services, which they call in the Search service's own name."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from roost.post.v1.engagement_service_pb2 import ListBookmarkIdsRequest
from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceStub
from roost.user.v1.graph_service_pb2 import GetRelatedUserIdsRequest
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.rpc.clients import Mesh
from services.search.domain.posts.model import Viewer
from services.search.domain.query.model import Bookmarks, Users
from services.search.domain.viewers import Relations

# The limit of ListBookmarkIds.
_MAX_BOOKMARKS = 10_000


class MeshRelations:
    """See `viewers.Relations`."""

    def __init__(self, mesh: Mesh) -> None:
        self._graph = mesh.as_service(GraphServiceStub)

    async def of(self, user_id: int) -> Viewer:
        related = await self._graph.GetRelatedUserIds(GetRelatedUserIdsRequest(user_id=user_id))
        return Viewer(
            user_id=user_id,
            following=frozenset(related.following_ids),
            blocked=frozenset(related.blocking_ids).union(related.blocked_by_ids),
            muted=frozenset(related.muting_ids),
        )


class MeshUsers:
    """See `query.model.Users`."""

    def __init__(self, mesh: Mesh) -> None:
        self._users = mesh.as_service(UserServiceStub)

    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        response = await self._users.BatchGetUsers(
            BatchGetUsersRequest(handles=handles, viewer_id=viewer_id)
        )
        return {
            user.handle.lower(): user.id
            for user in response.users
            if not user.viewer_relationship.blocked_by
        }


class MeshBookmarks:
    """See `query.model.Bookmarks`."""

    def __init__(self, mesh: Mesh) -> None:
        self._engagement = mesh.as_service(EngagementServiceStub)

    async def post_ids(self, user_id: int) -> Collection[int]:
        response = await self._engagement.ListBookmarkIds(
            ListBookmarkIdsRequest(user_id=user_id, page_size=_MAX_BOOKMARKS)
        )
        return list(response.post_ids)


if TYPE_CHECKING:

    def _clients(
        relations: MeshRelations, users: MeshUsers, bookmarks: MeshBookmarks
    ) -> tuple[Relations, Users, Bookmarks]:
        return relations, users, bookmarks
