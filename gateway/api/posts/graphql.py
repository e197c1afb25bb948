"""Posts: reading, writing, editing and deleting them."""

from typing import Annotated

import strawberry
from roost.post.v1.post_service_pb2 import (
    BatchGetPostsRequest,
    CreatePostRequest,
    GetPostRequest,
    GetThreadRequest,
    MediaList,
    UpdatePostRequest,
)
from strawberry.types import Info

from gateway.api.media.types import Medium
from gateway.api.posts import acts
from gateway.api.posts.parts import Visibility
from gateway.api.posts.requests import NewPost, PostChange
from gateway.api.posts.thread_type import Thread
from gateway.api.posts.types import (
    Post,
    PostId,
    Seen,
    one,
)
from gateway.core.hydrate import Hydrated
from gateway.core.ids import NO_ID
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.arguments import MAX_IDS, Etag, numbers_of
from gateway.protocols.graphql.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    place,
)
from gateway.protocols.graphql.context import backends_of, own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    Key,
    Outcome,
    change,
    request_id,
    result,
    validated,
)
from services.chassis.text.kinds import POST


@strawberry.type
class PostQueries:
    """Fields of Query about posts."""

    @resolved("A post. Refused with POST_NOT_FOUND where the caller may see none.")
    async def post(self, info: Info, id: PostId) -> Post:  # noqa: A002
        request = GetPostRequest(post_id=number_of("Post", id, "id"))
        response = await backends_of(info).posts.GetPost(request)
        return one(response.post, response.includes)

    @resolved("Several posts, in the order of `ids`, without those that may not be seen.")
    async def posts(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 posts, by id.")
        ],
    ) -> list[Post]:
        request = BatchGetPostsRequest(post_ids=numbers_of("Post", ids, "ids", most=MAX_IDS))
        response = await backends_of(info).posts.BatchGetPosts(request)
        seen = Seen(Hydrated.of(response.posts, response.includes))
        return [seen.post(each) for each in response.posts]

    @resolved("The conversation around a post: what it answers, itself, and its direct replies.")
    async def thread(
        self,
        info: Info,
        id: PostId,  # noqa: A002
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> Thread:
        wanted = place(first, after)
        response = await backends_of(info).posts.GetThread(
            GetThreadRequest(
                post_id=number_of("Post", id, "id"),
                page_size=wanted.size,
                page_token=wanted.token,
            )
        )
        everything = [*response.ancestors, response.post, *response.replies]
        seen = Seen(Hydrated.of(everything, response.includes))
        return Thread(
            ancestors=[seen.post(each) for each in response.ancestors],
            post=seen.post(response.post),
            replies=Connection(
                items=[seen.post(each) for each in response.replies],
                next_token=response.next_page_token,
                token=wanted.token,
            ),
        )


Text = Annotated[
    str,
    strawberry.argument(
        description=f"What the post says. {POST.limits}. Empty where media say it all."
    ),
]
MediaIds = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description="The caller's own media in order, by id: up to four pictures, or one "
        "animation, video or audio."
    ),
]


@strawberry.type
class PostMutations:
    """Fields of Mutation about posts."""

    @change("Write a post. POST_NOT_FOUND is about the post to answer or to quote.")
    async def create_post(
        self,
        info: Info,
        *,
        text: Text = "",
        visibility: Annotated[
            Visibility, strawberry.argument(description="Who may see it.")
        ] = Visibility.PUBLIC,
        reply_to_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The post to answer, by id.")
        ] = None,
        quoted_post_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The post to quote, by id.")
        ] = None,
        media_ids: MediaIds = None,
        language: Annotated[
            str | None,
            strawberry.argument(
                description="The language of the text, an ISO 639 code of two or three lower-case "
                "letters; null to detect it."
            ),
        ] = None,
        idempotency_key: Key = None,
    ) -> Outcome[Post]:
        media = _media(media_ids or [])
        asked = validated(NewPost, text=text, media_ids=list(map(str, media)), language=language)
        response = await own(info).posts.CreatePost(
            CreatePostRequest(
                text=asked.text,
                visibility=visibility.value,
                reply_to_post_id=_post_or_none(reply_to_id, "reply_to_id"),
                quoted_post_id=_post_or_none(quoted_post_id, "quoted_post_id"),
                media_ids=media,
                language=asked.language or "",
                request_id=request_id(idempotency_key),
            )
        )
        return result(one(response.post, response.includes))

    @change(
        "Edit a post of the caller. The id stays, and the old text and media are kept as a "
        "revision. Without `mediaIds` the media stay. With `etag`, only if the post was not "
        "edited since it was read."
    )
    async def update_post(
        self,
        info: Info,
        post_id: PostId,
        text: Text,
        *,
        media_ids: MediaIds = strawberry.UNSET,
        language: Annotated[
            str | None,
            strawberry.argument(
                description="The language of the new text; null to keep what the author gave "
                "before, and to detect it otherwise."
            ),
        ] = None,
        etag: Etag = None,
        idempotency_key: Key = None,
    ) -> Outcome[Post]:
        media = None if media_ids is strawberry.UNSET else _media(media_ids or [])
        given = {} if media is None else {"media_ids": list(map(str, media))}
        asked = validated(PostChange, text=text, language=language, **given)
        response = await own(info).posts.UpdatePost(
            UpdatePostRequest(
                post_id=number_of("Post", post_id, "post_id"),
                text=asked.text,
                media=None if media is None else MediaList(media_ids=media),
                etag=etag or "",
                language=asked.language or "",
                request_id=request_id(idempotency_key),
            )
        )
        return result(one(response.post, response.includes))

    delete_post = mutation(acts.DELETE_POST)


def _media(ids: list[strawberry.ID]) -> list[int]:
    return [number_of(Medium.kind, each, "media_ids") for each in ids]


def _post_or_none(text: str | None, argument: str) -> int:
    return NO_ID if text is None else number_of("Post", text, argument)
