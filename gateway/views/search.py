"""Presents what was found, hashtags and trends."""

from collections.abc import Iterable

from msgspec import UNSET, UnsetType
from roost.search.v1 import search_pb2
from roost.search.v1.search_service_pb2 import ListTrendsResponse
from roost.timeline.v1.timeline_pb2 import FollowedHashtag

from gateway.views import search_shapes as shapes
from gateway.views.presentation import id_or_none
from gateway.views.times import time

_FIELDS: dict[int, shapes.MatchedField] = {
    search_pb2.USER_FIELD_HANDLE: "handle",
    search_pb2.USER_FIELD_DISPLAY_NAME: "display_name",
    search_pb2.USER_FIELD_BIO: "bio",
}


def matches(revision: int, ranges: Iterable[search_pb2.MatchedRange]) -> shapes.Matches:
    """Which parts of a post match."""
    shown = [
        shapes.MatchedRange(each.start, each.end, id_or_none(each.media_id)) for each in ranges
    ]
    return shapes.Matches(revision, shown)


def matched_field(field: int) -> shapes.MatchedField:
    """The field of a user that matches; one that is newer than this is in the profile's text."""
    return _FIELDS.get(field, "bio")


def hashtag_use(
    message: search_pb2.HashtagUse, *, following: bool | UnsetType = UNSET
) -> shapes.HashtagUse:
    """How a hashtag is used."""
    return shapes.HashtagUse(
        tag=message.tag,
        posts_count=message.posts_count,
        authors_count=message.authors_count,
        history=[
            shapes.HashtagHour(time(each.start_time), each.posts_count, each.authors_count)
            for each in message.history
        ],
        following=following,
    )


def trends(response: ListTrendsResponse) -> shapes.Trends:
    """The trends, with their figures."""
    return shapes.Trends(
        as_of=time(response.as_of_time) if response.HasField("as_of_time") else None,
        items=[
            shapes.Trend(hashtag_use(use), measure.score, measure.observed, measure.baseline)
            for use, measure in zip(response.trends, response.measures, strict=True)
        ],
    )


def followed_hashtag(message: FollowedHashtag) -> shapes.HashtagFollow:
    """A hashtag that the caller follows."""
    return shapes.HashtagFollow(message.tag, following=True, followed_at=time(message.follow_time))
