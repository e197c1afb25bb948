"""The clients of the services that own posts and users. They call in the Search service's own
name."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client import Counter
from roost.post.v1.post_pb2 import Post
from roost.post.v1.post_service_pb2 import BatchGetPostCountsRequest, ScanPostsRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest, ScanUsersRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.logs import logger
from services.search.domain.posts.model import Counts
from services.search.domain.sources import (
    PostPage,
    PostSource,
    SourcePost,
    SourceUser,
    UserPage,
    UserSource,
)
from services.search.rpc.sources import counts_from_proto, post_from_proto, user_from_proto

# What the contracts allow in one call.
_MAX_COUNTS = 1_000
_MAX_USERS = 1_000
_FINDS_AT_ONCE = 8
# A page of a scan takes tens of milliseconds on an idle machine; nobody waits for it.
_CALL_SECONDS = 10.0

_unreadable = Counter(
    "roost_search_unreadable_posts_total", "Posts of the Post service that could not be converted"
)


class MeshPostSource:
    """See `sources.PostSource`."""

    def __init__(self, mesh: Mesh) -> None:
        self._posts = mesh.as_service(PostServiceStub, timeout=_CALL_SECONDS)

    async def scan(self, after_id: int, limit: int) -> PostPage:
        response = await self._posts.ScanPosts(ScanPostsRequest(after_id=after_id, page_size=limit))
        last_id = response.posts[-1].id if response.posts else 0
        posts = _readable(response.posts)
        return PostPage(posts, last_id, response.has_more, response.total_estimate)

    async def find(self, post_ids: Collection[int]) -> Mapping[int, SourcePost]:
        found: dict[int, SourcePost] = {}
        for batch in _slices(post_ids, _FINDS_AT_ONCE):
            for posts in await asyncio.gather(*map(self._find, batch)):
                found |= {each.facts.post_id: each for each in posts}
        return found

    async def _find(self, post_id: int) -> list[SourcePost]:
        response = await self._posts.ScanPosts(
            ScanPostsRequest(after_id=post_id - 1, until_id=post_id, page_size=1)
        )
        return _readable(response.posts)

    async def counts(self, post_ids: Collection[int]) -> Mapping[int, Counts]:
        found: dict[int, Counts] = {}
        for batch in _slices(post_ids, _MAX_COUNTS):
            response = await self._posts.BatchGetPostCounts(
                BatchGetPostCountsRequest(post_ids=batch)
            )
            found |= {each.post_id: counts_from_proto(each.counts) for each in response.posts}
        return found


class MeshUserSource:
    """See `sources.UserSource`."""

    def __init__(self, mesh: Mesh) -> None:
        self._users = mesh.as_service(UserServiceStub, timeout=_CALL_SECONDS)

    async def scan(self, after_id: int, limit: int) -> UserPage:
        response = await self._users.ScanUsers(ScanUsersRequest(after_id=after_id, page_size=limit))
        return UserPage(list(map(user_from_proto, response.users)), response.has_more)

    async def find(self, user_ids: Collection[int]) -> Mapping[int, SourceUser]:
        found: dict[int, SourceUser] = {}
        for batch in _slices(user_ids, _MAX_USERS):
            response = await self._users.BatchGetUsers(BatchGetUsersRequest(user_ids=batch))
            found |= {each.id: user_from_proto(each) for each in response.users}
        return found


def _slices(ids: Collection[int], size: int) -> Iterator[list[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def _readable(posts: Iterable[Post]) -> list[SourcePost]:
    """The posts without those that cannot be converted: one must not stop a rebuild."""
    readable = []
    for each in posts:
        try:
            readable.append(post_from_proto(each))
        except ValueError as error:
            _unreadable.inc()
            logger().error("search_post_unreadable", post_id=each.id, error=repr(error))
    return readable


if TYPE_CHECKING:

    def _post_source(source: MeshPostSource) -> PostSource:
        return source

    def _user_source(source: MeshUserSource) -> UserSource:
        return source
