"""Timelines, and where reading stopped."""

from enum import Enum
from typing import Protocol

import strawberry
from google.protobuf.timestamp_pb2 import Timestamp
from roost.timeline.v1 import timeline_pb2

from gateway.api.posts.types import PLACE, Post, Seen
from gateway.api.users.types import User
from gateway.core.hydrate import Entry
from gateway.core.pipeline import Page
from gateway.protocols.graphql.fields import computed, value
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times


@strawberry.enum(description="How a home timeline is ordered.")
class HomeOrder(Enum):
    """Names as in REST, in capitals."""

    LATEST = value(timeline_pb2.HOME_ORDER_LATEST, "Newest first.")
    RELEVANT = value(
        timeline_pb2.HOME_ORDER_RELEVANT,
        "The newest by recency, engagement and closeness.",
    )


@strawberry.type(description="One place on a timeline: a post, or a post that somebody reposted.")
class TimelineItem:
    """A view of one."""

    entry: strawberry.Private[Entry]
    seen: strawberry.Private[Seen]

    @computed("The place's own id, which read markers take.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(global_id(PLACE, self.entry.id))

    @computed("The id that REST and the stream know the place by: the post's, or the repost's.")
    def rest_id(self) -> strawberry.ID:
        return strawberry.ID(str(self.entry.id))

    @computed("What stands there.")
    def post(self) -> Post:
        return self.seen.post(self.seen.found.posts[self.entry.post_id])

    @computed("Who brought it there; null where it is the post itself.")
    def reposted_by(self) -> User | None:
        return self.seen.user(self.entry.reposter_id) if self.entry.reposter_id else None


def items_on(page: Page[Entry]) -> list[TimelineItem]:
    """The places on a page."""
    seen = Seen(page.hydrated)
    return [TimelineItem(entry=each, seen=seen) for each in page.entries]


class Marked(Protocol):
    """What the services say of a marker."""

    def HasField(self, field_name: str, /) -> bool:  # noqa: N802 - protobuf's name
        """Whether the marker was ever set."""
        ...

    @property
    def update_time(self) -> Timestamp:
        """When it moved last."""
        ...


@strawberry.type(description="Where the caller stopped reading.")
class ReadMarker:
    """As the services say."""

    last_read_id: strawberry.ID | None = strawberry.field(
        description="The id of the newest item that was read; null before the first."
    )
    updated_at: DateTime | None = strawberry.field(
        description="When the marker moved last; null before it did."
    )


def marker(kind: str, last_read: int, message: Marked) -> ReadMarker:
    """A marker in a list of things of this kind."""
    moved = message.HasField("update_time")
    return ReadMarker(
        last_read_id=strawberry.ID(global_id(kind, last_read)) if last_read else None,
        updated_at=DateTime(times.time(message.update_time)) if moved else None,
    )


@strawberry.type(description="A home timeline that was rebuilt.")
class Rebuilt:
    """As its service says."""

    entry_count: int = strawberry.field(description="How many places it holds now.")
