"""The RPCs of hashtags and trends; the promises are in `search_service.proto`."""

from collections.abc import Sequence
from typing import Any

from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_service_pb2_grpc import SearchServiceServicer

from services.chassis.auth import access_policy
from services.chassis.rpc.paging import PageTokens, size_of
from services.chassis.runtime.clock import Clock
from services.chassis.text.kinds import SEARCH_QUERY
from services.search.domain.hashtags.model import HashtagUse, Position
from services.search.domain.hashtags.prefix import prefix_of
from services.search.domain.hashtags.store import HashtagStore
from services.search.domain.texts import cleaned, folded_tag
from services.search.rpc.convert import to_hashtag_use, to_measure, to_timestamp


class HashtagRpcs(SearchServiceServicer):
    """The usage of hashtags, and trends."""

    _hashtags: HashtagStore
    _page_tokens: PageTokens
    _clock: Clock

    @access_policy.anyone
    async def SearchHashtags(
        self, request: rpc.SearchHashtagsRequest, context: Any
    ) -> rpc.SearchHashtagsResponse:
        size = size_of(request)
        position = self._page_tokens.open(request, tuple[int, str])
        prefix = prefix_of(cleaned(request.query, SEARCH_QUERY))
        if prefix is None:
            return rpc.SearchHashtagsResponse()
        found = await self._hashtags.find_hashtags(
            prefix, after=None if position is None else Position(*position), limit=size + 1
        )
        shown = found[:size]
        token = ""
        if len(found) > size:
            token = self._page_tokens.seal(request, (shown[-1].posts_count, shown[-1].tag))
        return rpc.SearchHashtagsResponse(
            hashtags=map(to_hashtag_use, await self._with_history(shown)), next_page_token=token
        )

    @access_policy.anyone
    async def GetHashtag(
        self, request: rpc.GetHashtagRequest, context: Any
    ) -> rpc.GetHashtagResponse:
        tag = folded_tag(request.tag)
        known = await self._hashtags.hashtags([tag])
        (use,) = await self._with_history([known.get(tag, HashtagUse(tag, 0, 0))])
        return rpc.GetHashtagResponse(hashtag=to_hashtag_use(use))

    @access_policy.anyone
    async def ListTrends(
        self, request: rpc.ListTrendsRequest, context: Any
    ) -> rpc.ListTrendsResponse:
        listed = await self._hashtags.trends(request.language)
        return rpc.ListTrendsResponse(
            trends=[to_hashtag_use(each.use) for each in listed.trends],
            as_of_time=None if listed.as_of is None else to_timestamp(listed.as_of),
            measures=[to_measure(each.measure) for each in listed.trends],
        )

    async def _with_history(self, uses: Sequence[HashtagUse]) -> list[HashtagUse]:
        histories = await self._hashtags.histories([each.tag for each in uses], self._clock.now())
        return [each._replace(history=histories[each.tag]) for each in uses]
