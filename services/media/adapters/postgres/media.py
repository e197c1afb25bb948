"""Media and usage on PostgreSQL. Each statement stays within one shard key."""

from collections.abc import Sequence
from datetime import date, datetime

from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.media.adapters.postgres.rows import (
    MEDIUM_COLUMNS,
    affected,
    buckets_of,
    changeable,
    medium_from,
)
from services.media.domain.model import Medium, MediumState, Usage, Use

_LOCK_OWNER = "SELECT pg_advisory_xact_lock($1)"

_LOCK_MEDIA = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE id = ANY ($1::bigint[]) AND bucket = $2 AND owner_id = $3 ORDER BY id FOR UPDATE
"""  # noqa: S608 - nothing but column names

_LOCK_POST_MEDIA = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE post_id = $1 AND owner_id = $2 AND bucket = $3 AND use = 1 ORDER BY id FOR UPDATE
"""  # noqa: S608

_LOCK_PROFILE_MEDIA = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE owner_id = $1 AND use = $2 AND use > 1 AND bucket = $3 ORDER BY id FOR UPDATE
"""  # noqa: S608

_ADD = """
INSERT INTO media (
  id, bucket, owner_id, declared_type, size_bytes, create_time,
  state, failure, alt_text, focal_x, focal_y, processed, progress, version, expire_time,
  use, post_id, claim_key, claim_time, claim_confirmed, open, folder, stored_bytes
) VALUES (
  $1, $2, $3, $4, $5, $6,
  $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
)
"""

_SAVE = """
UPDATE media SET
  state = $3, failure = $4, alt_text = $5, focal_x = $6, focal_y = $7, processed = $8,
  progress = $9, version = $10, expire_time = $11, use = $12, post_id = $13, claim_key = $14,
  claim_time = $15, claim_confirmed = $16, open = $17, folder = $18, stored_bytes = $19
WHERE id = $1 AND bucket = $2
"""

_ADD_USAGE = """
INSERT INTO upload_usage AS u (owner_id, bucket, day, bytes, uploads) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (owner_id, day, bucket)
  DO UPDATE SET bytes = u.bytes + excluded.bytes, uploads = u.uploads + 1
RETURNING bytes, uploads
"""

_MEDIA = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE id = ANY ($1::bigint[]) AND bucket = ANY ($2::smallint[])
"""  # noqa: S608

_MEDIA_OF = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE owner_id = $1 AND bucket = $2 AND id > $3 ORDER BY id LIMIT $4
"""  # noqa: S608

_ATTACHED_MEDIA_OF = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE owner_id = $1 AND bucket = $2 AND id > $3 AND use > 0 ORDER BY id LIMIT $4
"""  # noqa: S608

