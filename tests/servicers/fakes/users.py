"""A User service in memory. The test sets users and relationships."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1.media_pb2 import Medium
from roost.user.v1 import graph_service_pb2 as graph
from roost.user.v1 import user_service_pb2 as rpc
from roost.user.v1.graph_service_pb2_grpc import GraphServiceServicer
from roost.user.v1.user_pb2 import Relationship, User
from roost.user.v1.user_service_pb2_grpc import UserServiceServicer

from services.chassis.auth import access_policy


class FakeUsers(UserServiceServicer):
    """Implements BatchGetUsers. `calls` has the requests, oldest first."""

    def __init__(self) -> None:
        self.calls: list[rpc.BatchGetUsersRequest] = []
        self._known_users: dict[int, User] = {}
        self._follows: set[tuple[int, int]] = set()
        self._blocks: set[tuple[int, int]] = set()
        self._mutes: set[tuple[int, int]] = set()

    def add(self, user_id: int, handle: str, *, protected: bool = False) -> int:
        """Adds a user and returns the id."""
        self._known_users[user_id] = User(
            id=user_id,
            handle=handle,
            display_name=handle.title(),
            protected=protected,
            create_time=Timestamp(seconds=1_748_779_200),
            etag="1",
        )
        return user_id

    def protect(self, user_id: int) -> None:
        self._known_users[user_id].protected = True

    def count(self, user_id: int, number: int) -> None:
        """Sets each of the user's counts to `number`."""
        user = self._known_users[user_id]
        user.followers_count = user.following_count = user.posts_count = number

    def show_picture(self, user_id: int, avatar: Medium) -> None:
        """Sets the user's profile picture."""
        user = self._known_users[user_id]
        user.avatar_media_id = avatar.id
        user.avatar.CopyFrom(avatar)

    def delete(self, user_id: int) -> None:
        del self._known_users[user_id]

    def follow(self, follower_id: int, followee_id: int) -> None:
        self._follows.add((follower_id, followee_id))

    def unfollow(self, follower_id: int, followee_id: int) -> None:
        self._follows.discard((follower_id, followee_id))

    def block(self, blocker_id: int, blocked_id: int) -> None:
        self._blocks.add((blocker_id, blocked_id))
        self._follows -= {(blocker_id, blocked_id), (blocked_id, blocker_id)}

    def unblock(self, blocker_id: int, blocked_id: int) -> None:
        self._blocks.discard((blocker_id, blocked_id))

    def mute(self, muter_id: int, muted_id: int) -> None:
        self._mutes.add((muter_id, muted_id))

    @access_policy.service("post", "notification")
    async def BatchGetUsers(
        self, request: rpc.BatchGetUsersRequest, context: Any
    ) -> rpc.BatchGetUsersResponse:
        self.calls.append(request)
        handles = {handle.lower() for handle in request.handles}
        asked = set(request.user_ids)
        found = [
            self._as_seen_by(request.viewer_id, user)
            for user in self._known_users.values()
            if user.id in asked or user.handle.lower() in handles
        ]
        return rpc.BatchGetUsersResponse(users=sorted(found, key=lambda user: user.id))

    def either_blocks(self, one_id: int, other_id: int) -> bool:
        """Whether one of the two blocks the other."""
        return not self._blocks.isdisjoint({(one_id, other_id), (other_id, one_id)})

    def _as_seen_by(self, viewer_id: int, user: User) -> User:
        seen = User()
        seen.CopyFrom(user)
        if viewer_id:
            there, back = (viewer_id, user.id), (user.id, viewer_id)
            seen.viewer_relationship.CopyFrom(
                Relationship(
                    user_id=user.id,
                    following=there in self._follows,
                    followed_by=back in self._follows,
                    blocking=there in self._blocks,
                    blocked_by=back in self._blocks,
                    muting=there in self._mutes,
                )
            )
        return seen


class FakeGraph(GraphServiceServicer):
    """Implements BatchGetPairRelationships for the users of a FakeUsers, with blocks only."""

    def __init__(self, users: FakeUsers) -> None:
        self.calls: list[graph.BatchGetPairRelationshipsRequest] = []
        self._users = users

    @access_policy.service("post")
    async def BatchGetPairRelationships(
        self, request: graph.BatchGetPairRelationshipsRequest, context: Any
    ) -> graph.BatchGetPairRelationshipsResponse:
        self.calls.append(request)
        return graph.BatchGetPairRelationshipsResponse(
            relationships=[
                graph.PairRelationship(
                    either_blocks=self._users.either_blocks(each.from_user_id, each.to_user_id)
                )
                for each in request.pairs
            ]
        )


# The methods that the fakes do not have.
WITHOUT = frozenset(
    each.name for each in rpc.DESCRIPTOR.services_by_name["UserService"].methods
) - {"BatchGetUsers"}
WITHOUT_OF_GRAPH = frozenset(
    each.name for each in graph.DESCRIPTOR.services_by_name["GraphService"].methods
) - {"BatchGetPairRelationships"}
