"""Posts, and the conversations they form."""

from typing import Any

from msgspec import UNSET
from roost.post.v1 import post_pb2
from roost.post.v1.post_pb2 import Includes, PostRevision
from roost.post.v1.post_pb2 import Post as PostMessage
from roost.post.v1.post_service_pb2 import (
    BatchGetPostsRequest,
    CreatePostRequest,
    GetPostRequest,
    GetThreadRequest,
    MediaList,
    UpdatePostRequest,
)

from gateway.api.posts import acts, queries
from gateway.api.posts.requests import NewPost, PostChange
from gateway.core.hydrate import Hydrated
from gateway.core.ids import id_in_body
from gateway.core.pipeline import Page
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    IdsQuery,
    NoBody,
    NoQuery,
    PageKind,
    PageQuery,
    RequestContext,
    Response,
    ids_in_query,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views.shapes import Post, PostPage, RevisionPage, Thread, Visibility


def _posts_on(context: RequestContext[Any, Any], page: Page[PostMessage]) -> list[Post]:
    presenter = context.presenter(page.hydrated)
    return [presenter.message(post) for post in page.entries]


# Pages of posts, and of the revisions of a post.
POSTS = PageKind(PostPage, _posts_on)
REVISIONS: PageKind[PostRevision] = PageKind(
    RevisionPage,
    lambda context, page: [context.presenter.revision(each) for each in page.entries],
)

posts = Routes("Posts", "Writing, reading, editing and deleting posts.")

_VISIBILITY: dict[Visibility, post_pb2.Visibility] = {
    "public": post_pb2.VISIBILITY_PUBLIC,
    "followers": post_pb2.VISIBILITY_FOLLOWERS,
    "mentioned": post_pb2.VISIBILITY_MENTIONED,
}
_CONTENT_REASONS = (
    "TEXT_EMPTY",
    "TEXT_TOO_LONG",
    "TEXT_INVALID",
    "MEDIA_NOT_READY",
    "MEDIUM_IN_USE",
    "MEDIA_COMBINATION_NOT_ALLOWED",
)


@posts.change(
    "POST",
    "/posts",
    status=201,
    etag=True,
    reasons=(
        *_CONTENT_REASONS,
        "QUOTE_NOT_ALLOWED",
        "POST_NOT_FOUND",
        "REPLY_NOT_ALLOWED",
    ),
)
async def create_post(context: RequestContext[NoQuery, NewPost]) -> Response[Post]:
    """Write a post.

    A reply that asks for more viewers than the post which it answers gets that one's `visibility`.
    Nobody reads a reply who may not read the posts above it: a public reply to a protected user
    is for that user's followers.

    `POST_NOT_FOUND` is about the post to answer or to quote.
    """
    body = context.body
    response = await context.backends.posts.CreatePost(
        CreatePostRequest(
            text=body.text,
            visibility=_VISIBILITY[body.visibility],
            reply_to_post_id=id_in_body("reply_to_post_id", body.reply_to_post_id),
            quoted_post_id=id_in_body("quoted_post_id", body.quoted_post_id),
            media_ids=[id_in_body("media_ids", each) for each in body.media_ids],
            language=body.language or "",
            request_id=context.request_id,
        )
    )
    answer = _one(context, response.post, response.includes)
    answer.location = f"/posts/{response.post.id}"
    return answer


@posts.get("/posts", access=ANYONE)
async def get_posts(context: RequestContext[IdsQuery, NoBody]) -> Response[PostPage]:
    """Read several posts at once.

    In the order of `ids`, without those that the caller may not see.
    """
    response = await context.backends.posts.BatchGetPosts(
        BatchGetPostsRequest(post_ids=ids_in_query("ids", context.query.ids))
    )
    presenter = context.presenter(Hydrated.of(response.posts, response.includes))
    return Response(PostPage([presenter.message(each) for each in response.posts], None))


@posts.get("/posts/{post_id}", access=ANYONE, etag=True, reasons=("POST_NOT_FOUND",))
async def get_post(context: RequestContext[NoQuery, NoBody]) -> Response[Post]:
    """Read a post."""
    response = await context.backends.posts.GetPost(GetPostRequest(post_id=context.path_id))
    return _one(context, response.post, response.includes)


@posts.change(
    "PATCH",
    "/posts/{post_id}",
    etag=True,
    reasons=("POST_NOT_FOUND", "NOT_AUTHOR", "ETAG_MISMATCH", *_CONTENT_REASONS),
)
async def update_post(context: RequestContext[NoQuery, PostChange]) -> Response[Post]:
    """Edit a post of the caller.

    The id stays, and the old text and media are kept as a revision. Without `media_ids` the media
    stay. With `If-Match`, only if the post was not edited since it was read.
    """
    media_ids = context.body.media_ids
    response = await context.backends.posts.UpdatePost(
        UpdatePostRequest(
            post_id=context.path_id,
            text=context.body.text,
            media=None
            if media_ids is UNSET
            else MediaList(media_ids=[id_in_body("media_ids", each) for each in media_ids]),
            etag=context.expected_etag,
            language=context.body.language or "",
            request_id=context.request_id,
        )
    )
    return _one(context, response.post, response.includes)


route(posts, acts.DELETE_POST)


@posts.get("/posts/{post_id}/thread", access=ANYONE, reasons=("POST_NOT_FOUND",))
async def get_thread(context: RequestContext[PageQuery, NoBody]) -> Response[Thread]:
    """Read the conversation around a post.

    The posts it answers, the post, and a page of its direct replies. A deleted post is shown as a
    tombstone, to those who could see it.
    """
    response = await context.backends.posts.GetThread(
        GetThreadRequest(
            post_id=context.path_id,
            page_size=context.query.limit,
            page_token=context.query.cursor,
        )
    )
    everything = [*response.ancestors, response.post, *response.replies]
    presenter = context.presenter(Hydrated.of(everything, response.includes))
    token = response.next_page_token
    replies = PostPage([presenter.message(each) for each in response.replies], token or None)
    thread = Thread(
        ancestors=[presenter.message(each) for each in response.ancestors],
        post=presenter.message(response.post),
        replies=replies,
    )
    return Response(thread, next_cursor=token)


posts.list(
    "/posts/{post_id}/replies",
    name="list_replies",
    about="""List the direct replies to a post, oldest first.

    The post may be deleted. Deleted replies under which a post stands are tombstones.
    """,
    read=queries.replies,
    kind=POSTS,
    by="post_id",
    access=ANYONE,
    reasons=("POST_NOT_FOUND",),
)


posts.list(
    "/posts/{post_id}/quotes",
    name="list_quotes",
    about="List the posts that quote a post, newest first.",
    read=queries.quotes,
    kind=POSTS,
    by="post_id",
    access=ANYONE,
    reasons=("POST_NOT_FOUND",),
)


posts.list(
    "/posts/{post_id}/revisions",
    name="list_revisions",
    about="List the texts and media that a post has had, newest first.",
    read=queries.revisions,
    kind=REVISIONS,
    by="post_id",
    access=ANYONE,
    reasons=("POST_NOT_FOUND",),
)


def _one(
    context: RequestContext[Any, Any], message: PostMessage, includes: Includes
) -> Response[Post]:
    presenter = context.presenter(Hydrated.of([message], includes))
    return Response(presenter.message(message), etag=message.etag)
