"""Who responded to a post, and to which posts a user responded."""

from collections.abc import Iterable

from roost.post.v1.engagement_service_pb2 import (
    ListBookmarksRequest,
    ListLikedPostsRequest,
    ListLikersRequest,
    ListRepostersRequest,
)
from roost.post.v1.post_pb2 import Includes, Post
from roost.user.v1.user_pb2 import User

from gateway.api.posts.queries import posts_page, posts_skeleton
from gateway.api.users.queries import people_page
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from gateway.core.pipeline import (
    Page,
    Skeleton,
)


async def likers(backends: Backends, *, post_id: int, token: str, size: int) -> Page[User]:
    """A page of who likes a post, newest like first, without those who are gone."""

    async def found(token: str, size: int) -> Skeleton[User]:
        request = ListLikersRequest(post_id=post_id, page_size=size, page_token=token)
        response = await backends.engagement.ListLikers(request)
        people = _in_order(response.user_ids, response.includes)
        return Skeleton(people, response.next_page_token, Hydrated())

    return await people_page(found, token, size)


async def reposters(backends: Backends, *, post_id: int, token: str, size: int) -> Page[User]:
    """A page of who reposted a post, newest repost first, without those who are gone."""

    async def found(token: str, size: int) -> Skeleton[User]:
        request = ListRepostersRequest(post_id=post_id, page_size=size, page_token=token)
        response = await backends.engagement.ListReposters(request)
        people = _in_order(response.user_ids, response.includes)
        return Skeleton(people, response.next_page_token, Hydrated())

    return await people_page(found, token, size)


def _in_order(ids: Iterable[int], includes: Includes) -> list[User]:
    found = {user.id: user for user in includes.users}
    return [found[each] for each in ids if each in found]


async def liked(backends: Backends, *, user_id: int, token: str, size: int) -> Page[Post]:
    """A page of what a user likes, newest like first."""

    async def found(token: str, size: int) -> Skeleton[Post]:
        return posts_skeleton(
            await backends.engagement.ListLikedPosts(
                ListLikedPostsRequest(user_id=user_id, page_size=size, page_token=token)
            )
        )

    return await posts_page(found, token, size)


async def bookmarked(backends: Backends, *, token: str, size: int) -> Page[Post]:
    """A page of the caller's bookmarks, newest first."""

    async def found(token: str, size: int) -> Skeleton[Post]:
        return posts_skeleton(
            await backends.engagement.ListBookmarks(
                ListBookmarksRequest(page_size=size, page_token=token)
            )
        )

    return await posts_page(found, token, size)
