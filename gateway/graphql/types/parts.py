"""What a post is made of: who may see it, how people responded, the texts that it has had."""

from enum import Enum

import strawberry
from roost.post.v1 import post_pb2

from gateway.graphql.fields import shown, told, value
from gateway.graphql.types.entities import Entity, entities
from gateway.graphql.types.scalars import DateTime
from gateway.graphql.types.segments import Segment, content
from gateway.rest.v1 import present

# Why what counts code points goes.
CONTENT = "Use `content`, whose segments need no counting. Answered until 2027-12-01."
_COUNT = (
    "What everybody may see is counted: of people who are not protected. Never more than the list "
    "shows, but for people whom a block keeps apart from the reader. Settles within seconds; "
    "never negative."
)


@strawberry.enum(description="Who may see a post.")
class Visibility(Enum):
    """Names as in REST, in capitals."""

    PUBLIC = value(post_pb2.VISIBILITY_PUBLIC, "Everyone.")
    FOLLOWERS = value(post_pb2.VISIBILITY_FOLLOWERS, "Followers, and people mentioned.")
    MENTIONED = value(post_pb2.VISIBILITY_MENTIONED, "People mentioned.")


_VISIBILITY: dict[int, Visibility] = {
    post_pb2.VISIBILITY_UNSPECIFIED: Visibility.PUBLIC,
    post_pb2.VISIBILITY_PUBLIC: Visibility.PUBLIC,
    post_pb2.VISIBILITY_FOLLOWERS: Visibility.FOLLOWERS,
}


def visibility(message: post_pb2.Post) -> Visibility:
    """Who may see a post; kinds newer than this count as the narrowest."""
    return _VISIBILITY.get(message.visibility, Visibility.MENTIONED)


@strawberry.type(description="How people responded to a post.")
class PostCounts:
    """A view of them."""

    message: strawberry.Private[post_pb2.PostCounts]

    likes = told("likes", int, f"Likes. {_COUNT}")
    reposts = told("reposts", int, f"Reposts. {_COUNT}")
    replies = told("replies", int, f"Direct replies that are public. {_COUNT}")
    quotes = told("quotes", int, f"Public posts that quote it and answer nothing. {_COUNT}")


@strawberry.type(description="What whoever asks did with a post.")
class ViewerState:
    """A view of it."""

    message: strawberry.Private[post_pb2.ViewerState]

    liked = told("liked", bool, "They like it.")
    reposted = told("reposted", bool, "They reposted it.")
    bookmarked = told("bookmarked", bool, "They keep it among their bookmarks.")


@strawberry.type(description="The text of a post at one time.")
class Revision:
    """A view of one."""

    message: strawberry.Private[post_pb2.PostRevision]

    revision = told("revision", int, "1 for the first.")
    text = told("text", str, "The text.")

    @shown("The text in order, cut where something is found in it. Empty where deleted.")
    def content(self) -> list[Segment]:
        """All of the text."""
        return content(self.message.text, self.message.entities)

    @shown("What is found in the text, by ascending start.", deprecated=CONTENT)
    def entities(self) -> list[Entity]:
        """In order."""
        return entities(self.message.entities)

    @shown("When it was written.")
    def created_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.create_time))
