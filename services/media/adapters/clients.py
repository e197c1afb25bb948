"""The clients of the other services."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC
from typing import TYPE_CHECKING

from roost.post.v1.post_service_pb2 import BatchGetPostMediaRequest, FilterVisibleRequest
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest

from services.media.domain.model import AccountState, Use

if TYPE_CHECKING:
    from roost.post.v1.post_service_pb2_grpc import PostServiceAsyncStub
    from roost.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

# What the contracts allow in one call.
MAX_POSTS = 200
MAX_USERS = 1_000


class MeshPostVisibility:
    """See `ports.PostVisibility`. Calls in the Media service's own name."""

    def __init__(self, posts: "PostServiceAsyncStub") -> None:
        self._posts = posts

    async def visible(self, viewer_id: int, post_ids: Collection[int]) -> set[int]:
        listed = sorted(post_ids)
        batches = await asyncio.gather(
            *(
                self._visible(viewer_id, listed[start : start + MAX_POSTS])
                for start in range(0, len(listed), MAX_POSTS)
            )
        )
        return set().union(*batches)

    async def _visible(self, viewer_id: int, post_ids: list[int]) -> set[int]:
        response = await self._posts.FilterVisible(
            FilterVisibleRequest(viewer_id=viewer_id, post_ids=post_ids)
        )
        return set(response.post_ids)


class MeshPostMedia:
    """See `ports.PostMedia`. Calls in the Media service's own name."""

    def __init__(self, posts: "PostServiceAsyncStub") -> None:
        self._posts = posts

    async def media_of(self, post_ids: Collection[int]) -> Mapping[int, Collection[int]]:
        listed = sorted(post_ids)
        found: dict[int, Collection[int]] = {}
        for start in range(0, len(listed), MAX_POSTS):
            response = await self._posts.BatchGetPostMedia(
                BatchGetPostMediaRequest(post_ids=listed[start : start + MAX_POSTS])
            )
            found |= {each.post_id: frozenset(each.media_ids) for each in response.posts}
        return found


class MeshAccounts:
    """See `ports.Accounts`. Calls in the Media service's own name."""

    def __init__(self, users: "UserServiceAsyncStub") -> None:
        self._users = users

    async def states(self, user_ids: Collection[int]) -> Mapping[int, AccountState]:
        return {
            user.id: AccountState(user.protected, user.update_time.ToDatetime(tzinfo=UTC))
            for user in await self._find(user_ids)
        }

    async def media_of(self, user_ids: Collection[int]) -> Mapping[int, Mapping[Use, int]]:
        return {
            user.id: {Use.AVATAR: user.avatar_media_id, Use.BANNER: user.banner_media_id}
            for user in await self._find(user_ids)
        }

    async def _find(self, user_ids: Collection[int]) -> list[User]:
        listed = sorted(user_ids)
        found: list[User] = []
        for start in range(0, len(listed), MAX_USERS):
            response = await self._users.BatchGetUsers(
                BatchGetUsersRequest(user_ids=listed[start : start + MAX_USERS])
            )
            found += response.users
        return found
