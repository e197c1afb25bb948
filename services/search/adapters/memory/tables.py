"""The rows of the in-memory store."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.chassis.storage.memory import MemoryTables
from services.search.domain.hashtags.model import (
    AccountChanged,
    CountedHours,
    TaggedPost,
    TrendList,
    Use,
)
from services.search.domain.posts.model import Account, Counts, IndexedPost
from services.search.domain.refreshes import PostReread, Subject
from services.search.domain.reindexing import Reindex
from services.search.domain.users.changes import Stored


class CountMark(NamedTuple):
    """When counts last changed, and when they are read."""

    mark_time: datetime
    due_time: datetime


class StoredReread(NamedTuple):
    """A reread; `due_time` is None once it is done."""

    reread: PostReread
    request_time: datetime
    due_time: datetime | None


@dataclass
class SearchTables(MemoryTables):
    """All rows, by noun."""

    users: dict[int, Stored] = field(default_factory=dict)

    # Posts and their counts, by generation.
    posts: dict[int, dict[int, IndexedPost]] = field(default_factory=lambda: {1: {}})
    post_counts: dict[int, dict[int, Counts]] = field(default_factory=lambda: {1: {}})
    live_generation: int = 1
    # 0 while none is being built.
    building_generation: int = 0
    building_is_finished: bool = False
    last_generation: int = 1
    deleted_posts: set[int] = field(default_factory=set)
    # The version of the profile, and what it says.
    accounts: dict[int, tuple[int, Account]] = field(default_factory=dict)

    # Rebuilds, and what is read again.
    reindexes: dict[int, Reindex] = field(default_factory=dict)
    count_marks: dict[tuple[Subject, int], CountMark] = field(default_factory=dict)
    post_rereads: dict[tuple[int, int], StoredReread] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)

    hashtag_posts: dict[int, TaggedPost] = field(default_factory=dict)
    hashtag_accounts: dict[int, AccountChanged] = field(default_factory=dict)
    hashtag_uses: set[Use] = field(default_factory=set)
    hashtag_recounts: set[int] = field(default_factory=set)
    hidden_hashtags: set[str] = field(default_factory=set)
    # Follower and followee.
    hashtag_vouches: set[tuple[int, int]] = field(default_factory=set)

    # By hashtag, language and hour.
    trusted_hours: dict[tuple[str, str, int], int] = field(default_factory=dict)
    changed_hours: set[tuple[str, int]] = field(default_factory=set)
    counted_hours: CountedHours | None = None
    trend_lease_end: datetime | None = None
    trends: dict[str, TrendList] = field(default_factory=dict)
