"""Writing, editing and deleting posts, and noting where reading stopped."""

from typing import Annotated

import strawberry
from roost.post.v1.post_service_pb2 import CreatePostRequest, DeletePostRequest, UpdatePostRequest
from roost.timeline.v1.timeline_service_pb2 import RebuildHomeTimelineRequest, SetReadMarkerRequest
from strawberry.types import Info

from gateway.graphql.arguments import Etag, PostId
from gateway.graphql.context import own
from gateway.graphql.ids import number_of
from gateway.graphql.outcomes import (
    DONE,
    Done,
    Key,
    Outcome,
    change,
    checked,
    request_id,
    result,
)
from gateway.graphql.types.parts import Visibility
from gateway.graphql.types.posts import PLACE, Post, one
from gateway.graphql.types.timelines import ReadMarker, Rebuilt, marker
from gateway.rest.ids import NO_ID
from gateway.rest.resources.lists import id_in_body
from gateway.rest.resources.requests import NewPost, PostChange
from services.chassis.text.kinds import POST

Text = Annotated[str, strawberry.argument(description=f"What the post says. {POST.limits}.")]


@strawberry.type
class PostChanges:
    """Of Mutation."""

    @change("Write a post. POST_NOT_FOUND is about the post to answer or to quote.")
    async def create_post(
        self,
        info: Info,
        *,
        text: Text,
        visibility: Annotated[
            Visibility, strawberry.argument(description="Who may see it.")
        ] = Visibility.PUBLIC,
        reply_to_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The post to answer, by id.")
        ] = None,
        quoted_post_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The post to quote, by id.")
        ] = None,
        media_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Up to four of one's own media, by number."),
        ] = None,
        idempotency_key: Key = None,
    ) -> Outcome[Post]:
        """As REST's."""
        asked = checked(NewPost, text=text, media_ids=media_ids or [])
        response = await own(info).posts.CreatePost(
            CreatePostRequest(
                text=asked.text,
                visibility=visibility.value,
                reply_to_post_id=_post_or_none(reply_to_id, "reply_to_id"),
                quoted_post_id=_post_or_none(quoted_post_id, "quoted_post_id"),
                media_ids=[id_in_body("media_ids", each) for each in asked.media_ids],
                request_id=request_id(idempotency_key),
            )
        )
        return result(one(response.post, response.includes))

    @change(
        "Edit one's own post. The id stays and the old text is kept as a revision. With `etag`, "
        "only if the post was not edited since it was read."
    )
    async def update_post(
        self,
        info: Info,
        post_id: PostId,
        text: Text,
        etag: Etag = None,
        idempotency_key: Key = None,
    ) -> Outcome[Post]:
        """As REST's."""
        asked = checked(PostChange, text=text)
        response = await own(info).posts.UpdatePost(
            UpdatePostRequest(
                post_id=number_of("Post", post_id, "post_id"),
                text=asked.text,
                etag=etag or "",
                request_id=request_id(idempotency_key),
            )
        )
        return result(one(response.post, response.includes))

    @change(
        "Delete one's own post. A tombstone keeps its place in conversations; replies stay.",
        answers=Done,
    )
    async def delete_post(self, info: Info, post_id: PostId, idempotency_key: Key = None) -> Done:
        """As REST's."""
        await own(info).posts.DeletePost(
            DeletePostRequest(
                post_id=number_of("Post", post_id, "post_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return DONE

    @change(
        "Note where one stopped reading the home timeline. The marker only moves forward, and "
        "stops at the newest entry."
    )
    async def set_home_marker(
        self,
        info: Info,
        last_read_id: Annotated[
            strawberry.ID, strawberry.argument(description="The id of a place on a timeline.")
        ],
        idempotency_key: Key = None,
    ) -> Outcome[ReadMarker]:
        """As REST's."""
        response = await own(info).timelines.SetReadMarker(
            SetReadMarkerRequest(
                last_read_entry_id=number_of(PLACE, last_read_id, "last_read_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(marker(PLACE, response.marker.last_read_entry_id, response.marker))

    @change(
        "Build one's home timeline anew. Nobody needs this: a home that is missing is built when "
        "it is read. At most every 10 seconds."
    )
    async def rebuild_home_timeline(self, info: Info) -> Outcome[Rebuilt]:
        """As REST's."""
        response = await own(info).timelines.RebuildHomeTimeline(RebuildHomeTimelineRequest())
        return result(Rebuilt(entry_count=response.entry_count))


def _post_or_none(text: str | None, argument: str) -> int:
    return NO_ID if text is None else number_of("Post", text, argument)
