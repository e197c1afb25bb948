"""Likes, reposts and bookmarks."""

import strawberry

from gateway.api.engagement import acts, queries
from gateway.api.posts.types import Post, posts_on
from gateway.api.users.types import User, people_on
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.connections import list_field
from gateway.protocols.graphql.context import own


@strawberry.type
class EngagementQueries:
    """Fields of Query about likes, reposts and bookmarks."""

    bookmarks = list_field(
        "The caller's bookmarks, newest first.", Post, queries.bookmarked, posts_on, services=own
    )


@strawberry.type
class EngagementMutations:
    """Fields of Mutation about likes, reposts and bookmarks."""

    like = mutation(acts.LIKE)
    unlike = mutation(acts.UNLIKE)
    repost = mutation(acts.REPOST)
    undo_repost = mutation(acts.UNDO_REPOST)
    bookmark = mutation(acts.BOOKMARK)
    remove_bookmark = mutation(acts.REMOVE_BOOKMARK)


# Fields of a user.
USER_FIELDS = {
    "liked_posts": list_field(
        "The posts that this user likes, newest like first.",
        Post,
        queries.liked,
        posts_on,
        by="user_id",
    ),
}
# Fields of a post.
POST_FIELDS = {
    "likers": list_field(
        "The users who like it, newest like first.", User, queries.likers, people_on, by="post_id"
    ),
    "reposters": list_field(
        "The users who reposted it, newest repost first.",
        User,
        queries.reposters,
        people_on,
        by="post_id",
    ),
}
