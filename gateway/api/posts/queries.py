"""Lists of posts; each response brings everything that is needed to show them."""

from collections.abc import Sequence
from typing import Protocol

from roost.post.v1.post_pb2 import Includes, Post, PostRevision
from roost.post.v1.post_service_pb2 import (
    ListPostRevisionsRequest,
    ListQuotesRequest,
    ListRepliesRequest,
)

from gateway.core import rules
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from gateway.core.pipeline import (
    Page,
    Skeleton,
    Source,
    read_page,
)


class PostsResponse(Protocol):
    """What the services answer lists of posts with."""

    @property
    def posts(self) -> Sequence[Post]:
        """In the order of the list."""
        ...

    @property
    def includes(self) -> Includes:
        """What is needed to show them."""
        ...

    @property
    def next_page_token(self) -> str:
        """Empty on the last page."""
        ...


async def replies(backends: Backends, *, post_id: int, token: str, size: int) -> Page[Post]:
    """A page of the direct replies to a post, oldest first."""

    async def found(token: str, size: int) -> Skeleton[Post]:
        return posts_skeleton(
            await backends.posts.ListReplies(
                ListRepliesRequest(post_id=post_id, page_size=size, page_token=token)
            )
        )

    return await posts_page(found, token, size)


async def quotes(backends: Backends, *, post_id: int, token: str, size: int) -> Page[Post]:
    """A page of the posts that quote a post, newest first."""

    async def found(token: str, size: int) -> Skeleton[Post]:
        return posts_skeleton(
            await backends.posts.ListQuotes(
                ListQuotesRequest(post_id=post_id, page_size=size, page_token=token)
            )
        )

    return await posts_page(found, token, size)


async def revisions(
    backends: Backends, *, post_id: int, token: str, size: int
) -> Page[PostRevision]:
    """A page of the texts that a post has had, newest first."""
    response = await backends.posts.ListPostRevisions(
        ListPostRevisionsRequest(post_id=post_id, page_size=size, page_token=token)
    )
    return Page(list(response.revisions), Hydrated(), response.next_page_token)


async def posts_page(source: Source[Post], token: str, size: int) -> Page[Post]:
    return await read_page(source, rules.authored, token=token, size=size)


def posts_skeleton(response: PostsResponse) -> Skeleton[Post]:
    found = Hydrated.of(response.posts, response.includes)
    return Skeleton(list(response.posts), response.next_page_token, found)
