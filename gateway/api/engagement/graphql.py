"""Likes, reposts and bookmarks."""

import strawberry
from roost.post.v1.engagement_service_pb2 import (
    BookmarkRequest,
    LikeRequest,
    RemoveBookmarkRequest,
    RepostRequest,
    UndoRepostRequest,
    UnlikeRequest,
)
from strawberry.types import Info

from gateway.api.engagement import queries
from gateway.api.engagement.types import Engagement
from gateway.api.posts.types import Post, posts_on
from gateway.api.users.types import User, people_on
from gateway.protocols.graphql.arguments import PostId
from gateway.protocols.graphql.connections import list_field
from gateway.protocols.graphql.context import own
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    Key,
    Outcome,
    change,
    request_id,
    result,
)


@strawberry.type
class EngagementQueries:
    """Of Query."""

    bookmarks = list_field(
        "One's bookmarks, newest first.", Post, queries.bookmarked, posts_on, services=own
    )


@strawberry.type
class EngagementMutations:
    """Of Mutation."""

    @change("Like a post.")
    async def like(
        self, info: Info, post_id: PostId, idempotency_key: Key = None
    ) -> Outcome[Engagement]:
        """As REST's."""
        response = await own(info).engagement.Like(
            LikeRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Engagement(message=response.engagement))

    @change("Take a like back, whatever became of the post.")
    async def unlike(
        self, info: Info, post_id: PostId, idempotency_key: Key = None
    ) -> Outcome[Engagement]:
        """As REST's."""
        response = await own(info).engagement.Unlike(
            UnlikeRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Engagement(message=response.engagement))

    @change("Show a post to one's followers.")
    async def repost(
        self, info: Info, post_id: PostId, idempotency_key: Key = None
    ) -> Outcome[Engagement]:
        """As REST's."""
        response = await own(info).engagement.Repost(
            RepostRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Engagement(message=response.engagement, repost_number=response.repost_id))

    @change("Take a repost back, whatever became of the post.")
    async def undo_repost(
        self, info: Info, post_id: PostId, idempotency_key: Key = None
    ) -> Outcome[Engagement]:
        """As REST's."""
        response = await own(info).engagement.UndoRepost(
            UndoRepostRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Engagement(message=response.engagement))

    @change("Keep a post in one's private list.")
    async def bookmark(
        self, info: Info, post_id: PostId, idempotency_key: Key = None
    ) -> Outcome[Engagement]:
        """As REST's."""
        response = await own(info).engagement.Bookmark(
            BookmarkRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Engagement(message=response.engagement))

    @change("Take a post off one's private list, whatever became of it.")
    async def remove_bookmark(
        self, info: Info, post_id: PostId, idempotency_key: Key = None
    ) -> Outcome[Engagement]:
        """As REST's."""
        response = await own(info).engagement.RemoveBookmark(
            RemoveBookmarkRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Engagement(message=response.engagement))


# Fields of a user.
USER_FIELDS = {
    "liked_posts": list_field(
        "What they like, newest like first.", Post, queries.liked, posts_on, by="user_id"
    ),
}
# Fields of a post.
POST_FIELDS = {
    "likers": list_field(
        "Who likes it, newest like first.", User, queries.likers, people_on, by="post_id"
    ),
    "reposters": list_field(
        "Who reposted it, newest repost first.", User, queries.reposters, people_on, by="post_id"
    ),
}
