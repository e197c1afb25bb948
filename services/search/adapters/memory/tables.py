"""The rows of the in-memory store."""

from dataclasses import dataclass, field
from datetime import datetime

from services.chassis.storage.memory import MemoryTables
from services.search.domain.hashtags.model import (
    AccountChanged,
    ClosedHours,
    TaggedPost,
    TrendList,
    Use,
)
from services.search.domain.users.model import IndexedUser


@dataclass
class SearchTables(MemoryTables):
    """All rows, by noun."""

    users: dict[int, IndexedUser] = field(default_factory=dict)
    deleted_users: set[int] = field(default_factory=set)

    hashtag_posts: dict[int, TaggedPost] = field(default_factory=dict)
    hashtag_accounts: dict[int, AccountChanged] = field(default_factory=dict)
    hashtag_uses: set[Use] = field(default_factory=set)
    hidden_hashtags: set[str] = field(default_factory=set)
    # Follower and followee.
    hashtag_vouches: set[tuple[int, int]] = field(default_factory=set)

    # By hashtag, language and hour.
    trusted_hours: dict[tuple[str, str, int], int] = field(default_factory=dict)
    changed_hours: set[tuple[str, int]] = field(default_factory=set)
    closed_hours: ClosedHours | None = None
    trend_lease_end: datetime | None = None
    trends: dict[str, TrendList] = field(default_factory=dict)
