"""GraphService over gRPC: lists and relationships."""

from typing import Any

from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1.graph_service_pb2_grpc import GraphServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.page_token import PageTokens
from services.chassis.rpc.paging import (
    Page,
    position_of,
    size_of,
    token_of,
)
from services.user.domain.model import (
    Direction,
    IdPage,
    Relationship,
    RelationshipKind,
)
from services.user.domain.store import Store
from services.user.domain.user_queries import Found, UserQueries
from services.user.rpc import convert

# Of ids alone, for other services.
DEFAULT_ID_PAGE = 1000
MAX_ID_PAGE = 5000


class GraphLists(GraphServiceServicer):
    """The promises are in `graph_service.proto`."""

    def __init__(self, *, store: Store, user_queries: UserQueries, page_tokens: PageTokens) -> None:
        self._store = store
        self._user_queries = user_queries
        self._page_tokens = page_tokens

    @access_policy.anyone
    async def ListFollowers(
        self, request: pb.ListFollowersRequest, context: Any
    ) -> pb.ListFollowersResponse:
        response = pb.ListFollowersResponse()
        await self._others_list(request, Direction.IN, response)
        return response

    @access_policy.anyone
    async def ListFollowing(
        self, request: pb.ListFollowingRequest, context: Any
    ) -> pb.ListFollowingResponse:
        response = pb.ListFollowingResponse()
        await self._others_list(request, Direction.OUT, response)
        return response

    @access_policy.user
    async def ListFollowRequests(
        self, request: pb.ListFollowRequestsRequest, context: Any
    ) -> pb.ListFollowRequestsResponse:
        response = pb.ListFollowRequestsResponse()
        await self._own_list(request, RelationshipKind.REQUEST, Direction.IN, response)
        return response

    @access_policy.user
    async def ListBlocks(
        self, request: pb.ListBlocksRequest, context: Any
    ) -> pb.ListBlocksResponse:
        response = pb.ListBlocksResponse()
        await self._own_list(request, RelationshipKind.BLOCK, Direction.OUT, response)
        return response

    @access_policy.user
    async def ListMutes(self, request: pb.ListMutesRequest, context: Any) -> pb.ListMutesResponse:
        response = pb.ListMutesResponse()
        await self._own_list(request, RelationshipKind.MUTE, Direction.OUT, response)
        return response

    @access_policy.user
    async def BatchGetRelationships(
        self, request: pb.BatchGetRelationshipsRequest, context: Any
    ) -> pb.BatchGetRelationshipsResponse:
        found = await self._store.relationships_with(
            caller.user().user_id, list(set(request.user_ids))
        )
        response = pb.BatchGetRelationshipsResponse()
        for user_id in request.user_ids:
            message = response.relationships.add()
            convert.fill_relationship(message, user_id, found.get(user_id, Relationship.NONE))
        return response

    @access_policy.service("notification", "post", "gateway")
    async def BatchGetPairRelationships(
        self, request: pb.BatchGetPairRelationshipsRequest, context: Any
    ) -> pb.BatchGetPairRelationshipsResponse:
        pairs = [(each.from_user_id, each.to_user_id) for each in request.pairs]
        found = await self._store.relationships_of_pairs(pairs)
        response = pb.BatchGetPairRelationshipsResponse()
        for pair in pairs:
            convert.fill_pair_relationship(
                response.relationships.add(), found.get(pair, Relationship.NONE)
            )
        return response

    @access_policy.service("timeline")
    async def ListFollowerIds(
        self, request: pb.ListFollowerIdsRequest, context: Any
    ) -> pb.ListFollowerIdsResponse:
        page = await self._ids(request, Direction.IN)
        return pb.ListFollowerIdsResponse(
            user_ids=page.ids, has_more=page.has_more, total_count=page.total
        )

    @access_policy.service("timeline")
    async def BatchListFollowerIds(
        self, request: pb.BatchListFollowerIdsRequest, context: Any
    ) -> pb.BatchListFollowerIdsResponse:
        pages = await self._store.list_ids(
            Direction.IN, request.user_ids, limit=request.page_size or DEFAULT_ID_PAGE
        )
        response = pb.BatchListFollowerIdsResponse()
        for user_id in request.user_ids:
            ids, more, total = pages[user_id]
            response.pages.add(user_ids=ids, has_more=more, total_count=total)
        return response

    @access_policy.service("timeline")
    async def ListFollowingIds(
        self, request: pb.ListFollowingIdsRequest, context: Any
    ) -> pb.ListFollowingIdsResponse:
        page = await self._ids(request, Direction.OUT)
        return pb.ListFollowingIdsResponse(
            user_ids=page.ids, has_more=page.has_more, total_count=page.total
        )

    async def _ids(self, request: Any, direction: Direction) -> IdPage:
        limit = min(request.page_size or DEFAULT_ID_PAGE, MAX_ID_PAGE)
        pages = await self._store.list_ids(
            direction, [request.user_id], after_id=request.after_id, limit=limit
        )
        return pages[request.user_id]

    async def _others_list(self, request: Any, direction: Direction, response: Any) -> None:
        page = await self._user_queries.list_of(
            direction,
            request.user_id,
            caller.viewer_id(),
            before=position_of(request, self._page_tokens),
            limit=size_of(request),
        )
        self._show(page, request, response)

    async def _own_list(
        self, request: Any, edge: RelationshipKind, direction: Direction, response: Any
    ) -> None:
        page = await self._user_queries.own_list(
            edge,
            direction,
            caller.user().user_id,
            before=position_of(request, self._page_tokens),
            limit=size_of(request),
        )
        self._show(page, request, response)

    def _show(self, page: Page[Found], request: Any, response: Any) -> None:
        convert.add_visible_users(response.users, page.rows, viewer_id=caller.viewer_id())
        response.next_page_token = token_of(page, request, self._page_tokens)
