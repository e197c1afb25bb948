"""EngagementService: one method an RPC; the contract says what each promises."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from roost.post.v1 import engagement_service_pb2 as rpc
from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.storage.idempotency import RequestKey, once
from services.post.domain.engagement import EngagementOperations, VisiblePost
from services.post.domain.errors import PostNotFound
from services.post.domain.model import EngagementResult, Post, PostState
from services.post.domain.store import PostTransaction, Store
from services.post.rpc.convert import to_engagement
from services.post.rpc.engagement_lists import EngagementLists
from services.post.rpc.read_cache.hydration import Hydration
from services.post.rpc.repeating import run_once

M = TypeVar("M", rpc.LikeResponse, rpc.RepostResponse, rpc.BookmarkResponse)
T = TypeVar("T", rpc.UnlikeResponse, rpc.UndoRepostResponse, rpc.RemoveBookmarkResponse)
FindVisible = Callable[[int, int], Awaitable[VisiblePost]]
Act = Callable[[PostTransaction, int, VisiblePost], Awaitable[EngagementResult]]
Undo = Callable[[PostTransaction, int, Post], Awaitable[EngagementResult]]


class EngagementServicer(EngagementServiceServicer):
    """Likes, reposts and bookmarks."""

    def __init__(
        self,
        *,
        store: Store,
        engagement_operations: EngagementOperations,
        hydration: Hydration,
        lists: EngagementLists,
    ) -> None:
        self._store = store
        self._engagement_operations = engagement_operations
        self._hydration = hydration
        self._lists = lists

    @access_policy.user
    async def Like(self, request: rpc.LikeRequest, context: Any) -> rpc.LikeResponse:
        """Marks a post as liked."""
        acts = self._engagement_operations
        return await self._act(request, rpc.LikeResponse, acts.find_visible, acts.like)

    @access_policy.user
    async def Unlike(self, request: rpc.UnlikeRequest, context: Any) -> rpc.UnlikeResponse:
        """Takes the like back."""
        return await self._undo(request, rpc.UnlikeResponse, self._engagement_operations.unlike)

    @access_policy.user
    async def Repost(self, request: rpc.RepostRequest, context: Any) -> rpc.RepostResponse:
        """Shows a post to the caller's followers."""
        acts = self._engagement_operations
        return await self._act(request, rpc.RepostResponse, acts.find_repostable, acts.repost)

    @access_policy.user
    async def UndoRepost(
        self, request: rpc.UndoRepostRequest, context: Any
    ) -> rpc.UndoRepostResponse:
        """Takes the repost back."""
        return await self._undo(
            request, rpc.UndoRepostResponse, self._engagement_operations.undo_repost
        )

    @access_policy.user
    async def Bookmark(self, request: rpc.BookmarkRequest, context: Any) -> rpc.BookmarkResponse:
        """Keeps a post in the caller's list."""
        acts = self._engagement_operations
        return await self._act(request, rpc.BookmarkResponse, acts.find_visible, acts.bookmark)

    @access_policy.user
    async def RemoveBookmark(
        self, request: rpc.RemoveBookmarkRequest, context: Any
    ) -> rpc.RemoveBookmarkResponse:
        """Takes the post off the list."""
        remove = self._engagement_operations.remove_bookmark
        return await self._undo(request, rpc.RemoveBookmarkResponse, remove)

    @access_policy.anyone
    async def ListLikers(
        self, request: rpc.ListLikersRequest, context: Any
    ) -> rpc.ListLikersResponse:
        """Who likes a post."""
        return await self._lists.likers(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def ListReposters(
        self, request: rpc.ListRepostersRequest, context: Any
    ) -> rpc.ListRepostersResponse:
        """Who reposted a post."""
        return await self._lists.reposters(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def ListLikedPosts(
        self, request: rpc.ListLikedPostsRequest, context: Any
    ) -> rpc.ListLikedPostsResponse:
        """What a person likes."""
        return await self._lists.liked_posts(request, caller.viewer_id() or 0)

    @access_policy.user
    async def ListBookmarks(
        self, request: rpc.ListBookmarksRequest, context: Any
    ) -> rpc.ListBookmarksResponse:
        return await self._lists.bookmarks(request, caller.user().user_id)

    @access_policy.anyone
    async def BatchGetEngagement(
        self, request: rpc.BatchGetEngagementRequest, context: Any
    ) -> rpc.BatchGetEngagementResponse:
        """Counts and the caller's state of posts that the caller may see."""
        viewer_id = caller.viewer_id() or 0
        post_ids = list(dict.fromkeys(request.post_ids))
        resolved = await self._hydration.show(post_ids, viewer_id=viewer_id, quotes=False)
        return rpc.BatchGetEngagementResponse(
            engagements=[
                to_engagement(resolved.states[each], with_viewer=viewer_id != 0)
                for each in post_ids
                if each in resolved.posts
            ]
        )

    async def _act(self, request: Any, response: type[M], find_visible: FindVisible, act: Act) -> M:
        """One of the acts on a post that the caller sees: once for a key, then how it stands."""
        user_id = caller.user().user_id
        key = _key(request, user_id)

        async def attempt() -> M:
            seen = await find_visible(user_id, request.post_id)

            async def effect(transaction: PostTransaction) -> M:
                result = await act(transaction, user_id, seen)
                made = response(engagement=to_engagement(_live(result.state)))
                if isinstance(made, rpc.RepostResponse):
                    made.repost_id = result.engagement_id
                return made

            return await once(self._store.transaction, key, response, effect)

        return await run_once(self._store, key, response, attempt)

    async def _undo(self, request: Any, response: type[T], undo: Undo) -> T:
        """Undoes an act, whatever became of the post; how it stands only where it may be seen.

        Whoever was blocked, or liked what is deleted now, still decides over what is theirs.
        """
        user_id, post_id = caller.user().user_id, request.post_id
        resolved = await self._hydration.show([post_id], viewer_id=user_id, quotes=False)
        post = (await self._store.posts([post_id])).get(post_id)

        async def effect(transaction: PostTransaction) -> T:
            result = None if post is None else await undo(transaction, user_id, post)
            if result is None or result.state is None or post_id not in resolved.posts:
                hidden = rpc.Engagement(post_id=post_id)
                hidden.viewer_state.SetInParent()
                return response(engagement=hidden)
            return response(engagement=to_engagement(result.state))

        return await once(self._store.transaction, _key(request, user_id), response, effect)


def _key(request: Any, user_id: int) -> RequestKey | None:
    method = request.DESCRIPTOR.name.removesuffix("Request")
    return RequestKey.of(request, caller_id=str(user_id), method=method)


def _live(state: PostState | None) -> PostState:
    if state is None:
        raise PostNotFound
    return state
