"""The Timeline service's tables in PostgreSQL.

Each statement stays within one shard key, the user. The public timeline and the celebrities are not
distributed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.chassis.storage import idempotency
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.timeline.domain.model import MAX_ENTRY_ID, Marker, PublicEntry

_ADVANCE_MARKER = """
INSERT INTO read_markers AS m (user_id, last_read_entry_id, update_time) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET
  update_time = excluded.update_time,
  last_read_entry_id = excluded.last_read_entry_id
WHERE excluded.last_read_entry_id > m.last_read_entry_id
RETURNING last_read_entry_id, update_time
"""

_MARKER = "SELECT last_read_entry_id, update_time FROM read_markers WHERE user_id = $1"

_PUBLIC = """
SELECT post_id, author_id FROM public_entries e
WHERE post_id <= $1
  AND NOT EXISTS (SELECT FROM closed_authors c WHERE c.user_id = e.author_id)
ORDER BY post_id DESC LIMIT $2
"""

_PRUNE_PUBLIC = """
DELETE FROM public_entries WHERE post_id <= (
  SELECT post_id FROM public_entries ORDER BY post_id DESC OFFSET $1 LIMIT 1
)
"""


class PostgresTimelineTransaction(PostgresTransaction):
    """See `store.TimelineTransaction`."""

    async def advance_marker(
        self, user_id: int, entry_id: int, now: datetime
    ) -> tuple[Marker, bool]:
        moved = await self.connection.fetchrow(_ADVANCE_MARKER, user_id, entry_id, now)
        row = moved or await self.connection.fetchrow(_MARKER, user_id)
        assert row is not None  # noqa: S101 - what does not move is there
        return Marker(row["last_read_entry_id"], row["update_time"]), moved is not None


class PostgresTimelineStore:
    """See `store.TimelineStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTimelineTransaction]:
        async with self._database.transaction(PostgresTimelineTransaction) as transaction:
            yield transaction

    async def marker(self, user_id: int) -> Marker | None:
        row = await self._database.fetchrow(_MARKER, user_id)
        return Marker(row["last_read_entry_id"], row["update_time"]) if row else None

    async def add_celebrity(self, author_id: int, *, followers: int, now: datetime) -> None:
        await self._database.execute(
            "INSERT INTO celebrities (author_id, followers, create_time) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING",
            author_id,
            followers,
            now,
        )

    async def is_celebrity(self, author_id: int) -> bool:
        found = await self._database.fetchval(
            "SELECT true FROM celebrities WHERE author_id = $1", author_id
        )
        return found is True

    async def celebrities(self) -> frozenset[int]:
        rows = await self._database.fetch("SELECT author_id FROM celebrities")
        return frozenset(row["author_id"] for row in rows)

    async def count_celebrities(self) -> int:
        count: int = await self._database.fetchval("SELECT count(*) FROM celebrities")
        return count

    async def add_mute(self, muter_id: int, muted_id: int) -> None:
        await self._database.execute(
            "INSERT INTO mutes (muter_id, muted_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            muter_id,
            muted_id,
        )

    async def remove_mute(self, muter_id: int, muted_id: int) -> None:
        await self._database.execute(
            "DELETE FROM mutes WHERE muter_id = $1 AND muted_id = $2", muter_id, muted_id
        )

    async def muted_by(self, muter_id: int) -> list[int]:
        rows = await self._database.fetch(
            "SELECT muted_id FROM mutes WHERE muter_id = $1", muter_id
        )
        return [row["muted_id"] for row in rows]

    async def delete_user(self, user_id: int) -> None:
        await self._database.execute(
            "WITH marker AS (DELETE FROM read_markers WHERE user_id = $1) "
            "DELETE FROM mutes WHERE muter_id = $1",
            user_id,
        )
        async with self._database.connection() as connection:
            await idempotency.forget_callers(connection, [str(user_id)])

    async def add_public(self, entries: Sequence[PublicEntry]) -> None:
        await self._database.execute(
            "INSERT INTO public_entries (post_id, author_id) "
            "SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING",
            [entry.post_id for entry in entries],
            [entry.author_id for entry in entries],
        )

    async def remove_public(self, post_ids: Sequence[int]) -> None:
        await self._database.execute(
            "DELETE FROM public_entries WHERE post_id = ANY($1::bigint[])", post_ids
        )

    async def public(self, *, before: int, limit: int) -> list[PublicEntry]:
        rows = await self._database.fetch(_PUBLIC, min(before - 1, MAX_ENTRY_ID), limit)
        return [PublicEntry(row["post_id"], row["author_id"]) for row in rows]

    async def prune_public(self, *, keep: int) -> int:
        status = await self._database.execute(_PRUNE_PUBLIC, keep)
        return int(status.rpartition(" ")[2])

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        if protected:
            await self._database.execute(
                "INSERT INTO closed_authors (user_id, deleted) VALUES ($1, false) "
                "ON CONFLICT DO NOTHING",
                user_id,
            )
        else:
            await self._database.execute(
                "DELETE FROM closed_authors WHERE user_id = $1 AND NOT deleted", user_id
            )

    async def close_author(self, user_id: int) -> None:
        await self._database.execute(
            "WITH gone AS (DELETE FROM public_entries WHERE author_id = $1) "
            "INSERT INTO closed_authors (user_id, deleted) VALUES ($1, true) "
            "ON CONFLICT (user_id) DO UPDATE SET deleted = true",
            user_id,
        )
