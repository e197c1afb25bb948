"""GraphService over gRPC: acts. Its lists are in `graph_lists`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from roost.user.v1 import graph_service_pb2 as pb

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.page_token import PageTokens
from services.chassis.runtime.ids import IdGenerator
from services.chassis.storage.idempotency import RequestKey, once
from services.user.adapters.cache_invalidation import CacheInvalidation
from services.user.domain import blocks, follows
from services.user.domain.model import Relationship
from services.user.domain.store import Store, UserTransaction
from services.user.domain.user_queries import UserQueries
from services.user.rpc import convert
from services.user.rpc.graph_lists import GraphLists

R = TypeVar("R", bound=Message)

# What the caller (first id) does to the other one: how the two stand then.
Act = Callable[[UserTransaction, int, int], Awaitable[Relationship]]


class GraphServicer(GraphLists):
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
        super().__init__(store=store, user_queries=user_queries, page_tokens=page_tokens)
        self._edge_ids = ids
        self._cache_invalidation = cache_invalidation

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

    def _with_ids(self, act: Callable[..., Awaitable[Relationship]]) -> Act:
        """The act, of those that make an edge and so need an id for it."""
        return lambda transaction, me, other: act(transaction, me, other, ids=self._edge_ids)

    async def _act(self, request: Any, response: type[R], act: Act) -> R:
        """Acts once for a request id, and answers how the caller and the other one stand then."""
        me = caller.user().user_id

        async def effect(transaction: UserTransaction) -> R:
            relationship = await act(transaction, me, request.user_id)
            made = response()
            answer = made.relationship  # type: ignore[attr-defined]
            convert.fill_relationship(answer, request.user_id, relationship)
            return made

        key = RequestKey.of(request, caller_id=str(me), method=type(request).__name__)
        answer = await once(self._store.transaction, key, response, effect)
        # Also where it was done before: whoever did it may have died before telling.
        await self._cache_invalidation.invalidate_pair(me, request.user_id)
        return answer
