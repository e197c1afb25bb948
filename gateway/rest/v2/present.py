"""Presents what was loaded in the shapes of version 2."""

from collections.abc import Iterable
from typing import cast

from msgspec import UNSET
from roost.post.v1 import post_pb2

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
            content=segments(message.text, message.entities),
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
            content=segments(message.text, message.entities),
            created_at=present.time(message.create_time),
        )
        return cast(v1.Revision, shown)


def segments(text: str, entities: Iterable[post_pb2.Entity]) -> list[types.Segment]:
    """The text cut where something is found in it. Put together again it is the same text, whatever
    the entities say: one that is empty, overlaps with the one before, or ends behind the text, is
    left as the text that it is."""
    cut: list[types.Segment] = []
    at = 0
    for each in entities:
        start, end = each.start, each.end
        if not at <= start < end <= len(text):
            continue
        if at < start:
            cut.append(types.PlainText(text[at:start]))
        cut.append(_segment(text[start:end], each))
        at = end
    if at < len(text):
        cut.append(types.PlainText(text[at:]))
    return cut


def _segment(text: str, entity: post_pb2.Entity) -> types.Segment:
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