_PROVISIONAL = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE use > 0 AND NOT claim_confirmed AND claim_time < $1 ORDER BY claim_time, id LIMIT $2
"""  # noqa: S608

_EXPIRED = f"""
SELECT {MEDIUM_COLUMNS} FROM media
WHERE use = 0 AND expire_time <= $1 ORDER BY expire_time, id LIMIT $2
"""  # noqa: S608

_REPORT_PROGRESS = f"""
UPDATE media SET progress = $3
WHERE id = $1 AND bucket = $2 AND state = {MediumState.PROCESSING:d}
"""  # noqa: S608 - a number

_USAGE = """
SELECT bytes, uploads FROM upload_usage WHERE owner_id = $1 AND bucket = $2 AND day = $3
"""

_STORED_BYTES = """
SELECT coalesce(sum(stored_bytes), 0)::bigint FROM media WHERE owner_id = $1 AND bucket = $2
"""


class PostgresMediumTransaction(PostgresTransaction):
    """See `stores.media.MediumTransaction`."""

    async def lock_owner(self, owner_id: int) -> None:
        await self.connection.execute(_LOCK_OWNER, owner_id)

    async def lock_media(self, owner_id: int, medium_ids: Sequence[int]) -> dict[int, Medium]:
        await self.lock_owner(owner_id)
        found = await self.connection.fetch(_LOCK_MEDIA, medium_ids, bucket_of(owner_id), owner_id)
        return {row["id"]: medium_from(row) for row in found}

    async def lock_post_media(self, owner_id: int, post_id: int) -> list[Medium]:
        await self.lock_owner(owner_id)
        found = await self.connection.fetch(
            _LOCK_POST_MEDIA, post_id, owner_id, bucket_of(owner_id)
        )
        return [medium_from(row) for row in found]

    async def lock_profile_media(self, owner_id: int, use: Use) -> list[Medium]:
        await self.lock_owner(owner_id)
        found = await self.connection.fetch(_LOCK_PROFILE_MEDIA, owner_id, use, bucket_of(owner_id))
        return [medium_from(row) for row in found]

    async def add_medium(self, medium: Medium) -> None:
        await self.connection.execute(
            _ADD,
            medium.id,
            bucket_of(medium.id),
            medium.owner_id,
            medium.declared_type,
            medium.size_bytes,
            medium.create_time,
            *changeable(medium),
        )

    async def save_medium(self, medium: Medium) -> None:
        await self.connection.execute(_SAVE, medium.id, bucket_of(medium.id), *changeable(medium))

    async def delete_medium(self, medium: Medium) -> None:
        bucket = bucket_of(medium.id)
        await self.connection.execute(
            "DELETE FROM processing_jobs WHERE medium_id = $1 AND bucket = $2", medium.id, bucket
        )
        await self.connection.execute(
            "DELETE FROM placements WHERE medium_id = $1 AND bucket = $2", medium.id, bucket
        )
        await self.connection.execute(
            "DELETE FROM media WHERE id = $1 AND bucket = $2", medium.id, bucket
        )

    async def add_usage(self, owner_id: int, day: date, size_bytes: int) -> Usage:
        row = await self.connection.fetchrow(
            _ADD_USAGE, owner_id, bucket_of(owner_id), day, size_bytes
        )
        assert row is not None  # noqa: S101 - the statement returns the row that it writes
        return Usage(*row)


class PostgresMedia:
    """See `stores.media.MediumStore`."""

    _database: Database

    async def media(self, medium_ids: Sequence[int]) -> dict[int, Medium]:
        found = await self._database.fetch(_MEDIA, medium_ids, buckets_of(medium_ids))
        return {row["id"]: medium_from(row) for row in found}

    async def media_of(self, owner_id: int, *, after: int, limit: int) -> list[Medium]:
        found = await self._database.fetch(_MEDIA_OF, owner_id, bucket_of(owner_id), after, limit)
        return [medium_from(row) for row in found]

    async def attached_media_of(self, owner_id: int, *, after: int, limit: int) -> list[Medium]:
        found = await self._database.fetch(
            _ATTACHED_MEDIA_OF, owner_id, bucket_of(owner_id), after, limit
        )
        return [medium_from(row) for row in found]

    async def provisional_media(self, before: datetime, limit: int) -> list[Medium]:
        return [medium_from(row) for row in await self._database.fetch(_PROVISIONAL, before, limit)]

    async def expired_media(self, now: datetime, limit: int) -> list[Medium]:
        return [medium_from(row) for row in await self._database.fetch(_EXPIRED, now, limit)]

    async def report_progress(self, medium_id: int, progress: int) -> None:
        await self._database.execute(_REPORT_PROGRESS, medium_id, bucket_of(medium_id), progress)

    async def usage(self, owner_id: int, day: date) -> Usage:
        row = await self._database.fetchrow(_USAGE, owner_id, bucket_of(owner_id), day)
        return Usage() if row is None else Usage(*row)

    async def stored_bytes(self, owner_id: int) -> int:
        total: int = await self._database.fetchval(_STORED_BYTES, owner_id, bucket_of(owner_id))
        return total

    async def prune_usage(self, before: date) -> int:
        return affected(
            await self._database.execute("DELETE FROM upload_usage WHERE day < $1", before)
        )
