"""Uploads on PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.media.adapters.postgres.rows import UPLOAD_COLUMNS, upload_from
from services.media.domain.model import Upload, UploadState

_ADD = """
INSERT INTO uploads (
  medium_id, bucket, owner_id, object_key, multipart_id, state, size_bytes, part_bytes,
  create_time, expire_time, delete_after, change_time
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

_LOCK_OWNER = "SELECT pg_advisory_xact_lock($1)"

_LOCK = f"""
SELECT {UPLOAD_COLUMNS} FROM uploads
WHERE medium_id = $1 AND bucket = $2 AND owner_id = $3 FOR UPDATE
"""  # noqa: S608 - nothing but column names

_SAVE = """
UPDATE uploads SET state = $3, delete_after = $4,
  change_time = CASE WHEN state = $3 THEN change_time ELSE $5 END
WHERE medium_id = $1 AND bucket = $2
"""

_ONE = f"SELECT {UPLOAD_COLUMNS} FROM uploads WHERE medium_id = $1 AND bucket = $2"  # noqa: S608

# The first call wins: the row is locked between the comparison and the change.
_RECORD_MULTIPART = f"""
UPDATE uploads SET multipart_id = CASE WHEN multipart_id = '' THEN $3 ELSE multipart_id END
WHERE medium_id = $1 AND bucket = $2 AND state = {UploadState.OPEN:d}
RETURNING multipart_id
"""  # noqa: S608 - a number

_STUCK = f"""
SELECT {UPLOAD_COLUMNS} FROM uploads
WHERE state = {UploadState.COMPLETING:d} AND change_time < $1
ORDER BY change_time, medium_id LIMIT $2
"""  # noqa: S608

_DOOMED = f"""
SELECT {UPLOAD_COLUMNS} FROM uploads
WHERE state = {UploadState.DOOMED:d} AND delete_after <= $1
ORDER BY delete_after, medium_id LIMIT $2
"""  # noqa: S608

_POSTPONE = f"""
UPDATE uploads SET delete_after = $3
WHERE medium_id = $1 AND bucket = $2 AND state = {UploadState.DOOMED:d}
"""  # noqa: S608

_DELETE = f"""
DELETE FROM uploads WHERE medium_id = $1 AND bucket = $2 AND state = {UploadState.DOOMED:d}
"""  # noqa: S608

_OF_KEYS = f"SELECT {UPLOAD_COLUMNS} FROM uploads WHERE object_key = ANY ($1::text[])"  # noqa: S608


class PostgresUploadTransaction(PostgresTransaction):
    """See `stores.uploads.UploadTransaction`."""

    async def add_upload(self, upload: Upload) -> None:
        await self.connection.execute(
            _ADD,
            upload.medium_id,
            bucket_of(upload.medium_id),
            upload.owner_id,
            upload.object_key,
            upload.multipart_id,
            upload.state,
            upload.size_bytes,
            upload.part_bytes,
            upload.create_time,
            upload.expire_time,
            upload.delete_after,
            self._clock.now(),
        )

    async def lock_upload(self, owner_id: int, medium_id: int) -> Upload | None:
        await self.connection.execute(_LOCK_OWNER, owner_id)
        row = await self.connection.fetchrow(_LOCK, medium_id, bucket_of(medium_id), owner_id)
        return None if row is None else upload_from(row)

    async def save_upload(self, upload: Upload) -> None:
        await self.connection.execute(
            _SAVE,
            upload.medium_id,
            bucket_of(upload.medium_id),
            upload.state,
            upload.delete_after,
            self._clock.now(),
        )


class PostgresUploads:
    """See `stores.uploads.UploadStore`."""

    _database: Database

    async def upload(self, medium_id: int) -> Upload | None:
        row = await self._database.fetchrow(_ONE, medium_id, bucket_of(medium_id))
        return None if row is None else upload_from(row)

    async def record_multipart(self, medium_id: int, multipart_id: str) -> str | None:
        stored: str | None = await self._database.fetchval(
            _RECORD_MULTIPART, medium_id, bucket_of(medium_id), multipart_id
        )
        return stored

    async def stuck_uploads(self, before: datetime, limit: int) -> list[Upload]:
        return [upload_from(row) for row in await self._database.fetch(_STUCK, before, limit)]

    async def doomed_uploads(self, now: datetime, limit: int) -> list[Upload]:
        return [upload_from(row) for row in await self._database.fetch(_DOOMED, now, limit)]

    async def postpone_upload(self, medium_id: int, delete_after: datetime) -> None:
        await self._database.execute(_POSTPONE, medium_id, bucket_of(medium_id), delete_after)

    async def delete_upload(self, medium_id: int) -> None:
        await self._database.execute(_DELETE, medium_id, bucket_of(medium_id))

    async def uploads_of(self, object_keys: Collection[str]) -> Sequence[Upload]:
        found = await self._database.fetch(_OF_KEYS, list(object_keys))
        return [upload_from(row) for row in found]
