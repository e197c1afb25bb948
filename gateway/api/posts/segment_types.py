"""The text of a post, cut where something is found in it."""

from collections.abc import Iterable
from typing import Annotated

import strawberry
from roost.post.v1 import post_pb2
from strawberry.types import Info

from gateway.api.users import types as users
from gateway.api.users.types import User
from gateway.protocols.graphql.fields import computed, resolved
from gateway.views.segments import segments

_AS_WRITTEN = "As it stands in the text."


@strawberry.type(description="A stretch of text that is nothing else.")
class TextSegment:
    """A stretch of text without an entity."""

    text: str = strawberry.field(description=_AS_WRITTEN)


@strawberry.type(description="A user mentioned in a text.")
class MentionSegment:
    """A view of one."""

    text: str = strawberry.field(description=_AS_WRITTEN)
    message: strawberry.Private[post_pb2.Mention]

    @computed("The handle when the post was written.")
    def handle(self) -> str:
        return self.message.handle

    @computed("The id of the user.")
    def user_id(self) -> strawberry.ID:
        return users.user_id(self.message.user_id)

    @resolved("The user; null where they are gone or block the caller.")
    async def user(self, info: Info) -> User | None:
        return await users.load_user(info, self.message.user_id)


@strawberry.type(description="A tag named in a text.")
class HashtagSegment:
    """A stretch of text with the entity that it is."""

    text: str = strawberry.field(description=_AS_WRITTEN)
    tag: str = strawberry.field(description="Without the #, in the form that its spellings share.")


@strawberry.type(description="An address named in a text.")
class LinkSegment:
    """A stretch of text with the entity that it is."""

    text: str = strawberry.field(description=_AS_WRITTEN)
    url: str = strawberry.field(description="Where it leads.")


Segment = Annotated[
    TextSegment | MentionSegment | HashtagSegment | LinkSegment,
    strawberry.union(
        "Segment",
        description="A stretch of a text. Further kinds may come: each has a `text` to show.",
    ),
]


def content(
    text: str, entities: Iterable[post_pb2.Entity]
) -> list[TextSegment | MentionSegment | HashtagSegment | LinkSegment]:
    """The text in segments."""
    return [_segment(each.text, each.entity) for each in segments(text, entities)]


def _segment(
    text: str, entity: post_pb2.Entity | None
) -> TextSegment | MentionSegment | HashtagSegment | LinkSegment:
    if entity is None:
        return TextSegment(text=text)
    match entity.WhichOneof("kind"):
        case "mention":
            return MentionSegment(text=text, message=entity.mention)
        case "hashtag":
            return HashtagSegment(text=text, tag=entity.hashtag.tag)
        case "link":
            return LinkSegment(text=text, url=entity.link.url)
        case _:
            # A kind of a newer service that has no shape here.
            return TextSegment(text=text)
