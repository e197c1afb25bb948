"""Graph, Post and Engagement services that answer from memory, behind the real pipeline."""

from __future__ import annotations

import grpc.aio
from roost.post.v1.engagement_service_pb2 import (
    BatchGetEngagementRequest,
    BatchGetEngagementResponse,
    Engagement,
)
from roost.post.v1.engagement_service_pb2_grpc import (
    EngagementServiceServicer,
    add_EngagementServiceServicer_to_server,
)
from roost.post.v1.post_pb2 import PostCounts, ViewerState
from roost.post.v1.post_service_pb2 import (
    ListPostIdsByAuthorsRequest,
    ListPostIdsByAuthorsResponse,
)
from roost.post.v1.post_service_pb2_grpc import (
    PostServiceServicer,
    add_PostServiceServicer_to_server,
)
from roost.search.v1.search_service_pb2 import (
    ListHashtagEntriesRequest,
    ListHashtagEntriesResponse,
)
from roost.search.v1.search_service_pb2_grpc import (
    SearchServiceServicer,
    add_SearchServiceServicer_to_server,
)
from roost.user.v1.graph_service_pb2 import (
    BatchListFollowerIdsRequest,
    BatchListFollowerIdsResponse,
    ListFollowerIdsRequest,
    ListFollowerIdsResponse,
    ListFollowingIdsRequest,
    ListFollowingIdsResponse,
)
from roost.user.v1.graph_service_pb2_grpc import (
    GraphServiceServicer,
    add_GraphServiceServicer_to_server,
)

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.errors import Unavailable
from services.timeline.domain.model import Entry
from services.timeline.rpc.convert import entry_to_proto

Context = grpc.aio.ServicerContext

GRAPH_METHODS = {"ListFollowerIds", "BatchListFollowerIds", "ListFollowingIds"}
POST_METHODS = {"ListPostIdsByAuthors"}
ENGAGEMENT_METHODS = {"BatchGetEngagement"}
SEARCH_METHODS = {"ListHashtagEntries"}


class Peers(
    GraphServiceServicer, PostServiceServicer, EngagementServiceServicer, SearchServiceServicer
):
    """The truth, and how often it was asked for."""

    def __init__(self) -> None:
        self.edges: set[tuple[int, int]] = set()
        self.entries: list[Entry] = []
        self.likes: dict[int, int] = {}
        self.liked: set[tuple[int, int]] = set()
        self.calls: list[str] = []
        self.engagement_away = False
        self.search_away = False
        self.indexed: dict[str, list[Entry]] = {}

    def follow(self, follower_id: int, followee_id: int) -> None:
        self.edges.add((follower_id, followee_id))

    def post(self, entry_id: int, author_id: int) -> Entry:
        self.entries.append(Entry(entry_id, author_id, entry_id, author_id))
        return self.entries[-1]

    @access_policy.service("timeline")
    async def ListFollowerIds(
        self, request: ListFollowerIdsRequest, context: Context
    ) -> ListFollowerIdsResponse:
        self.calls.append("ListFollowerIds")
        return self._followers(request)

    @access_policy.service("timeline")
    async def BatchListFollowerIds(
        self, request: BatchListFollowerIdsRequest, context: Context
    ) -> BatchListFollowerIdsResponse:
        self.calls.append("BatchListFollowerIds")
        return BatchListFollowerIdsResponse(
            pages=[
                self._followers(ListFollowerIdsRequest(user_id=each, page_size=request.page_size))
                for each in request.user_ids
            ]
        )

    def _followers(self, request: ListFollowerIdsRequest) -> ListFollowerIdsResponse:
        everyone = sorted(fan for fan, star in self.edges if star == request.user_id)
        page, more = _page(everyone, request)
        return ListFollowerIdsResponse(user_ids=page, has_more=more, total_count=len(everyone))

    @access_policy.service("timeline")
    async def ListFollowingIds(
        self, request: ListFollowingIdsRequest, context: Context
    ) -> ListFollowingIdsResponse:
        self.calls.append("ListFollowingIds")
        everyone = sorted(star for fan, star in self.edges if fan == request.user_id)
        page, more = _page(everyone, request)
        return ListFollowingIdsResponse(user_ids=page, has_more=more, total_count=len(everyone))

    @access_policy.service("timeline")
    async def ListPostIdsByAuthors(
        self, request: ListPostIdsByAuthorsRequest, context: Context
    ) -> ListPostIdsByAuthorsResponse:
        self.calls.append("ListPostIdsByAuthors")
        before = request.before_entry_id or 1 << 63
        actors = set(request.author_ids)
        found = sorted(
            (each for each in self.entries if each.actor_id in actors and each.entry_id < before),
            reverse=True,
        )
        return ListPostIdsByAuthorsResponse(
            entries=[entry_to_proto(each) for each in found[: request.page_size or 100]]
        )

    @access_policy.anyone
    async def BatchGetEngagement(
        self, request: BatchGetEngagementRequest, context: Context
    ) -> BatchGetEngagementResponse:
        self.calls.append("BatchGetEngagement")
        if self.engagement_away:
            raise Unavailable
        viewer = caller.user().user_id
        return BatchGetEngagementResponse(
            engagements=[
                Engagement(
                    post_id=post_id,
                    counts=PostCounts(likes=self.likes.get(post_id, 0)),
                    viewer_state=ViewerState(liked=(viewer, post_id) in self.liked),
                )
                for post_id in request.post_ids
            ]
        )

    @access_policy.service("timeline")
    async def ListHashtagEntries(
        self, request: ListHashtagEntriesRequest, context: Context
    ) -> ListHashtagEntriesResponse:
        self.calls.append("ListHashtagEntries")
        if self.search_away:
            raise Unavailable
        found = {entry for tag in request.tags for entry in self.indexed.get(tag, ())}
        return ListHashtagEntriesResponse(
            entries=map(entry_to_proto, sorted(found, reverse=True)[: request.page_size])
        )

    def mounts(self) -> list[MountedServicer]:
        """What serves them."""
        return [
            _mount(add_GraphServiceServicer_to_server, GraphServiceServicer, self, GRAPH_METHODS),
            _mount(add_PostServiceServicer_to_server, PostServiceServicer, self, POST_METHODS),
            _mount(
                add_EngagementServiceServicer_to_server,
                EngagementServiceServicer,
                self,
                ENGAGEMENT_METHODS,
            ),
            _mount(
                add_SearchServiceServicer_to_server, SearchServiceServicer, self, SEARCH_METHODS
            ),
        ]


def _mount(register: object, service: type, servicer: object, offered: set[str]) -> MountedServicer:
    declared = {name for name in vars(service) if name[0].isupper()}
    return MountedServicer(register, servicer, without=frozenset(declared - offered))  # type: ignore[arg-type]


def _page(
    everyone: list[int], request: ListFollowerIdsRequest | ListFollowingIdsRequest
) -> tuple[list[int], bool]:
    left = [each for each in everyone if each > request.after_id]
    size = request.page_size or 1000
    return left[:size], len(left) > size
