"""The rows of the in-memory store."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.media.domain.model import (
    AccountState,
    Folder,
    Medium,
    Placement,
    PostAudience,
    ProcessingJob,
    Purge,
    Upload,
    Usage,
)


class StoredAudience(NamedTuple):
    """The audience of a post, and when the post was deleted."""

    audience: PostAudience
    delete_time: datetime | None = None


@dataclass
class MediaTables(MemoryTables):
    """All rows. Of leased work, `lease_end` is also when it is due."""

    media: dict[int, Medium] = field(default_factory=dict)
    uploads: dict[int, Upload] = field(default_factory=dict)
    # When the state of an upload last changed.
    upload_changes: dict[int, datetime] = field(default_factory=dict)
    jobs: dict[int, ProcessingJob] = field(default_factory=dict)
    # The place of each job in the queue.
    queue_times: dict[int, datetime] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)
    purges: dict[str, Purge] = field(default_factory=dict)
    placements: dict[int, Placement] = field(default_factory=dict)
    audiences: dict[int, StoredAudience] = field(default_factory=dict)
    accounts: dict[int, AccountState] = field(default_factory=dict)
    usage: dict[tuple[int, date], Usage] = field(default_factory=dict)


def waiting(due_times: Iterable[datetime], now: datetime) -> tuple[int, float]:
    """The number of rows, and for how many seconds the longest waiting one is due."""
    times = list(due_times)
    longest = max(((now - each).total_seconds() for each in times), default=0.0)
    return len(times), max(longest, 0.0)


class MemoryPart:
    """A part of the store: reads what is committed; its writes are transactions of their own."""

    database: MemoryDatabase[MediaTables]

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[MediaTables]:
        """The rows in a transaction of their own."""
        async with self.database.transaction(MemoryTransaction[MediaTables]) as transaction:
            yield transaction.tables
