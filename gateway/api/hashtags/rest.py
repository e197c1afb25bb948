"""Hashtags: their use, their posts, who follows them, and trends."""

from msgspec import UNSET
from roost.search.v1.search_pb2 import HashtagUse as HashtagUseMessage
from roost.timeline.v1.timeline_pb2 import FollowedHashtag

from gateway.api.hashtags import acts, queries
from gateway.api.hashtags.requests import HashtagPostsQuery, TrendsQuery
from gateway.api.posts.rest import POSTS
from gateway.core.ids import NO_ID
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    PageKind,
    RequestContext,
    Response,
    place,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import search as views
from gateway.views.search_shapes import HashtagFollowPage, HashtagPage, HashtagUse, Trends
from gateway.views.shapes import PostPage

# Pages of hashtags.
HASHTAGS: PageKind[HashtagUseMessage] = PageKind(
    HashtagPage, lambda _, page: [views.hashtag_use(each) for each in page.entries]
)
_FOLLOWED: PageKind[FollowedHashtag] = PageKind(
    HashtagFollowPage, lambda _, page: [views.followed_hashtag(each) for each in page.entries]
)

hashtags = Routes("Hashtags", "The use of hashtags, following them, and trends.")


@hashtags.get("/trends", access=ANYONE)
async def list_trends(context: RequestContext[TrendsQuery, NoBody]) -> Response[Trends]:
    """List the hashtags whose use rises most, at most 20.

    Compared with their own past, by the number of their authors.
    """
    return Response(
        views.trends(await queries.trends(context.backends, language=context.query.language))
    )


@hashtags.get("/hashtags/{tag}", access=ANYONE, reasons=("HASHTAG_INVALID",))
async def get_hashtag(context: RequestContext[NoQuery, NoBody]) -> Response[HashtagUse]:
    """Read how a hashtag is used.

    With or without its # (`%23`), in any spelling. One that nobody uses has zeros.
    """
    use = await queries.hashtag(context.backends, context.path_text)
    if context.viewer_id == NO_ID:
        return Response(views.hashtag_use(use, following=UNSET))
    followed = await queries.followed(context.backends, [use.tag])
    return Response(views.hashtag_use(use, following=use.tag in followed))


@hashtags.get("/hashtags/{tag}/posts", access=ANYONE, reasons=("HASHTAG_INVALID",))
async def list_hashtag_posts(
    context: RequestContext[HashtagPostsQuery, NoBody],
) -> Response[PostPage]:
    """List the posts with a hashtag that the caller may see, newest first, without muted users."""
    return POSTS.response(
        context,
        await queries.posts(
            context.backends,
            tag=context.path_text,
            only_media=context.query.only_media,
            **place(context),
        ),
    )


route(hashtags, acts.FOLLOW_HASHTAG)
route(hashtags, acts.UNFOLLOW_HASHTAG)


hashtags.list(
    "/followed-hashtags",
    name="list_followed_hashtags",
    about="List the hashtags that the caller follows, newest follow first.",
    read=queries.followed_by_caller,
    kind=_FOLLOWED,
)
