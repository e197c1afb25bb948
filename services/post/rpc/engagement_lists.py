"""The lists of EngagementService: full pages of what the viewer may see."""

from collections.abc import Sequence
from typing import TypeVar

from roost.post.v1 import engagement_service_pb2 as rpc

from services.chassis.rpc.paging import (
    Page,
    PageTokens,
    fill,
    position_of,
    size_of,
    token_of,
)
from services.post.domain.errors import PostNotFound
from services.post.domain.model import EngagementKind, ListPosition
from services.post.domain.store import Store
from services.post.domain.visibility import can_see_engagement, can_see_profile, require_profile
from services.post.rpc.read_cache.hydration import Hydration, ResolvedPosts

Profiles = TypeVar("Profiles", rpc.ListLikersResponse, rpc.ListRepostersResponse)
Posts = TypeVar("Posts", rpc.ListLikedPostsResponse, rpc.ListBookmarksResponse)


class EngagementLists:
    """Most pages need one round: one query, and one hydration."""

    def __init__(self, *, store: Store, hydration: Hydration, tokens: PageTokens) -> None:
        self._store = store
        self._hydration = hydration
        self._tokens = tokens

    async def likers(
        self, request: rpc.ListLikersRequest, viewer_id: int
    ) -> rpc.ListLikersResponse:
        return await self._profiles(request, viewer_id, EngagementKind.LIKE, rpc.ListLikersResponse)

    async def reposters(
        self, request: rpc.ListRepostersRequest, viewer_id: int
    ) -> rpc.ListRepostersResponse:
        return await self._profiles(
            request, viewer_id, EngagementKind.REPOST, rpc.ListRepostersResponse
        )

    async def liked_posts(
        self, request: rpc.ListLikedPostsRequest, viewer_id: int
    ) -> rpc.ListLikedPostsResponse:
        return await self._posts(
            request, request.user_id, viewer_id, EngagementKind.LIKE, rpc.ListLikedPostsResponse
        )

    async def bookmarks(
        self, request: rpc.ListBookmarksRequest, viewer_id: int
    ) -> rpc.ListBookmarksResponse:
        return await self._posts(
            request, viewer_id, viewer_id, EngagementKind.BOOKMARK, rpc.ListBookmarksResponse
        )

    async def _profiles(
        self,
        request: rpc.ListLikersRequest | rpc.ListRepostersRequest,
        viewer_id: int,
        kind: EngagementKind,
        response: type[Profiles],
    ) -> Profiles:
        resolved = ResolvedPosts(viewer_id)

        async def fetch(position: int, limit: int) -> list[ListPosition]:
            return await self._store.engagements_of_post(
                kind, request.post_id, before=position, limit=limit
            )

        async def keep(places: Sequence[ListPosition]) -> list[bool]:
            resolved.add(
                await self._hydration.hydrate(
                    [request.post_id],
                    viewer_id=viewer_id,
                    user_ids=[each.subject_id for each in places],
                    quotes=False,
                )
            )
            if request.post_id not in resolved.posts:
                raise PostNotFound
            author_id = resolved.bodies[request.post_id].audience.author_id
            return [
                can_see_engagement(resolved.profiles.get(each.subject_id), viewer_id, author_id)
                for each in places
            ]

        page: Page[ListPosition] = await fill(
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=fetch,
            place=_place,
            keep=keep,
        )
        user_ids = [each.subject_id for each in page.rows]
        return response(
            user_ids=user_ids,
            includes=resolved.includes((), user_ids),
            next_page_token=token_of(page, request, self._tokens),
        )

    async def _posts(
        self,
        request: rpc.ListLikedPostsRequest | rpc.ListBookmarksRequest,
        user_id: int,
        viewer_id: int,
        kind: EngagementKind,
        response: type[Posts],
    ) -> Posts:
        resolved = ResolvedPosts(viewer_id)

        async def fetch(position: int, limit: int) -> list[ListPosition]:
            return await self._store.engagements_by_user(
                kind, user_id, before=position, limit=limit
            )

        async def keep(places: Sequence[ListPosition]) -> list[bool]:
            resolved.add(
                await self._hydration.hydrate(
                    [each.subject_id for each in places], viewer_id=viewer_id, user_ids=[user_id]
                )
            )
            profile = require_profile(resolved.profiles.get(user_id), viewer_id)
            if not can_see_profile(profile, viewer_id):
                return [False] * len(places)
            pairs = {
                each.subject_id: (user_id, resolved.bodies[each.subject_id].audience.author_id)
                for each in places
                if each.subject_id in resolved.posts
            }
            # Hydration left out posts that a block hides from the viewer. The user may also have
            # a block with an author; for the viewer's own list the two are the same.
            others = set() if user_id == viewer_id else set(pairs.values()) - {(user_id, user_id)}
            blocked = await self._hydration.blocked_pairs(others)
            visible = {id_ for id_, pair in pairs.items() if pair not in blocked}
            return [each.subject_id in visible for each in places]

        page: Page[ListPosition] = await fill(
            size=size_of(request),
            position=position_of(request, self._tokens),
            fetch=fetch,
            place=_place,
            keep=keep,
        )
        post_ids = [each.subject_id for each in page.rows]
        return response(
            posts=map(resolved.post, post_ids),
            includes=resolved.includes(post_ids),
            next_page_token=token_of(page, request, self._tokens),
        )


def _place(place: ListPosition) -> int:
    return place.id
