"""Graph, User and Post services that answer from memory, behind the real pipeline."""

from __future__ import annotations

import grpc.aio
from roost.post.v1.post_pb2 import Post
from roost.post.v1.post_service_pb2 import (
    FilterVisibleRequest,
    FilterVisibleResponse,
    GetPostRequest,
    GetPostResponse,
)
from roost.post.v1.post_service_pb2_grpc import (
    PostServiceServicer,
    add_PostServiceServicer_to_server,
)
from roost.user.v1.graph_service_pb2 import (
    BatchGetPairRelationshipsRequest,
    BatchGetPairRelationshipsResponse,
)
from roost.user.v1.graph_service_pb2_grpc import (
    GraphServiceServicer,
    add_GraphServiceServicer_to_server,
)
from roost.user.v1.user_pb2 import Relationship, User
from roost.user.v1.user_service_pb2 import (
    BatchGetUsersRequest,
    BatchGetUsersResponse,
    GetUserRequest,
    GetUserResponse,
)
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.errors import NotFound

Context = grpc.aio.ServicerContext


class Peers(GraphServiceServicer, UserServiceServicer, PostServiceServicer):
    """The users, who is hidden from whom, and the conversations of posts."""

    def __init__(self) -> None:
        self.people: set[int] = set()
        # (hidden user, viewer)
        self.hidden: set[tuple[int, int]] = set()
        self.conversations: dict[int, int] = {}
        self.follows: set[tuple[int, int]] = set()
        self.protected: set[int] = set()
        # (viewer, post), and (viewer, user)
        self.hidden_posts: set[tuple[int, int]] = set()
        self.mutes: set[tuple[int, int]] = set()
        self.filtered = 0

    @access_policy.service("notification")
    async def BatchGetPairRelationships(
        self, request: BatchGetPairRelationshipsRequest, context: Context
    ) -> BatchGetPairRelationshipsResponse:
        response = BatchGetPairRelationshipsResponse()
        for pair in request.pairs:
            there = (pair.from_user_id, pair.to_user_id)
            apart = not self.hidden.isdisjoint({there, there[::-1]})
            response.relationships.add(following=there in self.follows, either_blocks=apart)
        return response

    @access_policy.anyone
    async def GetUser(self, request: GetUserRequest, context: Context) -> GetUserResponse:
        viewer_id = caller.viewer_id() or 0
        if request.user_id not in self.people or (request.user_id, viewer_id) in self.hidden:
            raise NotFound(reason="USER_NOT_FOUND")
        return GetUserResponse(user=self._user(request.user_id, viewer_id))

    @access_policy.service("notification")
    async def BatchGetUsers(
        self, request: BatchGetUsersRequest, context: Context
    ) -> BatchGetUsersResponse:
        return BatchGetUsersResponse(
            users=[self._user(each, request.viewer_id) for each in request.user_ids]
        )

    @access_policy.service("notification")
    async def FilterVisible(
        self, request: FilterVisibleRequest, context: Context
    ) -> FilterVisibleResponse:
        self.filtered += 1
        viewer_id = request.viewer_id
        return FilterVisibleResponse(
            post_ids=[
                each for each in request.post_ids if (viewer_id, each) not in self.hidden_posts
            ],
            user_ids=[each for each in request.user_ids if (each, viewer_id) not in self.hidden],
            muted_user_ids=[each for each in request.user_ids if (viewer_id, each) in self.mutes],
        )

    @access_policy.anyone
    async def GetPost(self, request: GetPostRequest, context: Context) -> GetPostResponse:
        if request.post_id not in self.conversations:
            raise NotFound(reason="POST_NOT_FOUND")
        conversation_id = self.conversations[request.post_id]
        return GetPostResponse(post=Post(id=request.post_id, conversation_id=conversation_id))

    def _user(self, user_id: int, viewer_id: int) -> User:
        tie = Relationship(
            following=(viewer_id, user_id) in self.follows,
            blocking=(viewer_id, user_id) in self.hidden,
            blocked_by=(user_id, viewer_id) in self.hidden,
        )
        return User(
            id=user_id,
            handle=f"p{user_id}",
            protected=user_id in self.protected,
            viewer_relationship=tie,
        )

    def mounts(self) -> list[MountedServicer]:
        """The servicers of all three services."""
        return [
            MountedServicer(
                add_GraphServiceServicer_to_server,
                self,
                without=_rest(GraphServiceServicer, "BatchGetPairRelationships"),
            ),
            MountedServicer(
                add_UserServiceServicer_to_server,
                self,
                without=_rest(UserServiceServicer, "GetUser", "BatchGetUsers"),
            ),
            MountedServicer(
                add_PostServiceServicer_to_server,
                self,
                without=_rest(PostServiceServicer, "GetPost", "FilterVisible"),
            ),
        ]


def _rest(service: type, *offered: str) -> frozenset[str]:
    return frozenset(name for name in vars(service) if name[0].isupper() and name not in offered)
