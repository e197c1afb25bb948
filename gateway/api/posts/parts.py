"""Parts of a post: visibility, counts, the viewer's state, revisions."""

from enum import Enum

import strawberry
from roost.post.v1 import post_pb2

from gateway.api.media.types import Medium
from gateway.api.posts.entity_types import Entity, entities
from gateway.api.posts.segment_types import Segment, content
from gateway.protocols.graphql.fields import computed, message_field, value
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times

# Why what counts code points goes.
CONTENT = "Use `content`, whose segments need no counting. Answered until 2027-12-01."
_COUNT = (
    "What everybody may see is counted: of users who are not protected. Never more than the list "
    "shows, except users whom a block hides from the viewer. Settles within seconds; "
    "never negative."
)


@strawberry.enum(description="Who may see a post.")
class Visibility(Enum):
    """Names as in REST, in capitals."""

    PUBLIC = value(post_pb2.VISIBILITY_PUBLIC, "Everyone.")
    FOLLOWERS = value(post_pb2.VISIBILITY_FOLLOWERS, "Followers, and users mentioned.")
    MENTIONED = value(post_pb2.VISIBILITY_MENTIONED, "Users mentioned.")


_VISIBILITY: dict[int, Visibility] = {
    post_pb2.VISIBILITY_UNSPECIFIED: Visibility.PUBLIC,
    post_pb2.VISIBILITY_PUBLIC: Visibility.PUBLIC,
    post_pb2.VISIBILITY_FOLLOWERS: Visibility.FOLLOWERS,
}


def visibility(message: post_pb2.Post) -> Visibility:
    """Who may see a post; kinds newer than this count as the narrowest."""
    return _VISIBILITY.get(message.visibility, Visibility.MENTIONED)


@strawberry.type(description="The engagement of users with a post.")
class PostCounts:
    """A view of them."""

    message: strawberry.Private[post_pb2.PostCounts]

    likes = message_field("likes", int, f"Likes. {_COUNT}")
    reposts = message_field("reposts", int, f"Reposts. {_COUNT}")
    replies = message_field("replies", int, f"Direct replies that are public. {_COUNT}")
    quotes = message_field(
        "quotes", int, f"Public posts that quote it and answer nothing. {_COUNT}"
    )


@strawberry.type(description="What the caller did with a post.")
class ViewerState:
    """A view of it."""

    message: strawberry.Private[post_pb2.ViewerState]

    liked = message_field("liked", bool, "They like it.")
    reposted = message_field("reposted", bool, "They reposted it.")
    bookmarked = message_field("bookmarked", bool, "They keep it among their bookmarks.")


@strawberry.type(description="The text and the media of a post at one time.")
class Revision:
    """A view of one."""

    message: strawberry.Private[post_pb2.PostRevision]

    revision = message_field("revision", int, "1 for the first.")
    text = message_field("text", str, "The text.")

    @computed("The text in order, cut where something is found in it. Empty where deleted.")
    def content(self) -> list[Segment]:
        """All of the text."""
        return content(self.message.text, self.message.entities)

    @computed("What is found in the text, by ascending start.", deprecated=CONTENT)
    def entities(self) -> list[Entity]:
        return entities(self.message.entities)

    @computed("Its media, as they are now.")
    def media(self) -> list[Medium]:
        return [Medium(message=each) for each in self.message.media]

    @computed("When it was written.")
    def created_at(self) -> DateTime:
        return DateTime(times.time(self.message.create_time))
