"""What is read again, on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.chassis.storage.postgres import Database
from services.chassis.storage.transaction import Transaction
from services.search.adapters.postgres.store import connection_of
from services.search.domain.refreshes import (
    PAUSE,
    SETTLED,
    PostReread,
    RefreshStore,
    Subject,
)

# In one order for all, so that two transactions do not wait for each other.
_MARK = """
INSERT INTO count_refreshes AS r (subject, subject_id, mark_time, due_time)
SELECT $1, id, $3::timestamptz, $3 FROM unnest($2::bigint[]) AS id ORDER BY id
ON CONFLICT (subject_id, subject) DO UPDATE SET
  mark_time = greatest(r.mark_time, excluded.mark_time),
  due_time = least(r.due_time, excluded.due_time + $4::interval)
"""
_LEASE_COUNTS = """
WITH due AS MATERIALIZED (
  SELECT subject_id FROM count_refreshes WHERE subject = $1 AND due_time <= $2
  ORDER BY due_time LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE count_refreshes r SET due_time = $3 FROM due
WHERE r.subject = $1 AND r.subject_id = due.subject_id
RETURNING r.subject_id
"""
_LOCK_COUNTS = """
SELECT FROM count_refreshes WHERE subject = $1 AND subject_id = ANY ($2)
ORDER BY subject_id FOR UPDATE
"""
_POSTPONE = """
UPDATE count_refreshes
SET due_time = CASE WHEN mark_time > $3::timestamptz THEN $3 + $4::interval ELSE mark_time + $5 END
WHERE subject = $1 AND subject_id = ANY ($2) AND mark_time > $3::timestamptz - $5::interval
"""
_FINISH = """
DELETE FROM count_refreshes
WHERE subject = $1 AND subject_id = ANY ($2) AND mark_time <= $3::timestamptz - $4::interval
"""
_WAITING = """
SELECT subject, count(*), greatest(coalesce(extract(epoch FROM $1 - min(due_time)), 0), 0)::float
FROM count_refreshes GROUP BY subject
"""

_REQUEST = """
INSERT INTO post_rereads AS r (post_id, medium_id, version, request_time, due_time)
SELECT post_id, medium_id, version, $4, $4
FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) AS given (post_id, medium_id, version)
ORDER BY post_id, medium_id
ON CONFLICT (post_id, medium_id) DO UPDATE SET
  version = greatest(r.version, excluded.version), attempts = 0,
  request_time = excluded.request_time, due_time = excluded.due_time
"""
_REPEAT = """
UPDATE post_rereads SET attempts = 0, request_time = $2, due_time = $2
WHERE post_id = ANY ($1)
"""
_LEASE_REREADS = """
WITH due AS MATERIALIZED (
  SELECT post_id, medium_id FROM post_rereads WHERE due_time <= $1
  ORDER BY due_time LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE post_rereads r SET due_time = $2, attempts = attempts + 1 FROM due
WHERE (r.post_id, r.medium_id) = (due.post_id, due.medium_id)
RETURNING r.post_id, r.medium_id, r.version, r.attempts
"""
_HELD = "post_id = $1 AND medium_id = $2 AND version = $3 AND attempts = $4"
_FINISH_REREAD = f"UPDATE post_rereads SET due_time = NULL WHERE {_HELD}"  # noqa: S608 - a constant
_RETRY_REREAD = f"UPDATE post_rereads SET due_time = $5 WHERE {_HELD}"  # noqa: S608
_FORGET_REREADS = """
DELETE FROM post_rereads WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM post_rereads WHERE due_time IS NULL AND request_time < $1 LIMIT $2))
"""

_SAVE_COMPARED = """
INSERT INTO comparisons (name, last_id) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id
"""


class PostgresRefreshes:
    """See `refreshes.RefreshStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark_counts(
        self, transaction: Transaction, subject: Subject, ids: Collection[int], now: datetime
    ) -> None:
        await connection_of(transaction).execute(_MARK, subject, list(set(ids)), now, PAUSE)

    async def lease_counts(
        self, subject: Subject, *, now: datetime, lease_end: datetime, limit: int
    ) -> list[int]:
        rows = await self._database.fetch(_LEASE_COUNTS, subject, now, lease_end, limit)
        return [row[0] for row in rows]

    async def finish_counts(
        self,
        transaction: Transaction,
        subject: Subject,
        ids: Collection[int],
        *,
        read_time: datetime,
    ) -> None:
        connection, listed = connection_of(transaction), list(ids)
        await connection.execute(_LOCK_COUNTS, subject, listed)
        await connection.execute(_POSTPONE, subject, listed, read_time, PAUSE, SETTLED)
        await connection.execute(_FINISH, subject, listed, read_time, SETTLED)

    async def count_waiting(self, now: datetime) -> Mapping[Subject, tuple[int, float]]:
        rows = await self._database.fetch(_WAITING, now)
        found = {Subject(subject): (count, seconds) for subject, count, seconds in rows}
        return {each: found.get(each, (0, 0.0)) for each in Subject}

    async def request_rereads(
        self, transaction: Transaction, rereads: Sequence[PostReread], now: datetime
    ) -> None:
        versions: dict[tuple[int, int], int] = {}
        for each in rereads:
            key = each.post_id, each.medium_id
            versions[key] = max(versions.get(key, 0), each.version)
        await connection_of(transaction).execute(
            _REQUEST,
            [post_id for post_id, _ in versions],
            [medium_id for _, medium_id in versions],
            list(versions.values()),
            now,
        )

    async def repeat_rereads(
        self, transaction: Transaction, post_ids: Collection[int], now: datetime
    ) -> None:
        await connection_of(transaction).execute(_REPEAT, list(post_ids), now)

    async def lease_rereads(
        self, *, now: datetime, lease_end: datetime, limit: int
    ) -> list[PostReread]:
        rows = await self._database.fetch(_LEASE_REREADS, now, lease_end, limit)
        return [PostReread(*row) for row in rows]

    async def finish_reread(self, transaction: Transaction, reread: PostReread) -> None:
        await connection_of(transaction).execute(_FINISH_REREAD, *reread)

    async def retry_reread(self, reread: PostReread, due_time: datetime) -> None:
        await self._database.execute(_RETRY_REREAD, *reread, due_time)

    async def forget_rereads(self, before: datetime, limit: int) -> int:
        status = await self._database.execute(_FORGET_REREADS, before, limit)
        return int(status.rpartition(" ")[2])

    async def last_compared(self, name: str) -> int:
        found = await self._database.fetchval(
            "SELECT last_id FROM comparisons WHERE name = $1", name
        )
        return found or 0

    async def save_last_compared(self, transaction: Transaction, name: str, last_id: int) -> None:
        await connection_of(transaction).execute(_SAVE_COMPARED, name, last_id)


if TYPE_CHECKING:

    def _store(store: PostgresRefreshes) -> RefreshStore:
        return store
