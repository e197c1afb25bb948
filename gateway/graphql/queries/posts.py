"""Posts, timelines, and where reading stopped."""

from typing import Annotated

import strawberry
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, GetPostRequest, GetThreadRequest
from roost.timeline.v1.timeline_service_pb2 import GetReadMarkerRequest
from strawberry.types import Info

from gateway.graphql.arguments import MAX_IDS, PostId, numbers_of
from gateway.graphql.context import Context, backends_of, own
from gateway.graphql.fields import loaded
from gateway.graphql.ids import number_of
from gateway.graphql.types.connections import DEFAULT_FIRST, After, Connection, First, place
from gateway.graphql.types.conversations import Thread
from gateway.graphql.types.posts import PLACE, Post, Seen, one, posts_on
from gateway.graphql.types.timelines import (
    HomeOrder,
    ReadMarker,
    TimelineItem,
    items_on,
    marker,
)
from gateway.hydrate import Hydrated
from gateway.reading import posts as read_posts
from gateway.reading import timelines as reading


@strawberry.type
class PostQueries:
    """Of Query."""

    @loaded("A post. Refused with POST_NOT_FOUND where there is none for whoever asks.")
    async def post(self, info: Info, id: PostId) -> Post:  # noqa: A002
        """As REST's."""
        request = GetPostRequest(post_id=number_of("Post", id, "id"))
        response = await backends_of(info).posts.GetPost(request)
        return one(response.post, response.includes)

    @loaded("Several posts, in the order of `ids`, without those that may not be seen.")
    async def posts(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 posts, by id.")
        ],
    ) -> list[Post]:
        """As REST's."""
        request = BatchGetPostsRequest(post_ids=numbers_of("Post", ids, "ids", most=MAX_IDS))
        response = await backends_of(info).posts.BatchGetPosts(request)
        seen = Seen(Hydrated.of(response.posts, response.includes))
        return [seen.post(each) for each in response.posts]

    @loaded("The conversation around a post: what it answers, itself, and its direct replies.")
    async def thread(
        self,
        info: Info,
        id: PostId,  # noqa: A002
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> Thread:
        """As REST's."""
        wanted = place(first, after)
        response = await backends_of(info).posts.GetThread(
            GetThreadRequest(
                post_id=number_of("Post", id, "id"),
                page_size=wanted.size,
                page_token=wanted.token,
            )
        )
        everything = [*response.ancestors, response.post, *response.replies]
        seen = Seen(Hydrated.of(everything, response.includes))
        return Thread(
            ancestors=[seen.post(each) for each in response.ancestors],
            post=seen.post(response.post),
            replies=Connection(
                items=[seen.post(each) for each in response.replies],
                next_token=response.next_page_token,
                token=wanted.token,
            ),
        )

    @loaded("One's bookmarks, newest first.")
    async def bookmarks(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Post]:
        """As REST's."""
        wanted = place(first, after)
        return posts_on(await read_posts.bookmarked(own(info), **wanted._asdict()), wanted)

    @loaded(
        "One's own posts, those of the people one follows, and what they repost, without muted "
        "people.",
        cost=20,
    )
    async def home_timeline(
        self,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        order: Annotated[
            HomeOrder, strawberry.argument(description="How it is ordered.")
        ] = HomeOrder.LATEST,
    ) -> Connection[TimelineItem]:
        """As REST's."""
        wanted = place(first, after)
        context: Context = info.context
        page = await reading.home(
            context.backends,
            viewer_id=context.person(),
            order=order.value,
            **wanted._asdict(),
        )
        return items_on(page, wanted)

    @loaded(
        "Public posts of everybody that answer nobody, newest first, without muted people.",
        cost=20,
    )
    async def public_timeline(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[TimelineItem]:
        """As REST's."""
        wanted = place(first, after)
        return items_on(await reading.public(backends_of(info), **wanted._asdict()), wanted)

    @loaded("Where one stopped reading the home timeline.")
    async def home_marker(self, info: Info) -> ReadMarker:
        """As REST's."""
        response = await own(info).timelines.GetReadMarker(GetReadMarkerRequest())
        return marker(PLACE, response.marker.last_read_entry_id, response.marker)
