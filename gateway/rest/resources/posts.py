"""Posts, and the conversations they form."""

from typing import Any

from roost.post.v1 import post_pb2
from roost.post.v1.post_pb2 import Includes
from roost.post.v1.post_pb2 import Post as PostMessage
from roost.post.v1.post_service_pb2 import (
    BatchGetPostsRequest,
    CreatePostRequest,
    DeletePostRequest,
    GetPostRequest,
    GetThreadRequest,
    ListPostRevisionsRequest,
    UpdatePostRequest,
)

from gateway.hydrate import Hydrated
from gateway.reading import posts as reading
from gateway.rest.exchange import NOTHING, Answer, Call, NoBody, NoContent, NoQuery
from gateway.rest.resources.lists import (
    id_in_body,
    ids_in_query,
    page_of,
    paging,
    post_page,
    timeline_page,
)
from gateway.rest.resources.requests import IdsQuery, NewPost, PageQuery, PostChange, UserPostsQuery
from gateway.rest.routes import ANYONE, Routes
from gateway.rest.v1.types import (
    Post,
    PostPage,
    RevisionPage,
    Thread,
    TimelinePage,
    Visibility,
)

posts = Routes("Posts", "Writing, reading, editing and deleting posts.")

_VISIBILITY: dict[Visibility, post_pb2.Visibility] = {
    "public": post_pb2.VISIBILITY_PUBLIC,
    "followers": post_pb2.VISIBILITY_FOLLOWERS,
    "mentioned": post_pb2.VISIBILITY_MENTIONED,
}
_TEXT_REASONS = ("TEXT_EMPTY", "TEXT_TOO_LONG", "TEXT_INVALID")


@posts.change(
    "POST",
    "/posts",
    status=201,
    etag=True,
    reasons=(
        *_TEXT_REASONS,
        "QUOTE_NOT_ALLOWED",
        "POST_NOT_FOUND",
        "MEDIA_NOT_READY",
        "REPLY_NOT_ALLOWED",
    ),
)
async def create_post(call: Call[NoQuery, NewPost]) -> Answer[Post]:
    """Write a post.

    A reply that asks for more readers than the post which it answers gets that one's `visibility`.
    Nobody reads a reply who may not read the posts above it: a public reply to a protected person
    is for that person's followers.

    `POST_NOT_FOUND` is about the post to answer or to quote.
    """
    body = call.body
    response = await call.backends.posts.CreatePost(
        CreatePostRequest(
            text=body.text,
            visibility=_VISIBILITY[body.visibility],
            reply_to_post_id=id_in_body("reply_to_post_id", body.reply_to_post_id),
            quoted_post_id=id_in_body("quoted_post_id", body.quoted_post_id),
            media_ids=[id_in_body("media_ids", each) for each in body.media_ids],
            request_id=call.request_id,
        )
    )
    answer = _one(call, response.post, response.includes)
    answer.location = f"/posts/{response.post.id}"
    return answer


@posts.get("/posts", access=ANYONE)
async def get_posts(call: Call[IdsQuery, NoBody]) -> Answer[PostPage]:
    """Read several posts at once.

    In the order of `ids`, without those that the caller may not see.
    """
    response = await call.backends.posts.BatchGetPosts(
        BatchGetPostsRequest(post_ids=ids_in_query("ids", call.query.ids))
    )
    showing = call.showing(Hydrated.of(response.posts, response.includes))
    return Answer(PostPage([showing.message(each) for each in response.posts], None))


@posts.get("/posts/{post_id}", access=ANYONE, etag=True, reasons=("POST_NOT_FOUND",))
async def get_post(call: Call[NoQuery, NoBody]) -> Answer[Post]:
    """Read a post."""
    response = await call.backends.posts.GetPost(GetPostRequest(post_id=call.path_id))
    return _one(call, response.post, response.includes)


