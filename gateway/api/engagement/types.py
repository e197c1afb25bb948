"""Posts in their conversation, and how they stand after a response."""

import strawberry
from roost.post.v1 import engagement_service_pb2
from strawberry.types import Info

from gateway.api.posts.parts import PostCounts, ViewerState
from gateway.api.posts.types import (
    PLACE,
    Post,
    load_post,
    post_id,
)
from gateway.protocols.graphql.fields import computed, resolved
from gateway.protocols.graphql.global_ids import global_id


@strawberry.type(description="The counts and state of a post after the caller's response to it.")
class Engagement:
    """A view of it."""

    message: strawberry.Private[engagement_service_pb2.Engagement]
    repost_number: strawberry.Private[int] = 0

    @computed("After a repost: the id of its place on timelines; null after anything else.")
    def repost_id(self) -> strawberry.ID | None:
        number = self.repost_number
        return strawberry.ID(global_id(PLACE, number)) if number else None

    @computed("The id of the post.")
    def post_id(self) -> strawberry.ID:
        return post_id(self.message.post_id)

    @computed("The engagement of users.")
    def counts(self) -> PostCounts:
        """As it is now."""
        return PostCounts(message=self.message.counts)

    @computed("What the caller did with it.")
    def viewer(self) -> ViewerState:
        """As it is now."""
        return ViewerState(message=self.message.viewer_state)

    @resolved("The post; null where it is gone or hidden by now.")
    async def post(self, info: Info) -> Post | None:
        return await load_post(info, self.message.post_id)
