"""Likes, reposts and bookmarks."""

from gateway.api.engagement import acts, queries
from gateway.api.requests import PageQuery
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    NoBody,
    RequestContext,
    Response,
)
from gateway.protocols.rest.pages import page_of, post_page, user_page
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views.shapes import PostPage, UserPage

engagement = Routes("Engagement", "Likes, reposts and bookmarks.")

_NOT_FOUND = ("POST_NOT_FOUND",)


route(engagement, acts.LIKE)
route(engagement, acts.UNLIKE)
route(engagement, acts.REPOST)
route(engagement, acts.UNDO_REPOST)
route(engagement, acts.BOOKMARK)
route(engagement, acts.REMOVE_BOOKMARK)


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
