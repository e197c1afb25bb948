"""EngagementService over gRPC; the promises are in `engagement_service.proto`."""

from functools import partial
from typing import Any, TypeVar

from roost.post.v1 import engagement_service_pb2 as rpc
from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.storage.idempotency import RequestKey
from services.post.domain import engagement
from services.post.domain.errors import PostNotFound
from services.post.domain.model import EngagementKind, Ids, Profile, Profiles
from services.post.domain.store import PostTransaction, Store
from services.post.rpc.convert import to_engagement
from services.post.rpc.engagement_lists import EngagementLists
from services.post.rpc.events import describe
from services.post.rpc.read_cache.hydration import Hydration

M = TypeVar("M", rpc.LikeResponse, rpc.RepostResponse, rpc.BookmarkResponse)
W = TypeVar("W", rpc.UnlikeResponse, rpc.UndoRepostResponse, rpc.RemoveBookmarkResponse)

DEFAULT_BOOKMARK_IDS = 1_000


class EngagementServicer(EngagementServiceServicer):
    """Likes, reposts and bookmarks."""

    def __init__(
        self,
        *,
        store: Store,
        profiles: Profiles[Profile],
        ids: Ids,
        hydration: Hydration,
        lists: EngagementLists,
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._ids = ids
        self._hydration = hydration
        self._lists = lists

    @access_policy.user
    async def Like(self, request: rpc.LikeRequest, context: Any) -> rpc.LikeResponse:
        return await self._engage(request, rpc.LikeResponse, EngagementKind.LIKE)

    @access_policy.user
    async def Unlike(self, request: rpc.UnlikeRequest, context: Any) -> rpc.UnlikeResponse:
        return await self._withdraw(request, rpc.UnlikeResponse, EngagementKind.LIKE)

    @access_policy.user
    async def Repost(self, request: rpc.RepostRequest, context: Any) -> rpc.RepostResponse:
        return await self._engage(request, rpc.RepostResponse, EngagementKind.REPOST)

    @access_policy.user
    async def UndoRepost(
        self, request: rpc.UndoRepostRequest, context: Any
    ) -> rpc.UndoRepostResponse:
        return await self._withdraw(request, rpc.UndoRepostResponse, EngagementKind.REPOST)

    @access_policy.user
    async def Bookmark(self, request: rpc.BookmarkRequest, context: Any) -> rpc.BookmarkResponse:
        return await self._engage(request, rpc.BookmarkResponse, EngagementKind.BOOKMARK)

    @access_policy.user
    async def RemoveBookmark(
        self, request: rpc.RemoveBookmarkRequest, context: Any
    ) -> rpc.RemoveBookmarkResponse:
        return await self._withdraw(request, rpc.RemoveBookmarkResponse, EngagementKind.BOOKMARK)

    @access_policy.anyone
    async def ListLikers(
        self, request: rpc.ListLikersRequest, context: Any
    ) -> rpc.ListLikersResponse:
        return await self._lists.likers(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def ListReposters(
        self, request: rpc.ListRepostersRequest, context: Any
    ) -> rpc.ListRepostersResponse:
        return await self._lists.reposters(request, caller.viewer_id() or 0)

    @access_policy.anyone
    async def ListLikedPosts(
        self, request: rpc.ListLikedPostsRequest, context: Any
    ) -> rpc.ListLikedPostsResponse:
        return await self._lists.liked_posts(request, caller.viewer_id() or 0)

    @access_policy.user
    async def ListBookmarks(
        self, request: rpc.ListBookmarksRequest, context: Any
    ) -> rpc.ListBookmarksResponse:
        return await self._lists.bookmarks(request, caller.user().user_id)

    @access_policy.service("search")
    async def ListBookmarkIds(
        self, request: rpc.ListBookmarkIdsRequest, context: Any
    ) -> rpc.ListBookmarkIdsResponse:
        found = await self._store.engagements_by_user(
            EngagementKind.BOOKMARK,
            request.user_id,
            before=0,
            limit=request.page_size or DEFAULT_BOOKMARK_IDS,
        )
        return rpc.ListBookmarkIdsResponse(post_ids=[each.subject_id for each in found])

    @access_policy.anyone
    async def BatchGetEngagement(
        self, request: rpc.BatchGetEngagementRequest, context: Any
    ) -> rpc.BatchGetEngagementResponse:
        viewer_id = caller.viewer_id() or 0
        post_ids = list(dict.fromkeys(request.post_ids))
        resolved = await self._hydration.hydrate(post_ids, viewer_id=viewer_id, quotes=False)
        return rpc.BatchGetEngagementResponse(
            engagements=[
                to_engagement(resolved.states[each], with_viewer=viewer_id != 0)
                for each in post_ids
                if each in resolved.posts
            ]
        )

    async def _engage(self, request: Any, response: type[M], kind: EngagementKind) -> M:
        """Adds an engagement, once for a request id; returns the post's counts and the caller's
        engagement after it."""
        user_id = caller.user().user_id
        return await commands.run_unless_refused(
            self._store.transaction,
            request,
            response,
            partial(self._engage_once, request.post_id, user_id, kind, response),
            caller_id=user_id,
        )

    async def _engage_once(
        self,
        post_id: int,
        user_id: int,
        kind: EngagementKind,
        response: type[M],
        key: RequestKey | None,
    ) -> M:
        visible = await engagement.find_visible(
            user_id, post_id, store=self._store, profiles=self._profiles
        )
        engagement.check_allowed(kind, user_id, visible)

        async def effect(transaction: PostTransaction) -> M:
            result = await engagement.engage(
                transaction, kind, user_id, visible, ids=self._ids, describe=describe
            )
            if result.state is None:
                raise PostNotFound
            made = response(engagement=to_engagement(result.state))
            if isinstance(made, rpc.RepostResponse):
                made.repost_id = result.engagement_id
            return made

        return await commands.run_with_key(self._store.transaction, key, response, effect)

    async def _withdraw(self, request: Any, response: type[W], kind: EngagementKind) -> W:
        """Removes an engagement, once for a request id, also where the caller cannot see the post
        any more: it was deleted, or there is a block. Counts are returned only if they can."""
        user_id, post_id = caller.user().user_id, request.post_id
        resolved = await self._hydration.hydrate([post_id], viewer_id=user_id, quotes=False)
        post = (await self._store.posts([post_id])).get(post_id)

        async def effect(transaction: PostTransaction) -> W:
            result = None
            if post is not None:
                result = await engagement.withdraw(
                    transaction, kind, user_id, post, describe=describe
                )
            if result is None or result.state is None or post_id not in resolved.posts:
                hidden = rpc.Engagement(post_id=post_id)
                hidden.viewer_state.SetInParent()
                return response(engagement=hidden)
            return response(engagement=to_engagement(result.state))

        return await commands.run_once(
            self._store.transaction, request, response, effect, caller_id=user_id
        )
