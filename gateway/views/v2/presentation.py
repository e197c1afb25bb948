"""Presents what was loaded in the shapes of version 2."""

from collections.abc import Iterable
from typing import cast

from msgspec import UNSET
from roost.post.v1 import post_pb2

from gateway.views import media, presentation, times
from gateway.views import shapes as v1
from gateway.views.segments import segments
from gateway.views.v2 import shapes


class Presenter(presentation.Presenter):
    """Presents one response; posts hold segments in place of text and entities."""

    __slots__ = ()

    @staticmethod
    def post(
        message: post_pb2.Post, *, author: v1.User | None, quoted: v1.Post | None, hidden: bool
    ) -> v1.Post:
        """A post with its author and the post it quotes."""
        shown = shapes.Post(
            id=str(message.id),
            author=author,
            content=content(message.text, message.entities),
            visibility=presentation.visibility(message),
            reply_to=presentation.reply_to(message),
            conversation_id=str(message.conversation_id),
            quoted_post_id=presentation.id_or_none(message.quoted_post_id),
            quoted_post=cast(shapes.Post | None, quoted),
            quote_hidden=hidden,
            media_ids=[str(each) for each in message.media_ids],
            media=media.media(message.media),
            created_at=times.time(message.create_time),
            edited_at=times.time(message.edit_time) if message.HasField("edit_time") else None,
            revision=message.revision,
            counts=presentation.counts(message.counts),
            language=message.language or None,
            deleted=message.deleted,
            viewer=presentation.viewer_state(message.viewer_state)
            if message.HasField("viewer_state")
            else UNSET,
        )
        return cast(v1.Post, shown)

    @staticmethod
    def revision(message: post_pb2.PostRevision) -> v1.Revision:
        """The text and the media of a post at one time."""
        shown = shapes.Revision(
            revision=message.revision,
            content=content(message.text, message.entities),
            media=media.media(message.media),
            created_at=times.time(message.create_time),
        )
        return cast(v1.Revision, shown)


def content(text: str, entities: Iterable[post_pb2.Entity]) -> list[shapes.Segment]:
    """The text in segments."""
    return [_segment(each.text, each.entity) for each in segments(text, entities)]


def _segment(text: str, entity: post_pb2.Entity | None) -> shapes.Segment:
    if entity is None:
        return shapes.PlainText(text)
    match entity.WhichOneof("kind"):
        case "mention":
            return shapes.Mention(text, str(entity.mention.user_id), entity.mention.handle)
        case "hashtag":
            return shapes.Hashtag(text, entity.hashtag.tag)
        case "link":
            return shapes.Link(text, entity.link.url)
        case _:
            # A kind of a newer service that has no shape here.
            return shapes.PlainText(text)
