"""The usage of hashtags, what changes it, and trends."""

from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

# The usage that callers see is that of posts of this age.
USAGE_WINDOW = timedelta(days=7)
HOUR = timedelta(hours=1)
HISTORY_HOURS = 24
MAX_TRENDS = 20
# The language under which the figures of all posts are kept, whatever theirs is.
ALL_LANGUAGES = ""


class LimitAuthor(NamedTuple):
    """An author above a reply. If the account is protected, not everyone may see the reply."""

    user_id: int
    # Whether the account was protected at the time of the reply. It decides where the account is
    # unknown or deleted.
    was_protected: bool


class TagsOfPost(NamedTuple):
    """A post was written, or an edit was saved. A lower revision than the stored one changes
    nothing. The time of the post is that of its id."""

    post_id: int
    author_id: int
    revision: int
    # Folded, without duplicates.
    tags: tuple[str, ...]
    # `und` or empty if it is unknown.
    language: str
    # Whether the post is public, and its limits are.
    public: bool
    limit_authors: tuple[LimitAuthor, ...] = ()


class PostGone(NamedTuple):
    """A post was deleted or taken down. Final: no later change restores it."""

    post_id: int


class AccountChanged(NamedTuple):
    """An account was registered, changed or deleted. An older change than the stored one changes
    nothing; a deletion is final."""

    user_id: int
    protected: bool
    deleted: bool
    update_time: datetime


class FollowChanged(NamedTuple):
    """A follow began or ended."""

    follower_id: int
    followee_id: int
    following: bool


Change: TypeAlias = TagsOfPost | PostGone | AccountChanged | FollowChanged


class HashtagHour(NamedTuple):
    """The usage of a hashtag in one hour."""

    start: datetime
    posts_count: int
    authors_count: int


class HashtagUse(NamedTuple):
    """The usage of a hashtag within USAGE_WINDOW, in posts that everyone may see."""

    tag: str
    posts_count: int
    authors_count: int
    # HISTORY_HOURS hours, oldest first, the running hour last; empty where it was not requested.
    history: tuple[HashtagHour, ...] = ()


class Position(NamedTuple):
    """A place in a list of hashtags, most used first, then in alphabetical order."""

    posts_count: int
    tag: str


class Measure(NamedTuple):
    """Why a hashtag trends."""

    score: float
    # The number of trusted authors of the last hour.
    observed: int
    # The number that its own past lets expect.
    baseline: float


class Trend(NamedTuple):
    """A hashtag that trends, with its usage and history."""

    use: HashtagUse
    measure: Measure


class TrendList(NamedTuple):
    """The trends of one language, strongest first, at most MAX_TRENDS."""

    # None before the first computation.
    as_of: datetime | None
    trends: tuple[Trend, ...] = ()
