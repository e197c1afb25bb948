"""What is read again, in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.chassis.storage.transaction import Transaction
from services.search.adapters.memory.store import MemorySearchStore, tables_of
from services.search.adapters.memory.tables import CountMark, StoredReread
from services.search.domain.refreshes import (
    PAUSE,
    SETTLED,
    PostReread,
    RefreshStore,
    Subject,
)


class MemoryRefreshes:
    """See `refreshes.RefreshStore`."""

    def __init__(self, store: MemorySearchStore) -> None:
        self._store = store

    async def mark_counts(
        self, transaction: Transaction, subject: Subject, ids: Collection[int], now: datetime
    ) -> None:
        marks = tables_of(transaction).count_marks
        for each in ids:
            before = marks.get((subject, each), CountMark(now, now))
            known = (subject, each) in marks
            marks[subject, each] = CountMark(
                max(before.mark_time, now), min(before.due_time, now + PAUSE) if known else now
            )

    async def lease_counts(
        self, subject: Subject, *, now: datetime, lease_end: datetime, limit: int
    ) -> list[int]:
        async with self._store.transaction() as transaction:
            marks = transaction.tables.count_marks
            due = sorted(
                (mark.due_time, each)
                for (kind, each), mark in marks.items()
                if kind is subject and mark.due_time <= now
            )[:limit]
            for _, each in due:
                marks[subject, each] = marks[subject, each]._replace(due_time=lease_end)
            return [each for _, each in due]

    async def finish_counts(
        self,
        transaction: Transaction,
        subject: Subject,
        ids: Collection[int],
        *,
        read_time: datetime,
    ) -> None:
        marks = tables_of(transaction).count_marks
        for each in ids:
            mark = marks.get((subject, each))
            if mark is None:
                continue
            if mark.mark_time <= read_time - SETTLED:
                del marks[subject, each]
            else:
                marked_since = mark.mark_time > read_time
                due_time = read_time + PAUSE if marked_since else mark.mark_time + SETTLED
                marks[subject, each] = mark._replace(due_time=due_time)

    async def count_waiting(self, now: datetime) -> Mapping[Subject, tuple[int, float]]:
        found: dict[Subject, tuple[int, float]] = {}
        for subject in Subject:
            waits = [
                (now - mark.due_time).total_seconds()
                for (kind, _), mark in self._store.tables.count_marks.items()
                if kind is subject
            ]
            found[subject] = (len(waits), max([*waits, 0.0]))
        return found

    async def request_rereads(
        self, transaction: Transaction, rereads: Sequence[PostReread], now: datetime
    ) -> None:
        stored = tables_of(transaction).post_rereads
        for each in rereads:
            key = each.post_id, each.medium_id
            known = stored[key].reread.version if key in stored else 0
            version = max(known, each.version)
            stored[key] = StoredReread(PostReread(*key, version), now, now)

    async def repeat_rereads(
        self, transaction: Transaction, post_ids: Collection[int], now: datetime
    ) -> None:
        stored = tables_of(transaction).post_rereads
        for key, each in list(stored.items()):
            if key[0] in post_ids:
                stored[key] = StoredReread(each.reread._replace(attempts=0), now, now)

    async def lease_rereads(
        self, *, now: datetime, lease_end: datetime, limit: int
    ) -> list[PostReread]:
        async with self._store.transaction() as transaction:
            stored = transaction.tables.post_rereads
            due = sorted(
                (each.due_time, key)
                for key, each in stored.items()
                if each.due_time is not None and each.due_time <= now
            )[:limit]
            leased = []
            for _, key in due:
                reread = stored[key].reread
                reread = reread._replace(attempts=reread.attempts + 1)
                stored[key] = stored[key]._replace(reread=reread, due_time=lease_end)
                leased.append(reread)
            return leased

    async def finish_reread(self, transaction: Transaction, reread: PostReread) -> None:
        stored = tables_of(transaction).post_rereads
        key = reread.post_id, reread.medium_id
        if key in stored and stored[key].reread == reread:
            stored[key] = stored[key]._replace(due_time=None)

    async def retry_reread(self, reread: PostReread, due_time: datetime) -> None:
        async with self._store.transaction() as transaction:
            stored = transaction.tables.post_rereads
            key = reread.post_id, reread.medium_id
            if key in stored and stored[key].reread == reread:
                stored[key] = stored[key]._replace(due_time=due_time)

    async def forget_rereads(self, before: datetime, limit: int) -> int:
        async with self._store.transaction() as transaction:
            stored = transaction.tables.post_rereads
            old = [
                key
                for key, each in stored.items()
                if each.due_time is None and each.request_time < before
            ][:limit]
            for key in old:
                del stored[key]
            return len(old)

    async def last_compared(self, name: str) -> int:
        return self._store.tables.compared.get(name, 0)

    async def save_last_compared(self, transaction: Transaction, name: str, last_id: int) -> None:
        tables_of(transaction).compared[name] = last_id


if TYPE_CHECKING:

    def _store(store: MemoryRefreshes) -> RefreshStore:
        return store
