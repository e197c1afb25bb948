"""The rows of the in-memory store."""

from dataclasses import dataclass, field

from services.chassis.storage.memory import MemoryTables
from services.search.domain.users.changes import Stored


@dataclass
class SearchTables(MemoryTables):
    """All rows, by noun."""

    users: dict[int, Stored] = field(default_factory=dict)