@posts.change(
    "PATCH",
    "/posts/{post_id}",
    etag=True,
    reasons=("POST_NOT_FOUND", "NOT_AUTHOR", "ETAG_MISMATCH", *_TEXT_REASONS),
)
async def update_post(call: Call[NoQuery, PostChange]) -> Answer[Post]:
    """Edit one's own post.

    The id stays and the old text is kept as a revision. With `If-Match`, only if the post was not
    edited since it was read.
    """
    response = await call.backends.posts.UpdatePost(
        UpdatePostRequest(
            post_id=call.path_id,
            text=call.body.text,
            etag=call.expected_etag,
            request_id=call.request_id,
        )
    )
    return _one(call, response.post, response.includes)


@posts.change("DELETE", "/posts/{post_id}", reasons=("POST_NOT_FOUND", "NOT_AUTHOR"))
async def delete_post(call: Call[NoQuery, NoBody]) -> Answer[NoContent]:
    """Delete one's own post.

    A tombstone keeps its place in conversations; replies stay. Repeating it changes nothing. From
    then on the post is not found, but its thread and its replies are, with the tombstone.
    """
    await call.backends.posts.DeletePost(
        DeletePostRequest(post_id=call.path_id, request_id=call.request_id)
    )
    return NOTHING


@posts.get("/posts/{post_id}/thread", access=ANYONE, reasons=("POST_NOT_FOUND",))
async def get_thread(call: Call[PageQuery, NoBody]) -> Answer[Thread]:
    """Read the conversation around a post.

    The posts it answers, the post, and a page of its direct replies. A deleted post is shown as a
    tombstone, to those who could see it.
    """
    response = await call.backends.posts.GetThread(
        GetThreadRequest(post_id=call.path_id, **paging(call))
    )
    everything = [*response.ancestors, response.post, *response.replies]
    showing = call.showing(Hydrated.of(everything, response.includes))
    token = response.next_page_token
    replies = PostPage([showing.message(each) for each in response.replies], token or None)
    thread = Thread(
        ancestors=[showing.message(each) for each in response.ancestors],
        post=showing.message(response.post),
        replies=replies,
    )
    return Answer(thread, next_cursor=token)


@posts.get("/posts/{post_id}/replies", access=ANYONE, reasons=("POST_NOT_FOUND",))
async def list_replies(call: Call[PageQuery, NoBody]) -> Answer[PostPage]:
    """List the direct replies to a post, oldest first.

    The post may be deleted. Deleted replies under which a post stands are tombstones.
    """
    return post_page(
        call, await reading.replies(call.backends, post_id=call.path_id, **page_of(call))
    )


@posts.get("/posts/{post_id}/quotes", access=ANYONE, reasons=("POST_NOT_FOUND",))
async def list_quotes(call: Call[PageQuery, NoBody]) -> Answer[PostPage]:
    """List the posts that quote a post, newest first."""
    return post_page(
        call, await reading.quotes(call.backends, post_id=call.path_id, **page_of(call))
    )


@posts.get("/posts/{post_id}/revisions", access=ANYONE, reasons=("POST_NOT_FOUND",))
async def list_revisions(call: Call[PageQuery, NoBody]) -> Answer[RevisionPage]:
    """List the texts that a post has had, newest first."""
    response = await call.backends.posts.ListPostRevisions(
        ListPostRevisionsRequest(post_id=call.path_id, **paging(call))
    )
    items = [call.showing.revision(each) for each in response.revisions]
    token = response.next_page_token
    return Answer(RevisionPage(items, token or None), next_cursor=token)


@posts.get("/users/{user_id}/posts", access=ANYONE, reasons=("USER_NOT_FOUND", "ACCOUNT_PROTECTED"))
async def list_user_posts(call: Call[UserPostsQuery, NoBody]) -> Answer[TimelinePage]:
    """List a person's posts and reposts, newest first."""
    return timeline_page(
        call,
        await reading.by_user(
            call.backends,
            user_id=call.path_id,
            include_replies=call.query.include_replies,
            **page_of(call),
        ),
    )


def _one(call: Call[Any, Any], message: PostMessage, includes: Includes) -> Answer[Post]:
    showing = call.showing(Hydrated.of([message], includes))
    return Answer(showing.message(message), etag=message.etag)
