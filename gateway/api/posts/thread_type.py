"""A conversation around a post."""

import strawberry

from gateway.api.posts.types import (
    Post,
)
from gateway.protocols.graphql.connections import Connection
from gateway.protocols.graphql.fields import MOST


@strawberry.type(description="A conversation around a post.")
class Thread:
    """As its service has it."""

    ancestors: list[Post] = strawberry.field(
        description="The posts it answers, first one first, 50 at most; on the first page only.",
        metadata={MOST: 50},
    )
    post: Post = strawberry.field(description="The post itself.")
    replies: Connection[Post] = strawberry.field(description="Direct replies, oldest first.")
