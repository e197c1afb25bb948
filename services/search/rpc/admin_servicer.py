"""SearchAdminService over gRPC; the promises are in `search_admin_service.proto`."""

from typing import Any

from roost.search.v1 import search_admin_service_pb2 as rpc
from roost.search.v1.search_admin_service_pb2_grpc import SearchAdminServiceServicer

from services.chassis.auth import access_policy
from services.chassis.rpc import commands
from services.chassis.rpc.paging import PageTokens, size_of
from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain import reindexing
from services.search.domain.hashtags.store import HashtagStore
from services.search.domain.posts.index import PostIndex
from services.search.domain.reindexing import ReindexStore
from services.search.domain.store import Store
from services.search.domain.texts import folded_tag
from services.search.rpc.convert import to_reindex

# The identity of the operator's tools: the command line has its key.
OPERATOR = "operator"


class SearchAdminServicer(SearchAdminServiceServicer):
    """Rebuilds of the index, and hidden hashtags."""

    def __init__(
        self,
        *,
        store: Store,
        index: PostIndex,
        reindexes: ReindexStore,
        hashtags: HashtagStore,
        page_tokens: PageTokens,
        clock: Clock,
    ) -> None:
        self._store = store
        self._index = index
        self._reindexes = reindexes
        self._hashtags = hashtags
        self._page_tokens = page_tokens
        self._clock = clock

    @access_policy.service(OPERATOR)
    async def StartReindex(
        self, request: rpc.StartReindexRequest, context: Any
    ) -> rpc.StartReindexResponse:
        async def effect(transaction: Transaction) -> rpc.StartReindexResponse:
            started = await reindexing.start(
                self._index, self._reindexes, transaction, now=self._clock.now()
            )
            return rpc.StartReindexResponse(reindex=to_reindex(started))

        return await commands.run_once(
            self._store.transaction, request, rpc.StartReindexResponse, effect, caller_id=OPERATOR
        )

    @access_policy.service(OPERATOR)
    async def GetReindex(
        self, request: rpc.GetReindexRequest, context: Any
    ) -> rpc.GetReindexResponse:
        found = await reindexing.get(self._reindexes, request.reindex_id)
        return rpc.GetReindexResponse(reindex=to_reindex(found))

    @access_policy.service(OPERATOR)
    async def CancelReindex(
        self, request: rpc.CancelReindexRequest, context: Any
    ) -> rpc.CancelReindexResponse:
        async def effect(transaction: Transaction) -> rpc.CancelReindexResponse:
            cancelled = await reindexing.cancel(
                self._index,
                self._reindexes,
                transaction,
                request.reindex_id,
                now=self._clock.now(),
            )
            return rpc.CancelReindexResponse(reindex=to_reindex(cancelled))

        return await in_transaction(self._store.transaction, effect)

    @access_policy.service(OPERATOR)
    async def HideHashtag(
        self, request: rpc.HideHashtagRequest, context: Any
    ) -> rpc.HideHashtagResponse:
        await self._hashtags.hide_hashtag(folded_tag(request.tag), self._clock.now())
        return rpc.HideHashtagResponse()

    @access_policy.service(OPERATOR)
    async def UnhideHashtag(
        self, request: rpc.UnhideHashtagRequest, context: Any
    ) -> rpc.UnhideHashtagResponse:
        await self._hashtags.unhide_hashtag(folded_tag(request.tag))
        return rpc.UnhideHashtagResponse()

    @access_policy.service(OPERATOR)
    async def ListHiddenHashtags(
        self, request: rpc.ListHiddenHashtagsRequest, context: Any
    ) -> rpc.ListHiddenHashtagsResponse:
        size = size_of(request)
        tags = await self._hashtags.hidden_hashtags(
            after=self._page_tokens.open(request, str) or "", limit=size + 1
        )
        shown = tags[:size]
        token = self._page_tokens.seal(request, shown[-1]) if len(tags) > size else ""
        return rpc.ListHiddenHashtagsResponse(tags=shown, next_page_token=token)
