"""The usage of hashtags, what changes it, and trends.

Hours are numbers: whole hours since the epoch of ids, so that the hour of a post follows from its
id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from services.chassis.runtime.ids import EPOCH, first_id_at, time_of

# The usage that callers see is that of posts of this age.
USAGE_WINDOW = timedelta(days=7)
HOUR = timedelta(hours=1)
HISTORY_HOURS = 24
MAX_TRENDS = 20
# The language under which the figures of all posts are kept, whatever theirs is.
ALL_LANGUAGES = ""
# In counts of trusted authors, what stands for the sum of all hashtags.
ALL_HASHTAGS = ""
# Fewer trusted authors of a hashtag in an hour are not stored: most hashtags have one author, and
# no trend needs to know that.
LEAST_RECORDED = 2
# Changes within this many counted hours have the trusted authors counted again.
EXACT_HOURS = 48


def hour_at(moment: datetime) -> int:
    """The hour of a moment."""
    return (moment - EPOCH) // HOUR


def hour_of(post_id: int) -> int:
    """The hour in which a post was written."""
    return hour_at(time_of(post_id))


def start_of(hour: int) -> datetime:
    """The start of an hour."""
    return EPOCH + hour * HOUR


def first_id_of(hour: int) -> int:
    """The lowest id of an hour."""
    return first_id_at(start_of(hour))


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


class TaggedPost(NamedTuple):
    """A post as the store keeps it while it is younger than USAGE_WINDOW. A deleted post has no
    tags."""

    post_id: int
    author_id: int
    revision: int
    tags: tuple[str, ...] = ()
    language: str = ""
    public: bool = False
    deleted: bool = False
    limit_authors: tuple[LimitAuthor, ...] = ()

    @property
    def deciders(self) -> set[int]:
        """The accounts whose state decides whether everyone may see the post."""
        return {self.author_id, *(each.user_id for each in self.limit_authors)}

    def is_counted(self, accounts: Mapping[int, AccountChanged]) -> bool:
        """Whether everyone may see the post. `accounts` are the known ones of its deciders."""
        author = accounts.get(self.author_id)
        if self.deleted or not self.public or (author and (author.protected or author.deleted)):
            return False
        return not any(_closes(each, accounts.get(each.user_id)) for each in self.limit_authors)


def _closes(limit: LimitAuthor, account: AccountChanged | None) -> bool:
    if account is None or account.deleted:
        return limit.was_protected
    return account.protected


class Use(NamedTuple):
    """A hashtag in a post that everyone may see."""

    tag: str
    author_id: int
    post_id: int
    language: str

    @property
    def hour(self) -> int:
        """The hour of the post."""
        return hour_of(self.post_id)


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


class Observation(NamedTuple):
    """How many trusted authors used a hashtag within the last hour in posts of a language."""

    tag: str
    language: str
    authors: int


class CountedHours(NamedTuple):
    """The hours whose trusted authors were counted."""

    first: int
    last: int
