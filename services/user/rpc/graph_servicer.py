"""GraphService over gRPC: follows, blocks, mutes, and their lists."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from google.protobuf.message import Message
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1.graph_service_pb2_grpc import GraphServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.rpc.paging import Page, PageTokens, position_of, size_of, token_of
from services.chassis.runtime.ids import IdGenerator
from services.user.domain import blocks, follows
from services.user.domain.model import Direction, IdPage, Relationship, RelationshipKind
from services.user.domain.ports import CacheInvalidation
from services.user.domain.store import Store, UserTransaction
from services.user.domain.user_queries import FoundUser, UserQueries
from services.user.rpc import convert

R = TypeVar("R", bound=Message)

# An operation of the caller (first id) on another user. It returns their new relationship.
Act = Callable[[UserTransaction, int, int], Awaitable[Relationship]]

# Pages of ids alone, for other services.
DEFAULT_ID_PAGE = 1000
MAX_ID_PAGE = 5000
# Blocks in each direction, and mutes: with all follows a message of at most 1.5 MB.
MAX_RELATED = 50_000


class GraphServicer(GraphServiceServicer):
    """The promises are in `graph_service.proto`."""

    def __init__(
        self,
        *,
        store: Store,
        ids: IdGenerator,
        user_queries: UserQueries,
        cache_invalidation: CacheInvalidation,
        page_tokens: PageTokens,
    ) -> None:
        self._store = store
        self._ids = ids
        self._user_queries = user_queries
        self._cache_invalidation = cache_invalidation
        self._page_tokens = page_tokens

    @access_policy.user
    async def Follow(self, request: pb.FollowRequest, context: Any) -> pb.FollowResponse:
        return await self._act(request, pb.FollowResponse, self._with_ids(follows.follow))

    @access_policy.user
    async def Unfollow(self, request: pb.UnfollowRequest, context: Any) -> pb.UnfollowResponse:
        return await self._act(request, pb.UnfollowResponse, follows.unfollow)

    @access_policy.user
    async def AcceptFollowRequest(
        self, request: pb.AcceptFollowRequestRequest, context: Any
    ) -> pb.AcceptFollowRequestResponse:
        act = self._with_ids(follows.accept)
        return await self._act(request, pb.AcceptFollowRequestResponse, act)

    @access_policy.user
    async def RejectFollowRequest(
        self, request: pb.RejectFollowRequestRequest, context: Any
    ) -> pb.RejectFollowRequestResponse:
        return await self._act(request, pb.RejectFollowRequestResponse, follows.reject)

    @access_policy.user
    async def Block(self, request: pb.BlockRequest, context: Any) -> pb.BlockResponse:
        return await self._act(request, pb.BlockResponse, self._with_ids(blocks.block))

    @access_policy.user
    async def Unblock(self, request: pb.UnblockRequest, context: Any) -> pb.UnblockResponse:
        return await self._act(request, pb.UnblockResponse, blocks.unblock)

    @access_policy.user
    async def Mute(self, request: pb.MuteRequest, context: Any) -> pb.MuteResponse:
        return await self._act(request, pb.MuteResponse, self._with_ids(blocks.mute))

    @access_policy.user
    async def Unmute(self, request: pb.UnmuteRequest, context: Any) -> pb.UnmuteResponse:
        return await self._act(request, pb.UnmuteResponse, blocks.unmute)

    @access_policy.anyone
    async def ListFollowers(
        self, request: pb.ListFollowersRequest, context: Any
    ) -> pb.ListFollowersResponse:
        return await self._others_list(request, pb.ListFollowersResponse, Direction.IN)

    @access_policy.anyone
    async def ListFollowing(
        self, request: pb.ListFollowingRequest, context: Any
    ) -> pb.ListFollowingResponse:
        return await self._others_list(request, pb.ListFollowingResponse, Direction.OUT)

    @access_policy.user
    async def ListFollowRequests(
        self, request: pb.ListFollowRequestsRequest, context: Any
    ) -> pb.ListFollowRequestsResponse:
        return await self._own_list(
            request, pb.ListFollowRequestsResponse, RelationshipKind.REQUEST, Direction.IN
        )

    @access_policy.user
    async def ListBlocks(
        self, request: pb.ListBlocksRequest, context: Any
    ) -> pb.ListBlocksResponse:
        return await self._own_list(
            request, pb.ListBlocksResponse, RelationshipKind.BLOCK, Direction.OUT
        )

    @access_policy.user
    async def ListMutes(self, request: pb.ListMutesRequest, context: Any) -> pb.ListMutesResponse:
        return await self._own_list(
            request, pb.ListMutesResponse, RelationshipKind.MUTE, Direction.OUT
        )

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
            message = response.relationships.add()
            convert.fill_pair_relationship(message, found.get(pair, Relationship.NONE))
        return response

    @access_policy.service("timeline")
    async def ListFollowerIds(
        self, request: pb.ListFollowerIdsRequest, context: Any
    ) -> pb.ListFollowerIdsResponse:
        page = await self._id_page(request, Direction.IN)
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
        page = await self._id_page(request, Direction.OUT)
        return pb.ListFollowingIdsResponse(
            user_ids=page.ids, has_more=page.has_more, total_count=page.total
        )

    @access_policy.service("search")
    async def GetRelatedUserIds(
        self, request: pb.GetRelatedUserIdsRequest, context: Any
    ) -> pb.GetRelatedUserIdsResponse:
        found = await self._store.related_users(request.user_id, limit=MAX_RELATED)
        return pb.GetRelatedUserIdsResponse(
            following_ids=found.following,
            blocking_ids=found.blocking,
            blocked_by_ids=found.blocked_by,
            muting_ids=found.muting,
        )

    def _with_ids(self, act: Callable[..., Awaitable[Relationship]]) -> Act:
        """An act that creates a relationship, with the ids that it needs."""
        return lambda transaction, me, other: act(transaction, me, other, ids=self._ids)

    async def _act(self, request: Any, response: type[R], act: Act) -> R:
        """Runs the act once for a request id. The response has the new relationship."""
        me = caller.user().user_id
        event_ids: Sequence[UUID] = ()

        async def effect(transaction: UserTransaction) -> R:
            nonlocal event_ids
            relationship = await act(transaction, me, request.user_id)
            event_ids = transaction.event_ids
            return response(relationship=convert.relationship(request.user_id, relationship))

        made = await commands.run_once(
            self._store.transaction, request, response, effect, caller_id=me
        )
        # Also after a repetition: the first process may have died before it invalidated.
        await self._cache_invalidation.invalidate_pair(me, request.user_id, event_ids=event_ids)
        return made

    async def _id_page(self, request: Any, direction: Direction) -> IdPage:
        limit = min(request.page_size or DEFAULT_ID_PAGE, MAX_ID_PAGE)
        pages = await self._store.list_ids(
            direction, [request.user_id], after_id=request.after_id, limit=limit
        )
        return pages[request.user_id]

    async def _others_list(self, request: Any, response: type[R], direction: Direction) -> R:
        page = await self._user_queries.list_of(
            direction,
            request.user_id,
            caller.viewer_id(),
            before=position_of(request, self._page_tokens),
            limit=size_of(request),
        )
        return self._list(request, response, page)

    async def _own_list(
        self, request: Any, response: type[R], kind: RelationshipKind, direction: Direction
    ) -> R:
        page = await self._user_queries.own_list(
            kind,
            direction,
            caller.user().user_id,
            before=position_of(request, self._page_tokens),
            limit=size_of(request),
        )
        return self._list(request, response, page)

    def _list(self, request: Any, response: type[R], page: Page[FoundUser]) -> R:
        made: Any = response(next_page_token=token_of(page, request, self._page_tokens))
        convert.add_visible_users(made.users, page.rows, viewer_id=caller.viewer_id())
        return cast("R", made)
