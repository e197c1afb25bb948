"""Hashtags, how they are used, and trends."""

from typing import Annotated

import strawberry
from google.protobuf.timestamp_pb2 import Timestamp
from roost.search.v1 import search_pb2, search_service_pb2
from roost.timeline.v1 import timeline_pb2
from strawberry.types import Info

from gateway.api.hashtags import queries
from gateway.api.posts.types import Post, posts_on
from gateway.core.pipeline import Page
from gateway.protocols.graphql.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    place,
)
from gateway.protocols.graphql.context import Context, backends_of
from gateway.protocols.graphql.fields import computed, message_field, resolved
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times

_TAG = "Without the #, in the form that its spellings share."
_MOST_HOURS = 24
_MOST_TRENDS = 20


@strawberry.type(description="How a hashtag was used in one hour.")
class HashtagHour:
    """A view of one."""

    message: strawberry.Private[search_pb2.HashtagHour]

    posts_count = message_field("posts_count", int, "Posts with it that everyone may see.")
    authors_count = message_field("authors_count", int, "Their authors.")

    @computed("The start of the hour.")
    def start_at(self) -> DateTime:
        return DateTime(times.time(self.message.start_time))


@strawberry.type(description="A hashtag and how it is used: for every caller the same numbers.")
class HashtagUse:
    """A view of it."""

    message: strawberry.Private[search_pb2.HashtagUse]

    tag = message_field("tag", str, _TAG)
    posts_count = message_field(
        "posts_count", int, "Posts of the last 7 days that everyone may see."
    )
    authors_count = message_field("authors_count", int, "Their authors.")

    @computed(
        "The last 24 hours, oldest first, the running hour last; empty in suggestions.",
        most=_MOST_HOURS,
    )
    def history(self) -> list[HashtagHour]:
        return [HashtagHour(message=each) for each in self.message.history]

    @resolved("Whether the caller follows it; null for strangers.")
    async def viewer_follows(self, info: Info) -> bool | None:
        context: Context = info.context
        if not context.viewer_id:
            return None
        return await context.loader.follows_hashtag(self.message.tag)

    @resolved(
        "The posts with it that the caller may see, newest first, without muted users.", cost=20
    )
    async def posts(
        self,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        *,
        only_media: Annotated[
            bool, strawberry.argument(description="Whether to list only posts with media.")
        ] = False,
    ) -> Connection[Post]:
        wanted = place(first, after)
        page = await queries.posts(
            backends_of(info),
            tag=self.message.tag,
            only_media=only_media,
            **wanted._asdict(),
        )
        return connection(page, posts_on, wanted)


@strawberry.type(description="Whether the caller follows a hashtag.")
class HashtagFollow:
    """As its service says."""

    followed: strawberry.Private[timeline_pb2.FollowedHashtag | None]

    tag: str = strawberry.field(description=_TAG)

    @computed("Whether the caller follows it.")
    def following(self) -> bool:
        return self.followed is not None

    @computed("Since when; null where it is not followed.")
    def followed_at(self) -> DateTime | None:
        followed = self.followed
        return _at(followed.follow_time) if followed is not None else None


@strawberry.type(description="A hashtag whose use rises, and by which figures.")
class Trend:
    """A view of one."""

    use: strawberry.Private[search_pb2.HashtagUse]
    message: strawberry.Private[search_pb2.TrendMeasure]

    score = message_field(
        "score", float, "(observed - baseline) / sqrt(baseline + 4): the strength."
    )
    observed = message_field("observed", int, "Its trusted authors of the last hour.")
    baseline = message_field("baseline", float, "As many as its own past makes one expect.")

    @computed("The hashtag, with its last 24 hours.")
    def hashtag(self) -> HashtagUse:
        return HashtagUse(message=self.use)


@strawberry.type(description="The hashtags whose use rises most compared with their own past.")
class Trends:
    """A view of them."""

    message: strawberry.Private[search_service_pb2.ListTrendsResponse]

    @computed("Strongest first, 20 at most.", most=_MOST_TRENDS)
    def items(self) -> list[Trend]:
        response = self.message
        return [
            Trend(use=use, message=measure)
            for use, measure in zip(response.trends, response.measures, strict=True)
        ]

    @computed("The time for which they were computed; null before the first.")
    def as_of(self) -> DateTime | None:
        message = self.message
        return _at(message.as_of_time) if message.HasField("as_of_time") else None


def hashtags_on(page: Page[search_pb2.HashtagUse]) -> list[HashtagUse]:
    """The hashtags on a page."""
    return [HashtagUse(message=each) for each in page.entries]


def followed_on(page: Page[timeline_pb2.FollowedHashtag]) -> list[HashtagFollow]:
    """The hashtags on a page of those that the caller follows."""
    return [HashtagFollow(followed=each, tag=each.tag) for each in page.entries]


def _at(time: Timestamp) -> DateTime:
    return DateTime(times.time(time))
