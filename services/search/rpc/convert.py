"""Converts the model to protobuf."""

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from roost.post.v1.post_pb2 import TimelineEntry
from roost.search.v1 import search_pb2 as pb

from services.search.domain.analysis import decode_marks
from services.search.domain.hashtags.model import HashtagUse, Measure
from services.search.domain.posts.highlights import ranges
from services.search.domain.posts.model import Found
from services.search.domain.query.model import Expression
from services.search.domain.reindexing import Reindex
from services.search.domain.searches.suggestions import Suggestion
from services.search.domain.users.model import FoundUser


def to_post_match(found: Found, expression: Expression) -> pb.PostMatch:
    """Why a post was found."""
    return pb.PostMatch(
        revision=found.revision,
        ranges=[
            pb.MatchedRange(start=each.start, end=each.end, media_id=each.medium_id)
            for each in ranges(expression, decode_marks(found.marks))
        ],
    )


def to_entry(found: Found) -> TimelineEntry:
    """A post as timelines hold it."""
    return TimelineEntry(entry_id=found.post_id, post_id=found.post_id, author_id=found.author_id)


def to_user_match(found: FoundUser) -> pb.UserMatch:
    """Why a user was found. The fields are numbered as in the contract."""
    return pb.UserMatch(field=found.field)  # type: ignore[arg-type]


def to_hashtag_use(use: HashtagUse) -> pb.HashtagUse:
    """The usage of a hashtag."""
    return pb.HashtagUse(
        tag=use.tag,
        posts_count=use.posts_count,
        authors_count=use.authors_count,
        history=[
            pb.HashtagHour(
                start_time=to_timestamp(each.start),
                posts_count=each.posts_count,
                authors_count=each.authors_count,
            )
            for each in use.history
        ],
    )


def to_measure(measure: Measure) -> pb.TrendMeasure:
    """Why a hashtag trends."""
    return pb.TrendMeasure(
        score=measure.score, observed=measure.observed, baseline=measure.baseline
    )


def to_suggestions(suggestions: Iterable[Suggestion]) -> list[pb.Suggestion]:
    """Users and hashtags, in the given order."""
    return [
        pb.Suggestion(user_id=each.user_id)
        if isinstance(each, FoundUser)
        else pb.Suggestion(hashtag=to_hashtag_use(each))
        for each in suggestions
    ]


def to_reindex(reindex: Reindex) -> pb.Reindex:
    """A rebuild and its progress. The states are numbered as in the contract."""
    return pb.Reindex(
        id=reindex.id,
        state=reindex.state,  # type: ignore[arg-type]
        posts_scanned=reindex.posts_scanned,
        posts_total=reindex.posts_total,
        segments_equal=reindex.segments_equal,
        segments_repaired=reindex.segments_repaired,
        start_time=to_timestamp(reindex.start_time),
        end_time=None if reindex.end_time is None else to_timestamp(reindex.end_time),
        failure=reindex.failure,
    )


def to_timestamp(time: datetime) -> Timestamp:
    """A time of the contract."""
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
