"""Likes, reposts and bookmarks."""

from roost.post.v1.engagement_service_pb2 import (
    BookmarkRequest,
    LikeRequest,
    RemoveBookmarkRequest,
    RepostRequest,
    UndoRepostRequest,
    UnlikeRequest,
)

from gateway.api.engagement import queries
from gateway.api.requests import PageQuery
from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.pages import page_of, post_page, user_page
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views.shapes import Engagement, PostPage, UserPage

engagement = Routes("Engagement", "Likes, reposts and bookmarks.")

_NOT_FOUND = ("POST_NOT_FOUND",)


@engagement.change("PUT", "/posts/{post_id}/like", reasons=_NOT_FOUND)
async def like(context: RequestContext[NoQuery, NoBody]) -> Response[Engagement]:
    """Like a post."""
    response = await context.backends.engagement.Like(
        LikeRequest(post_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.engagement(response.engagement))


@engagement.change("DELETE", "/posts/{post_id}/like")
async def unlike(context: RequestContext[NoQuery, NoBody]) -> Response[Engagement]:
    """Take a like back, whatever became of the post."""
    response = await context.backends.engagement.Unlike(
        UnlikeRequest(post_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.engagement(response.engagement))


@engagement.change(
    "PUT", "/posts/{post_id}/repost", reasons=("POST_NOT_FOUND", "REPOST_NOT_ALLOWED")
)
async def repost(context: RequestContext[NoQuery, NoBody]) -> Response[Engagement]:
    """Show a post to one's followers."""
    response = await context.backends.engagement.Repost(
        RepostRequest(post_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.engagement(response.engagement, repost_id=response.repost_id))


@engagement.change("DELETE", "/posts/{post_id}/repost")
async def undo_repost(context: RequestContext[NoQuery, NoBody]) -> Response[Engagement]:
    """Take a repost back, whatever became of the post."""
    response = await context.backends.engagement.UndoRepost(
        UndoRepostRequest(post_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.engagement(response.engagement))


@engagement.change("PUT", "/posts/{post_id}/bookmark", reasons=_NOT_FOUND)
async def bookmark(context: RequestContext[NoQuery, NoBody]) -> Response[Engagement]:
    """Keep a post in one's private list."""
    response = await context.backends.engagement.Bookmark(
        BookmarkRequest(post_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.engagement(response.engagement))


@engagement.change("DELETE", "/posts/{post_id}/bookmark")
async def remove_bookmark(context: RequestContext[NoQuery, NoBody]) -> Response[Engagement]:
    """Take a post off one's private list, whatever became of it."""
    response = await context.backends.engagement.RemoveBookmark(
        RemoveBookmarkRequest(post_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.engagement(response.engagement))


@engagement.get("/posts/{post_id}/likers", access=ANYONE, reasons=_NOT_FOUND)
async def list_likers(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List who likes a post, newest like first."""
    return user_page(
        await queries.likers(context.backends, post_id=context.path_id, **page_of(context))
    )


@engagement.get("/posts/{post_id}/reposters", access=ANYONE, reasons=_NOT_FOUND)
async def list_reposters(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List who reposted a post, newest repost first."""
    return user_page(
        await queries.reposters(context.backends, post_id=context.path_id, **page_of(context))
    )


@engagement.get(
    "/users/{user_id}/likes", access=ANYONE, reasons=("USER_NOT_FOUND", "ACCOUNT_PROTECTED")
)
async def list_liked_posts(context: RequestContext[PageQuery, NoBody]) -> Response[PostPage]:
    """List what a person likes, newest like first."""
    return post_page(
        context, await queries.liked(context.backends, user_id=context.path_id, **page_of(context))
    )


@engagement.get("/bookmarks")
async def list_bookmarks(context: RequestContext[PageQuery, NoBody]) -> Response[PostPage]:
    """List one's bookmarks, newest first."""
    return post_page(context, await queries.bookmarked(context.backends, **page_of(context)))
