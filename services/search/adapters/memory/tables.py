"""The rows of the in-memory store."""

from dataclasses import dataclass, field

from services.chassis.storage.memory import MemoryTables
from services.search.domain.posts.model import Account, Counts, IndexedPost
from services.search.domain.users.model import IndexedUser


@dataclass
class SearchTables(MemoryTables):
    """All rows, by noun."""

    users: dict[int, IndexedUser] = field(default_factory=dict)
    deleted_users: set[int] = field(default_factory=set)

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
