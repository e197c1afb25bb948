"""What searches find, and why."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated

import strawberry
from roost.search.v1 import search_pb2
from roost.search.v1.search_pb2 import MatchedRange as MatchedRangeMessage

from gateway.api.hashtags.types import HashtagUse
from gateway.api.media import types as media
from gateway.api.posts.types import Post, Seen
from gateway.api.search.queries import FoundPost, FoundUser
from gateway.api.search.queries import Suggestion as Found
from gateway.api.users.types import User
from gateway.core.pipeline import Page
from gateway.protocols.graphql.connections import PageInfo, Place, page_info
from gateway.protocols.graphql.fields import computed, message_field, value


@strawberry.enum(description="The order of found posts. Names as in REST, in capitals.")
class PostOrder(Enum):
    """Names as in REST, in capitals."""

    TOP = value(search_pb2.POST_ORDER_TOP, "The best of the newest 300 matches first.")
    LATEST = value(search_pb2.POST_ORDER_LATEST, "Newest first.")


@strawberry.enum(description="A field of a profile. Names as in REST, in capitals.")
class MatchedField(Enum):
    """Names as in REST, in capitals."""

    HANDLE = value(search_pb2.USER_FIELD_HANDLE, "The handle.")
    DISPLAY_NAME = value(search_pb2.USER_FIELD_DISPLAY_NAME, "The name as shown.")
    BIO = value(search_pb2.USER_FIELD_BIO, "What they say about themselves.")


_FIELDS = {each.value: each for each in MatchedField}


@strawberry.type(description="A part of a text that the query matches.")
class MatchedRange:
    """A view of one."""

    message: strawberry.Private[MatchedRangeMessage]

    start = message_field("start", int, "The first code point, counted from 0.")
    end = message_field("end", int, "The code point after the last.")

    @computed("The id of the medium whose alt text is meant; null for the text of the post.")
    def medium_id(self) -> strawberry.ID | None:
        number = self.message.media_id
        return media.medium_id(number) if number else None


@strawberry.type(description="Which parts of a post the query matches.")
class Matches:
    """As the search says, for the revision that is shown."""

    revision: int = strawberry.field(description="The revision that the search found.")
    ranges: list[MatchedRange] = strawberry.field(
        description="Those of the text first, then those of alt texts. Empty where only properties "
        "match, and where the post was edited since it was indexed.",
    )


@strawberry.type(description="A post that was found, and why.")
class FoundPostEdge:
    """As an edge of Relay."""

    node: Post = strawberry.field(description="The post.")
    cursor: str | None = strawberry.field(
        description="Where the list goes on behind it. Known of the last one on a page that is not "
        "the last; null for all others."
    )
    matches: Matches = strawberry.field(description="Which parts of it match.")


@strawberry.type(description="A page of posts that were found.")
class FoundPostConnection:
    """A page of a search."""

    items: strawberry.Private[Sequence[FoundPostEdge]]
    next_token: strawberry.Private[str]
    token: strawberry.Private[str]

    @computed("What is on the page, with cursors and matches.")
    def edges(self) -> list[FoundPostEdge]:
        """In the order of the list."""
        return list(self.items)

    @computed("What is on the page, without cursors and matches.")
    def nodes(self) -> list[Post]:
        """In the order of the list."""
        return [each.node for each in self.items]

    @computed("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.token, self.next_token)


@strawberry.type(description="A user who was found, and why.")
class FoundUserEdge:
    """As an edge of Relay."""

    node: User = strawberry.field(description="The user.")
    cursor: str | None = strawberry.field(
        description="Where the list goes on behind it. Known of the last one on a page that is not "
        "the last; null for all others."
    )
    matched_field: MatchedField = strawberry.field(description="The field that matches best.")


@strawberry.type(description="A page of users who were found.")
class FoundUserConnection:
    """A page of a search."""

    items: strawberry.Private[Sequence[FoundUserEdge]]
    next_token: strawberry.Private[str]
    token: strawberry.Private[str]

    @computed("What is on the page, with cursors and matched fields.")
    def edges(self) -> list[FoundUserEdge]:
        """In the order of the list."""
        return list(self.items)

    @computed("What is on the page, without cursors and matched fields.")
    def nodes(self) -> list[User]:
        """In the order of the list."""
        return [each.node for each in self.items]

    @computed("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.token, self.next_token)


def found_posts(page: Page[FoundPost], wanted: Place) -> FoundPostConnection:
    """A page of posts, each with what matches of it as it is shown."""
    seen = Seen(page.hydrated)
    edges = []
    for entry in page.entries:
        message = page.hydrated.posts[entry.post_id]
        shown = entry.shown_ranges(message.revision)
        matches = Matches(
            revision=entry.revision, ranges=[MatchedRange(message=each) for each in shown]
        )
        edges.append(FoundPostEdge(node=seen.post(message), cursor=None, matches=matches))
    if edges and page.next_token:
        edges[-1].cursor = page.next_token
    return FoundPostConnection(items=edges, next_token=page.next_token, token=wanted.token)


def found_users(page: Page[FoundUser], wanted: Place) -> FoundUserConnection:
    """A page of users, each with the field that matches."""
    edges = [
        FoundUserEdge(
            node=User(message=page.hydrated.users[entry.user_id]),
            cursor=None,
            matched_field=_FIELDS.get(entry.field, MatchedField.BIO),
        )
        for entry in page.entries
    ]
    if edges and page.next_token:
        edges[-1].cursor = page.next_token
    return FoundUserConnection(items=edges, next_token=page.next_token, token=wanted.token)


Suggestion = Annotated[
    User | HashtagUse,
    strawberry.union("Suggestion", description="A user or a hashtag that begins with the text."),
]


def suggestion(found: Found) -> User | HashtagUse:
    """One suggestion."""
    if isinstance(found, search_pb2.HashtagUse):
        return HashtagUse(message=found)
    return User(message=found)
