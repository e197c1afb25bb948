"""Presents what was loaded in the shapes of version 2."""

from collections.abc import Iterable
from typing import cast

from msgspec import UNSET
from roost.post.v1 import post_pb2

from gateway.reading.segments import segments
from gateway.rest.v1 import present
from gateway.rest.v1 import types as v1
from gateway.rest.v2 import types


class Showing(present.Showing):
    """One answer in the making, whose posts hold segments in place of text and entities."""

    __slots__ = ()

    @staticmethod
    def post(
        message: post_pb2.Post, *, author: v1.User | None, quoted: v1.Post | None, hidden: bool
    ) -> v1.Post:
        """A post with its author and the post it quotes."""
        shown = types.Post(
            id=str(message.id),
            author=author,
            content=content(message.text, message.entities),
            visibility=present.visibility(message),
            reply_to=present.reply_to(message),
            conversation_id=str(message.conversation_id),
            quoted_post_id=present.id_or_none(message.quoted_post_id),
            quoted_post=cast(types.Post | None, quoted),
            quote_hidden=hidden,
            media_ids=[str(each) for each in message.media_ids],
            created_at=present.time(message.create_time),
            edited_at=present.time(message.edit_time) if message.HasField("edit_time") else None,
            revision=message.revision,
            counts=present.counts(message.counts),
            deleted=message.deleted,
            viewer=present.viewer_state(message.viewer_state)
            if message.HasField("viewer_state")
            else UNSET,
        )
        return cast(v1.Post, shown)

    @staticmethod
    def revision(message: post_pb2.PostRevision) -> v1.Revision:
        """The text of a post at one time."""
        shown = types.Revision(
            revision=message.revision,
            content=content(message.text, message.entities),
            created_at=present.time(message.create_time),
        )
        return cast(v1.Revision, shown)


def content(text: str, entities: Iterable[post_pb2.Entity]) -> list[types.Segment]:
    """The text in segments."""
    return [_segment(each.text, each.entity) for each in segments(text, entities)]


def _segment(text: str, entity: post_pb2.Entity | None) -> types.Segment:
    if entity is None:
        return types.PlainText(text)
    match entity.WhichOneof("kind"):
        case "mention":
            return types.Mention(text, str(entity.mention.user_id), entity.mention.handle)
        case "hashtag":
            return types.Hashtag(text, entity.hashtag.tag)
        case "link":
            return types.Link(text, entity.link.url)
        case _:
            # Of a kind that a newer service finds: this one does not know what it stands for.
            return types.PlainText(text)
