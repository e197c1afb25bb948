"""The event log in memory, for tests of everything above the store."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.eventlog.domain.model import (
    DELETED_LOG_KEPT,
    KEPT,
    LEEWAY,
    PRESENCE_GRACE,
    Arrival,
    Change,
    Head,
    LogEntry,
    Suppression,
    places,
    too_long,
)
from services.eventlog.domain.store import Announce, LogStore


@dataclass
class LogTables(MemoryTables):
    """The tables of the event log. They hold no entry before a log's first sequence."""

    heads: dict[int, Head] = field(default_factory=dict)
    events: dict[int, dict[int, LogEntry]] = field(default_factory=dict)
    suppressions: set[Suppression] = field(default_factory=set)
    deleted_logs: dict[int, datetime] = field(default_factory=dict)

    def begin_at(self, user_id: int, first: int) -> None:
        """Deletes all entries of a log before `first`."""
        head = self.heads[user_id]
        self.heads[user_id] = replace(head, first=max(head.first, first))
        kept = self.events.get(user_id, {})
        self.events[user_id] = {each: kept[each] for each in kept if each >= first}


TablesT = TypeVar("TablesT", bound=LogTables)


class MemoryLogTransaction(MemoryTransaction[TablesT]):
    """See `store.LogTransaction`."""

    def __init__(self, tables: TablesT, clock: Clock) -> None:
        super().__init__(tables, clock)
        self.appended: list[LogEntry] = []

    async def append_events(self, changes: Sequence[Change], now: datetime) -> None:
        heads = self.tables.heads
        counts = Counter(change.user_id for change in changes)
        for user_id, more in counts.items():
            head = heads.get(user_id, Head(1, 0))
            heads[user_id] = replace(head, last=head.last + more)
        lasts = {user_id: heads[user_id].last for user_id in counts}
        for change, sequence in zip(changes, places(changes, lasts, counts), strict=True):
            entry = LogEntry(change.user_id, sequence, now, change.content)
            self.tables.events.setdefault(change.user_id, {})[sequence] = entry
            self.appended.append(entry)
        for user_id in counts:
            first = too_long(heads[user_id])
            if first is not None:
                self.tables.begin_at(user_id, first)

    async def receiving_users(self, arrivals: Sequence[Arrival], now: datetime) -> list[list[int]]:
        suppressed = {(each.user_id, each.other_id) for each in self.tables.suppressions}

        def receives(user_id: int, arrival: Arrival) -> bool:
            head = self.tables.heads.get(user_id)
            if head is None or head.present_until is None or head.present_until <= now:
                return False
            return not suppressed & {(user_id, arrival.author_id), (user_id, arrival.reposter_id)}

        return [
            [user_id for user_id in arrival.user_ids if receives(user_id, arrival)]
            for arrival in arrivals
        ]

    async def add_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        self.tables.suppressions |= set(suppressions)

    async def remove_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        self.tables.suppressions -= set(suppressions)

    async def remove_all_suppressions(self, user_id: int) -> None:
        self.tables.suppressions = {
            each
            for each in self.tables.suppressions
            if user_id not in (each.user_id, each.other_id)
        }

    async def record_deleted_log(self, user_id: int, now: datetime) -> None:
        self.tables.deleted_logs.setdefault(user_id, now)


class MemoryLogStore:
    """See `store.LogStore`."""

    def __init__(self, database: MemoryDatabase[LogTables], *, announce: Announce) -> None:
        self.database = database
        self._announce = announce

    @property
    def _tables(self) -> LogTables:
        return self.database.tables

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryLogTransaction[LogTables]]:
        async with self.database.transaction(MemoryLogTransaction) as transaction:
            yield transaction
        self._announce(transaction.appended)

    async def attach_users(
        self, user_ids: Sequence[int], now: datetime, *, missed: bytes
    ) -> dict[int, Head]:
        async with self.transaction() as transaction:
            heads = transaction.tables.heads
            away = [each for each in set(user_ids) if _is_absent(heads.get(each), now)]
            await transaction.append_events([Change(each, missed) for each in away], now)
            for user_id in user_ids:
                heads[user_id] = _renewed(heads.get(user_id, Head(1, 0)), now)
        return {user_id: self._tables.heads[user_id] for user_id in user_ids}

    async def renew_presence(self, user_ids: Sequence[int], now: datetime) -> None:
        async with self.transaction() as transaction:
            heads = transaction.tables.heads
            for user_id in heads.keys() & set(user_ids):
                heads[user_id] = _renewed(heads[user_id], now)

    async def present_users(self, *, after: int, limit: int, now: datetime) -> list[int]:
        found = (
            user_id
            for user_id, head in sorted(self._tables.heads.items())
            if user_id > after and head.present_until is not None and head.present_until > now
        )
        return list(found)[:limit]

    async def newer_than(self, known: Mapping[int, int]) -> dict[int, Head]:
        heads = self._tables.heads
        return {
            user_id: heads[user_id]
            for user_id, last in known.items()
            if user_id in heads and heads[user_id].last > last
        }

    async def events(self, after: Mapping[int, int], *, limit: int) -> list[LogEntry]:
        found: list[LogEntry] = []
        for user_id, sequence in sorted(after.items()):
            kept = self._tables.events.get(user_id, {})
            found += [kept[each] for each in sorted(kept) if each > sequence][:limit]
        return found

    async def trim(self, before: datetime, *, limit: int) -> int:
        async with self.transaction() as transaction:
            tables = transaction.tables
            old = sorted(
                (entry for kept in tables.events.values() for entry in kept.values()),
                key=lambda entry: entry.time,
            )
            found = [entry for entry in old if entry.time < before][:limit]
            for entry in found:
                tables.begin_at(entry.user_id, entry.sequence + 1)
        return len(found)

    async def drop_deleted_logs(self, now: datetime) -> None:
        async with self.transaction() as transaction:
            tables = transaction.tables
            for user_id, time in list(tables.deleted_logs.items()):
                if time <= now - DELETED_LOG_KEPT:
                    tables.heads.pop(user_id, None)
                    tables.events.pop(user_id, None)
                if time <= now - KEPT:
                    del tables.deleted_logs[user_id]


def _is_absent(head: Head | None, now: datetime) -> bool:
    """Whether arrivals may be missing in the log; they are not for a new user."""
    if head is None:
        return False
    return head.present_until is None or head.present_until < now + LEEWAY


def _renewed(head: Head, now: datetime) -> Head:
    until = now + PRESENCE_GRACE + LEEWAY
    if head.present_until is not None:
        until = max(until, head.present_until)
    return replace(head, present_until=until)


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[LogStore] = MemoryLogStore
