"""What is found in the text of a post."""

from collections.abc import Iterable
from typing import Annotated

import strawberry
from roost.post.v1 import post_pb2
from strawberry.types import Info

from gateway.graphql.fields import loaded, shown, told
from gateway.graphql.types import users
from gateway.graphql.types.users import User

_START = "The first code point, counted from 0."
_END = "The code point after the last."


@strawberry.type(description="A person named in a post.")
class Mention:
    """A view of one."""

    message: strawberry.Private[post_pb2.Entity]

    start = told("start", int, _START)
    end = told("end", int, _END)
    handle = told("mention.handle", str, "The handle when the post was written.")

    @shown("The id of the person.")
    def user_id(self) -> strawberry.ID:
        """Global."""
        return users.user_id(self.message.mention.user_id)

    @loaded("The person; null where they are gone or block whoever asks.")
    async def user(self, info: Info) -> User | None:
        """Batched."""
        return await users.load_user(info, self.message.mention.user_id)


@strawberry.type(description="A tag named in a post.")
class Hashtag:
    """A view of one."""

    message: strawberry.Private[post_pb2.Entity]

    start = told("start", int, _START)
    end = told("end", int, _END)
    tag = told("hashtag.tag", str, "Without the #, in the form that its spellings share.")


@strawberry.type(description="An address named in a post.")
class Link:
    """A view of one."""

    message: strawberry.Private[post_pb2.Entity]

    start = told("start", int, _START)
    end = told("end", int, _END)
    url = told("link.url", str, "Where it leads.")


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
