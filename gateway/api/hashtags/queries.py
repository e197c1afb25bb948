"""The use of hashtags, their posts, and which the caller follows."""

from collections.abc import Sequence
from typing import NamedTuple

from roost.post.v1.post_pb2 import Post
from roost.search.v1.search_pb2 import HashtagUse
from roost.search.v1.search_service_pb2 import (
    GetHashtagRequest,
    ListHashtagPostsRequest,
    ListTrendsRequest,
    ListTrendsResponse,
    SearchHashtagsRequest,
)
from roost.timeline.v1.timeline_pb2 import FollowedHashtag
from roost.timeline.v1.timeline_service_pb2 import (
    BatchGetFollowedHashtagsRequest,
    ListFollowedHashtagsRequest,
)

from gateway.core import rules
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated, hydrate_posts
from gateway.core.pipeline import Page, Skeleton, read_page


async def hashtag(backends: Backends, tag: str) -> HashtagUse:
    """The use of one hashtag, with history."""
    return (await backends.search.GetHashtag(GetHashtagRequest(tag=tag))).hashtag


async def followed(backends: Backends, tags: Sequence[str]) -> set[str]:
    """Which of up to 200 folded hashtags the caller follows."""
    request = BatchGetFollowedHashtagsRequest(tags=tags)
    return set((await backends.timelines.BatchGetFollowedHashtags(request)).tags)


async def starting_with(
    backends: Backends, *, query: str, token: str, size: int
) -> Page[HashtagUse]:
    """A page of the hashtags that begin with the query, most used first, with history."""
    response = await backends.search.SearchHashtags(
        SearchHashtagsRequest(query=query, page_size=size, page_token=token)
    )
    return Page(list(response.hashtags), Hydrated(), response.next_page_token)


async def trends(backends: Backends, *, language: str) -> ListTrendsResponse:
    """Up to 20 trends; in all languages where the language is empty."""
    return await backends.search.ListTrends(ListTrendsRequest(language=language))


async def followed_by_caller(backends: Backends, *, token: str, size: int) -> Page[FollowedHashtag]:
    """A page of the hashtags that the caller follows, newest follow first."""
    response = await backends.timelines.ListFollowedHashtags(
        ListFollowedHashtagsRequest(page_size=size, page_token=token)
    )
    return Page(list(response.hashtags), Hydrated(), response.next_page_token)


class _Place(NamedTuple):
    """A place on the list of posts with a hashtag."""

    post_id: int


async def posts(
    backends: Backends, *, tag: str, only_media: bool, token: str, size: int
) -> Page[Post]:
    """A page of the posts with a hashtag, newest first: two calls, and more only where posts are
    hidden by now."""

    async def found(token: str, size: int) -> Skeleton[_Place]:
        response = await backends.search.ListHashtagPosts(
            ListHashtagPostsRequest(
                tag=tag, only_media=only_media, page_size=size, page_token=token
            )
        )
        following = response.next_post_id
        return Skeleton(
            list(map(_Place, response.post_ids)),
            response.next_page_token,
            next_entry=_Place(following) if following else None,
        )

    async def bodies(entries: Sequence[_Place]) -> Hydrated:
        return await hydrate_posts(backends, [each.post_id for each in entries])

    page = await read_page(found, _is_shown, token=token, size=size, hydrate=bodies)
    shown = [page.hydrated.posts[each.post_id] for each in page.entries]
    return Page(shown, page.hydrated, page.next_token)


def _is_shown(entry: _Place, found: Hydrated) -> bool:
    """The rule of tag pages: the post may be seen, and its author is not muted."""
    return rules.readable(entry.post_id, found) and rules.is_audible(
        found.posts[entry.post_id].author_id, found
    )
