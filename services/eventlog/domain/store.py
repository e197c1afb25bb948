"""What the event log asks of its database: one contract, two implementations."""

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

# Says what was committed; returns at once, and may come to nothing: the log is the truth.
Announce = Callable[[Sequence[LogEntry]], None]


class LogTransaction(Transaction, Protocol):
    """Changes of logs, together with what they follow from."""

    @property
    def appended(self) -> Sequence[LogEntry]:
        """What this transaction appended: to be announced once it is committed."""
        ...

    async def append_events(self, changes: Sequence[Change], now: datetime) -> None:
        """Appends to logs: each person's next sequences, in the order given, without holes.

        Once a transaction, and last: it locks the logs in ascending order of user id, and whoever
        appends to one of them waits for the end of the transaction.
        """
        ...

    async def receiving_users(self, arrivals: Sequence[Arrival], now: datetime) -> list[list[int]]:
        """For each arrival, which of its people are there and see author and reposter."""
        ...

    async def add_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        """Notes who sees nothing of whom."""
        ...

    async def remove_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        """Takes that back, each reason for itself."""
        ...

    async def remove_all_suppressions(self, user_id: int) -> None:
        """Forgets all silences of and about a deleted person."""
        ...

    async def record_deleted_user(self, user_id: int, now: datetime) -> None:
        """Notes that the account was deleted: `drop_deleted_logs` deletes the log."""
        ...


class LogStore(Protocol):
    """Everybody's log. Reads see every commit before them."""

    def transaction(self) -> AbstractAsyncContextManager[LogTransaction]:
        """See `chassis.transaction`. What it appended is announced after the commit."""
        ...

    async def attach_users(
        self, user_ids: Sequence[int], now: datetime, *, missed: bytes
    ) -> dict[int, Head]:
        """Notes that people are there, and gives what their logs hold.

        Arrivals were left out for whoever was away for longer than PRESENCE_GRACE: `missed`, an
        event that says so, is appended to their logs.
        """
        ...

    async def renew_presence(self, user_ids: Sequence[int], now: datetime) -> None:
        """Notes that people are still there."""
        ...

    async def present_users(self, *, after: int, limit: int, now: datetime) -> list[int]:
        """Who is there, in ascending order of user id, above `after`."""
        ...

    async def newer_than(self, known: Mapping[int, int]) -> dict[int, Head]:
        """The logs that end beyond what is known of them: sequences by user id."""
        ...

    async def events(self, after: Mapping[int, int], *, limit: int) -> list[LogEntry]:
        """What comes after a sequence of each person: in sequence, at most `limit` of each."""
        ...

    async def trim(self, before: datetime, *, limit: int) -> int:
        """Deletes up to `limit` events older than `before`, and whatever precedes them; says how
        many were found."""
        ...

    async def drop_deleted_logs(self, now: datetime) -> None:
        """Deletes the logs of people who left DELETED_LOG_KEPT ago or earlier, again and again for
        KEPT, since events about them may come late."""
        ...
