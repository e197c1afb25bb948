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

from gateway.graphql.arguments import PostId
from gateway.graphql.context import own
from gateway.graphql.ids import number_of
from gateway.graphql.outcomes import Key, Outcome, change, request_id, result
from gateway.graphql.types.conversations import Engagement


@strawberry.type
class EngagementChanges:
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
