"""Likes, reposts and bookmarks."""

from roost.post.v1.engagement_service_pb2 import (
    BookmarkRequest,
    LikeRequest,
    RemoveBookmarkRequest,
    RepostRequest,
    UndoRepostRequest,
    UnlikeRequest,
)

from gateway.reading import people, posts
from gateway.rest.exchange import Answer, Call, NoBody, NoQuery
from gateway.rest.resources.lists import page_of, post_page, user_page
from gateway.rest.resources.requests import PageQuery
from gateway.rest.routes import ANYONE, Routes
from gateway.rest.v1 import present
from gateway.rest.v1.types import Engagement, PostPage, UserPage

engagement = Routes("Engagement", "Likes, reposts and bookmarks.")

_NOT_FOUND = ("POST_NOT_FOUND",)


@engagement.change("PUT", "/posts/{post_id}/like", reasons=_NOT_FOUND)
async def like(call: Call[NoQuery, NoBody]) -> Answer[Engagement]:
    """Like a post."""
    response = await call.backends.engagement.Like(
        LikeRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.engagement(response.engagement))


@engagement.change("DELETE", "/posts/{post_id}/like")
async def unlike(call: Call[NoQuery, NoBody]) -> Answer[Engagement]:
    """Take a like back, whatever became of the post."""
    response = await call.backends.engagement.Unlike(
        UnlikeRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.engagement(response.engagement))


@engagement.change(
    "PUT", "/posts/{post_id}/repost", reasons=("POST_NOT_FOUND", "REPOST_NOT_ALLOWED")
)
async def repost(call: Call[NoQuery, NoBody]) -> Answer[Engagement]:
    """Show a post to one's followers."""
    response = await call.backends.engagement.Repost(
        RepostRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.engagement(response.engagement, repost_id=response.repost_id))


@engagement.change("DELETE", "/posts/{post_id}/repost")
async def undo_repost(call: Call[NoQuery, NoBody]) -> Answer[Engagement]:
    """Take a repost back, whatever became of the post."""
    response = await call.backends.engagement.UndoRepost(
        UndoRepostRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.engagement(response.engagement))


@engagement.change("PUT", "/posts/{post_id}/bookmark", reasons=_NOT_FOUND)
async def bookmark(call: Call[NoQuery, NoBody]) -> Answer[Engagement]:
    """Keep a post in one's private list."""
    response = await call.backends.engagement.Bookmark(
        BookmarkRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.engagement(response.engagement))


@engagement.change("DELETE", "/posts/{post_id}/bookmark")
async def remove_bookmark(call: Call[NoQuery, NoBody]) -> Answer[Engagement]:
    """Take a post off one's private list, whatever became of it."""
    response = await call.backends.engagement.RemoveBookmark(
        RemoveBookmarkRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.engagement(response.engagement))


@engagement.get("/posts/{post_id}/likers", access=ANYONE, reasons=_NOT_FOUND)
async def list_likers(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List who likes a post, newest like first."""
    return user_page(await people.likers(call.backends, post_id=call.path_id, **page_of(call)))


@engagement.get("/posts/{post_id}/reposters", access=ANYONE, reasons=_NOT_FOUND)
async def list_reposters(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List who reposted a post, newest repost first."""
    return user_page(await people.reposters(call.backends, post_id=call.path_id, **page_of(call)))


@engagement.get(
    "/users/{user_id}/likes", access=ANYONE, reasons=("USER_NOT_FOUND", "ACCOUNT_PROTECTED")
)
async def list_liked_posts(call: Call[PageQuery, NoBody]) -> Answer[PostPage]:
    """List what a person likes, newest like first."""
    return post_page(call, await posts.liked(call.backends, user_id=call.path_id, **page_of(call)))


@engagement.get("/bookmarks")
async def list_bookmarks(call: Call[PageQuery, NoBody]) -> Answer[PostPage]:
    """List one's bookmarks, newest first."""
    return post_page(call, await posts.bookmarked(call.backends, **page_of(call)))
