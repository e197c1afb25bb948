"""Posts in their conversation, and how they stand after a response."""

import strawberry
from roost.post.v1 import engagement_service_pb2
from strawberry.types import Info

from gateway.graphql.fields import MOST, loaded, shown
from gateway.graphql.ids import global_id
from gateway.graphql.types.connections import Connection
from gateway.graphql.types.parts import PostCounts, ViewerState
from gateway.graphql.types.posts import PLACE, Post, load_post, post_id


@strawberry.type(description="A conversation around a post.")
class Thread:
    """As its service has it."""

    ancestors: list[Post] = strawberry.field(
        description="The posts it answers, first one first, 50 at most; on the first page only.",
        metadata={MOST: 50},
    )
    post: Post = strawberry.field(description="The post itself.")
    replies: Connection[Post] = strawberry.field(description="Direct replies, oldest first.")


@strawberry.type(description="How a post stands after the response of whoever asks to it.")
class Engagement:
    """A view of it."""

    message: strawberry.Private[engagement_service_pb2.Engagement]
    repost_number: strawberry.Private[int] = 0

    @shown("After a repost: the id of its place on timelines; null after anything else.")
    def repost_id(self) -> strawberry.ID | None:
        """Opaque."""
        number = self.repost_number
        return strawberry.ID(global_id(PLACE, number)) if number else None

    @shown("The id of the post.")
    def post_id(self) -> strawberry.ID:
        """Global."""
        return post_id(self.message.post_id)

    @shown("How people responded.")
    def counts(self) -> PostCounts:
        """As it is now."""
        return PostCounts(message=self.message.counts)

    @shown("What whoever asks did with it.")
    def viewer(self) -> ViewerState:
        """As it is now."""
        return ViewerState(message=self.message.viewer_state)

    @loaded("The post; null where it is gone or hidden by now.")
    async def post(self, info: Info) -> Post | None:
        """Batched."""
        return await load_post(info, self.message.post_id)
