"""The rows of the in-memory store."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.chassis.storage.memory import MemoryTables
from services.search.domain.refreshes import PostReread, Subject
from services.search.domain.reindexing import Reindex
from services.search.domain.users.model import IndexedUser


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

    users: dict[int, IndexedUser] = field(default_factory=dict)
    deleted_users: set[int] = field(default_factory=set)
    reindexes: dict[int, Reindex] = field(default_factory=dict)
    count_marks: dict[tuple[Subject, int], CountMark] = field(default_factory=dict)
    post_rereads: dict[tuple[int, int], StoredReread] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
