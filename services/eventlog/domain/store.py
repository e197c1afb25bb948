"""The store of the event log."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.eventlog.domain.model import (
    Arrival,
    Change,
    Head,
    LogEntry,
    Suppression,
)

# Announces committed entries. It returns immediately, and the announcement may be lost.
Announce = Callable[[Sequence[LogEntry]], None]


class LogTransaction(Transaction, Protocol):
    """Changes of logs, in the transaction of their cause."""

    @property
    def appended(self) -> Sequence[LogEntry]:
        """The entries that this transaction appended; they are announced after the commit."""
        ...

    async def append_events(self, changes: Sequence[Change], now: datetime) -> None:
        """Appends to logs: each user's next sequences, in the given order, without holes.

        Call it once in a transaction, and last: it locks the logs in ascending order of user id,
        and other writers of these logs wait for the end of the transaction.
        """
        ...

    async def receiving_users(self, arrivals: Sequence[Arrival], now: datetime) -> list[list[int]]:
        """For each arrival, those of its users who are present and have no suppression of its
        author or reposter."""
        ...

    async def add_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        """Adds suppressions; existing ones are ignored."""
        ...

    async def remove_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        """Removes suppressions, each reason separately."""
        ...

    async def remove_all_suppressions(self, user_id: int) -> None:
        """Removes all suppressions of and about a deleted user."""
        ...

    async def record_deleted_log(self, user_id: int, now: datetime) -> None:
        """Records that the account was deleted: `drop_deleted_logs` deletes the log."""
        ...


class LogStore(Protocol):
    """The logs of all users. Reads see every earlier commit."""

    def transaction(self) -> AbstractAsyncContextManager[LogTransaction]:
        """Begins a transaction. Its entries are announced after the commit."""
        ...

    async def attach_users(
        self, user_ids: Sequence[int], now: datetime, *, missed: bytes
    ) -> dict[int, Head]:
        """Marks users as present, and returns the bounds of their logs.

        Arrivals were not logged for a user who was absent for longer than PRESENCE_GRACE: `missed`,
        an event that says so, is appended to their log.
        """
        ...

    async def renew_presence(self, user_ids: Sequence[int], now: datetime) -> None:
        """Extends the presence of users."""
        ...

    async def present_users(self, *, after: int, limit: int, now: datetime) -> list[int]:
        """Present users with ids above `after`, in ascending order."""
        ...

    async def newer_than(self, known: Mapping[int, int]) -> dict[int, Head]:
        """The bounds of those logs that end after the known sequence."""
        ...

    async def events(self, after: Mapping[int, int], *, limit: int) -> list[LogEntry]:
        """The entries after a sequence of each user: in sequence, at most `limit` of each."""
        ...

    async def trim(self, before: datetime, *, limit: int) -> int:
        """Deletes up to `limit` events older than `before`, and all that precede them in their
        logs; returns how many were found."""
        ...

    async def drop_deleted_logs(self, now: datetime) -> None:
        """Deletes the logs of accounts that were deleted DELETED_LOG_KEPT ago or earlier. It does
        so repeatedly for KEPT, since late events may append to them again."""
        ...
