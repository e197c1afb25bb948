"""The RPCs that find posts; the promises are in `search_service.proto`."""

from typing import Any

from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_pb2 import POST_ORDER_LATEST
from roost.search.v1.search_service_pb2_grpc import SearchServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.paging import PageTokens, size_of
from services.search.domain.posts.ranking import TopPosition
from services.search.domain.searches.posts import PostPage, PostSearch
from services.search.domain.texts import folded_tag
from services.search.rpc.convert import to_entry, to_post_match

# What a page_size of 0 of ListHashtagEntries stands for.
DEFAULT_ENTRIES = 100


class PostRpcs(SearchServiceServicer):
    """Searches for posts, and the posts of hashtags."""

    _posts: PostSearch
    _page_tokens: PageTokens

    @access_policy.anyone
    async def SearchPosts(
        self, request: rpc.SearchPostsRequest, context: Any
    ) -> rpc.SearchPostsResponse:
        viewer_id, size = caller.viewer_id(), size_of(request)
        page: PostPage[Any]
        if request.order == POST_ORDER_LATEST:
            below = self._page_tokens.open(request, int)
            page = await self._posts.latest(request.query, viewer_id, below=below, size=size)
        else:
            after = self._page_tokens.open(request, TopPosition)
            page = await self._posts.top(request.query, viewer_id, after=after, size=size)
        return rpc.SearchPostsResponse(
            post_ids=[each.post_id for each in page.posts],
            next_page_token=self._token(page, request),
            matches=[to_post_match(each, page.expression) for each in page.posts],
            next_post_id=page.next_post_id,
        )

    @access_policy.anyone
    async def ListHashtagPosts(
        self, request: rpc.ListHashtagPostsRequest, context: Any
    ) -> rpc.ListHashtagPostsResponse:
        page = await self._posts.with_tag(
            folded_tag(request.tag),
            caller.viewer_id(),
            only_media=request.only_media,
            below=self._page_tokens.open(request, int),
            size=size_of(request),
        )
        return rpc.ListHashtagPostsResponse(
            post_ids=[each.post_id for each in page.posts],
            next_page_token=self._token(page, request),
            next_post_id=page.next_post_id,
        )

    @access_policy.service("timeline")
    async def ListHashtagEntries(
        self, request: rpc.ListHashtagEntriesRequest, context: Any
    ) -> rpc.ListHashtagEntriesResponse:
        found = await self._posts.public_with_tags(
            request.tags,
            below=request.before_post_id or None,
            limit=request.page_size or DEFAULT_ENTRIES,
        )
        return rpc.ListHashtagEntriesResponse(entries=map(to_entry, found))

    def _token(self, page: PostPage[Any], request: Any) -> str:
        if page.next_position is None:
            return ""
        return self._page_tokens.seal(request, page.next_position)
