"""What is found in the text of a post."""

from collections.abc import Iterable
from typing import Annotated

import strawberry
from roost.post.v1 import post_pb2
from strawberry.types import Info

from gateway.api.users import types as users
from gateway.api.users.types import User
from gateway.protocols.graphql.fields import computed, message_field, resolved

_START = "The first code point, counted from 0."
_END = "The code point after the last."


@strawberry.type(description="A user mentioned in a post.")
class Mention:
    """A view of one."""

    message: strawberry.Private[post_pb2.Entity]

    start = message_field("start", int, _START)
    end = message_field("end", int, _END)
    handle = message_field("mention.handle", str, "The handle when the post was written.")

    @computed("The id of the user.")
    def user_id(self) -> strawberry.ID:
        return users.user_id(self.message.mention.user_id)

    @resolved("The user; null where they are gone or block the caller.")
    async def user(self, info: Info) -> User | None:
        return await users.load_user(info, self.message.mention.user_id)


@strawberry.type(description="A tag named in a post.")
class Hashtag:
    """A view of one."""

    message: strawberry.Private[post_pb2.Entity]

    start = message_field("start", int, _START)
    end = message_field("end", int, _END)
    tag = message_field("hashtag.tag", str, "Without the #, in the form that its spellings share.")


@strawberry.type(description="An address named in a post.")
class Link:
    """A view of one."""

    message: strawberry.Private[post_pb2.Entity]

    start = message_field("start", int, _START)
    end = message_field("end", int, _END)
    url = message_field("link.url", str, "Where it leads.")


Entity = Annotated[
    Mention | Hashtag | Link,
    strawberry.union("Entity", description="What is found in the text of a post."),
]
_KINDS: dict[str, type[Mention | Hashtag | Link]] = {
    "mention": Mention,
    "hashtag": Hashtag,
    "link": Link,
}


def entities(messages: Iterable[post_pb2.Entity]) -> list[Mention | Hashtag | Link]:
    """Mentions, hashtags and links. What a newer service finds is left as text."""
    found = [(each.WhichOneof("kind"), each) for each in messages]
    return [_KINDS[kind](message=each) for kind, each in found if kind in _KINDS]
