"""Likes, reposts and bookmarks."""

from gateway.api.engagement import acts, queries
from gateway.api.posts.rest import POSTS
from gateway.api.users.rest import USERS
from gateway.protocols.acts import route
from gateway.protocols.rest.routes import ANYONE, Routes

engagement = Routes("Engagement", "Likes, reposts and bookmarks.")


route(engagement, acts.LIKE)
route(engagement, acts.UNLIKE)
route(engagement, acts.REPOST)
route(engagement, acts.UNDO_REPOST)
route(engagement, acts.BOOKMARK)
route(engagement, acts.REMOVE_BOOKMARK)


engagement.list(
    "/posts/{post_id}/likers",
    name="list_likers",
    about="List the users who like a post, newest like first.",
    read=queries.likers,
    kind=USERS,
    by="post_id",
    access=ANYONE,
    reasons=("POST_NOT_FOUND",),
)


engagement.list(
    "/posts/{post_id}/reposters",
    name="list_reposters",
    about="List the users who reposted a post, newest repost first.",
    read=queries.reposters,
    kind=USERS,
    by="post_id",
    access=ANYONE,
    reasons=("POST_NOT_FOUND",),
)


engagement.list(
    "/users/{user_id}/likes",
    name="list_liked_posts",
    about="List the posts that a user likes, newest like first.",
    read=queries.liked,
    kind=POSTS,
    by="user_id",
    access=ANYONE,
    reasons=("USER_NOT_FOUND", "ACCOUNT_PROTECTED"),
)


engagement.list(
    "/bookmarks",
    name="list_bookmarks",
    about="List the caller's bookmarks, newest first.",
    read=queries.bookmarked,
    kind=POSTS,
)
