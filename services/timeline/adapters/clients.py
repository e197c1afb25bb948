"""Clients of other services."""

import asyncio
from collections.abc import Mapping, Sequence

from roost.post.v1.engagement_service_pb2 import BatchGetEngagementRequest
from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceStub
from roost.post.v1.post_service_pb2 import ListPostIdsByAuthorsRequest
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.search.v1.search_service_pb2 import ListHashtagEntriesRequest
from roost.search.v1.search_service_pb2_grpc import SearchServiceStub
from roost.user.v1.graph_service_pb2 import (
    BatchListFollowerIdsRequest,
    ListFollowerIdsRequest,
    ListFollowingIdsRequest,
)
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub

from services.chassis.rpc.batching import Batcher
from services.chassis.rpc.clients import Mesh
from services.timeline.domain.model import TOP, Entry
from services.timeline.domain.ports import EngagementCounts, Followers
from services.timeline.rpc.convert import engagement_counts_from_proto, entry_from_proto

# The homes of one fan-out step, so that a celebrity's fan-out does not delay others.
FOLLOWERS_A_PAGE = 1_000
# As many users as the contract allows in one call.
_PEOPLE_A_CALL = 100
# The contract's largest page: a user's followed users are at most two of these.
_FOLLOWING_A_PAGE = 5_000


class MeshGraph:
    """See `ports.Graph`. Calls in this service's own name."""

    def __init__(self, mesh: Mesh) -> None:
        self._graph = mesh.as_service(GraphServiceStub)
        self._first_pages = Batcher(self._load_first_pages, most=_PEOPLE_A_CALL)

    async def followers(self, user_id: int, *, after: int) -> Followers:
        """See `Graph.followers`. First pages that are needed at one moment, as those of the
        authors of a batch of events, cost one call."""
        if not after:
            return await asyncio.shield(self._first_pages.ask(user_id))
        page = await self._graph.ListFollowerIds(
            ListFollowerIdsRequest(user_id=user_id, after_id=after, page_size=FOLLOWERS_A_PAGE)
        )
        return Followers(page.user_ids, page.has_more, page.total_count)

    async def _load_first_pages(self, user_ids: Sequence[int]) -> list[Followers]:
        response = await self._graph.BatchListFollowerIds(
            BatchListFollowerIdsRequest(user_ids=user_ids, page_size=FOLLOWERS_A_PAGE)
        )
        return [
            Followers(page.user_ids, page.has_more, page.total_count) for page in response.pages
        ]

    async def following(self, user_id: int) -> list[int]:
        found: list[int] = []
        after, more = 0, True
        while more:
            page = await self._graph.ListFollowingIds(
                ListFollowingIdsRequest(
                    user_id=user_id, after_id=after, page_size=_FOLLOWING_A_PAGE
                )
            )
            found += page.user_ids
            more = page.has_more and bool(page.user_ids)
            after = found[-1] if found else 0
        return found

    async def follows(self, follower_id: int, followee_id: int) -> bool:
        page = await self._graph.ListFollowingIds(
            ListFollowingIdsRequest(user_id=follower_id, after_id=followee_id - 1, page_size=1)
        )
        return list(page.user_ids) == [followee_id]


class MeshPosts:
    """See `ports.Posts`. Calls in this service's own name."""

    def __init__(self, mesh: Mesh) -> None:
        self._posts = mesh.as_service(PostServiceStub)

    async def newest(self, author_ids: Sequence[int], *, before: int, limit: int) -> list[Entry]:
        response = await self._posts.ListPostIdsByAuthors(
            ListPostIdsByAuthorsRequest(
                author_ids=author_ids,
                before_entry_id=0 if before == TOP else before,
                page_size=limit,
            )
        )
        return [entry_from_proto(entry) for entry in response.entries]


class MeshHashtagIndex:
    """See `ports.HashtagIndex`. Calls in this service's own name."""

    def __init__(self, mesh: Mesh) -> None:
        self._search = mesh.as_service(SearchServiceStub)

    async def newest(self, tag: str, *, limit: int) -> list[Entry]:
        response = await self._search.ListHashtagEntries(
            ListHashtagEntriesRequest(tags=[tag], page_size=limit)
        )
        return [entry_from_proto(entry) for entry in response.entries]


class MeshEngagement:
    """See `ports.Engagement`. Calls on behalf of the caller."""

    def __init__(self, mesh: Mesh) -> None:
        self._engagement = mesh.stub(EngagementServiceStub)

    async def engagement_counts(self, post_ids: Sequence[int]) -> Mapping[int, EngagementCounts]:
        response = await self._engagement.BatchGetEngagement(
            BatchGetEngagementRequest(post_ids=post_ids)
        )
        return {each.post_id: engagement_counts_from_proto(each) for each in response.engagements}
