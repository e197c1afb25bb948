"""The rows of the in-memory store."""

from dataclasses import dataclass, field

from services.chassis.storage.memory import MemoryTables
from services.search.domain.users.model import IndexedUser


@dataclass
class SearchTables(MemoryTables):
    """All rows, by noun."""

    users: dict[int, IndexedUser] = field(default_factory=dict)
    deleted_users: set[int] = field(default_factory=set)
