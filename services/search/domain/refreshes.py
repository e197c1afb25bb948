"""What is read again from other services: counts that changed, and posts whose media changed.

Events say that a count changed, not what it is now. So the subject is marked, and the current
counts are read and stored.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple, Protocol

from services.chassis.storage.transaction import Transaction

# The counts of one subject are read at most so often.
PAUSE = timedelta(seconds=1)
# The counts are read once more when they have been quiet for so long: other services update
# counters, and caches of them, some seconds after the event.
SETTLED = timedelta(seconds=5)


class Subject(IntEnum):
    """What has counts."""

    POST = 1
    USER = 2


class PostReread(NamedTuple):
    """A post to read until it shows a medium in a version."""

    post_id: int
    medium_id: int
    version: int
    # How often it was leased since the last request.
    attempts: int = 0


class RefreshStore(Protocol):
    """Marks and leases. A method without a transaction is its own."""

    async def mark_counts(
        self, transaction: Transaction, subject: Subject, ids: Collection[int], now: datetime
    ) -> None:
        """The counts of these subjects changed. Those that are not waiting already are due now."""
        ...

    async def lease_counts(
        self, subject: Subject, *, now: datetime, lease_end: datetime, limit: int
    ) -> list[int]:
        """Leases subjects that are due, the longest waiting first."""
        ...

    async def finish_counts(
        self,
        transaction: Transaction,
        subject: Subject,
        ids: Collection[int],
        *,
        read_time: datetime,
    ) -> None:
        """Ends the leases of subjects whose counts were read at `read_time`.

        A subject that was marked since is due after PAUSE, one that was marked shortly before after
        SETTLED.
        """
        ...

    async def count_waiting(self, now: datetime) -> Mapping[Subject, tuple[int, float]]:
        """For each subject: how many wait, and for how many seconds the longest is due."""
        ...

    async def request_rereads(
        self, transaction: Transaction, rereads: Sequence[PostReread], now: datetime
    ) -> None:
        """These posts are read, from now on. A lower version than a known one has no effect on
        the version."""
        ...

    async def repeat_rereads(
        self, transaction: Transaction, post_ids: Collection[int], now: datetime
    ) -> None:
        """Those of the posts that were read again before are due again: an event that came late
        replaced what was read."""
        ...

    async def lease_rereads(
        self, *, now: datetime, lease_end: datetime, limit: int
    ) -> list[PostReread]:
        """Leases what is due, the longest waiting first, each with one more attempt."""
        ...

    async def finish_reread(self, transaction: Transaction, reread: PostReread) -> None:
        """Marks a leased reread as done, unless it was requested again since."""
        ...

    async def retry_reread(self, reread: PostReread, due_time: datetime) -> None:
        """Ends a lease; it is due again later, unless it was requested again since."""
        ...

    async def forget_rereads(self, before: datetime, limit: int) -> int:
        """Deletes up to `limit` that were requested before and are done; returns how many."""
        ...

    async def last_compared(self, name: str) -> int:
        """How far the comparison of this name has come; 0 if it is at its beginning."""
        ...

    async def save_last_compared(
        self, transaction: Transaction, name: str, last_id: int
    ) -> None: ...
