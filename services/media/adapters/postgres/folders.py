"""Folders and purges on PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.media.adapters.postgres.rows import (
    FOLDER_COLUMNS,
    PURGE_COLUMNS,
    affected,
    folder_from,
    purge_from,
)
from services.media.domain.model import Folder, FolderState, Purge

_WRITING, _LIVE, _GONE = (
    int(each) for each in (FolderState.WRITING, FolderState.LIVE, FolderState.DOOMED)
)

_PUBLISH = f"UPDATE folders SET state = {_LIVE} WHERE key = $1 AND state = {_WRITING}"  # noqa: S608

_OF_MEDIUM = f"""
SELECT {FOLDER_COLUMNS} FROM folders
WHERE medium_id = $1 AND bucket = $2 AND key <> $3 ORDER BY key FOR UPDATE
"""  # noqa: S608 - nothing but column names

_DOOM = f"""
UPDATE folders f SET state = {_GONE}, delete_after = doomed.delete_after
FROM unnest($1::text[], $3::timestamptz[]) AS doomed (key, delete_after)
WHERE f.key = doomed.key AND f.bucket = $2
"""  # noqa: S608 - a number

_ADD_PURGE = """
INSERT INTO purges (folder, bucket, owner_id, files, due_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (folder, bucket)
  DO UPDATE SET files = excluded.files, due_time = excluded.due_time, attempts = 0
"""

_ADD = """
INSERT INTO folders (
  key, bucket, owner_id, medium_id, access, state, files, create_time, delete_after
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_ONE = f"SELECT {FOLDER_COLUMNS} FROM folders WHERE key = $1"  # noqa: S608
_OF_KEYS = f"SELECT {FOLDER_COLUMNS} FROM folders WHERE key = ANY ($1::text[])"  # noqa: S608

_ABANDON = f"""
UPDATE folders SET state = {_GONE}, delete_after = $3
WHERE key = $1 AND bucket = $2 AND state = {_WRITING}
"""  # noqa: S608 - a number

_ABANDONED = f"""
SELECT key FROM folders WHERE state = {_WRITING} AND create_time < $1
ORDER BY create_time, key LIMIT $2
"""  # noqa: S608

# The condition makes a repetition harmless: another process may have found the same folders.
_DOOM_ABANDONED = f"""
UPDATE folders SET state = {_GONE}, delete_after = $2
WHERE key = ANY ($1::text[]) AND state = {_WRITING}
"""  # noqa: S608

_DOOMED = f"""
SELECT {FOLDER_COLUMNS} FROM folders
WHERE state = {_GONE} AND delete_after <= $1 ORDER BY delete_after, key LIMIT $2
"""  # noqa: S608

_POSTPONE = f"UPDATE folders SET delete_after = $2 WHERE key = $1 AND state = {_GONE}"  # noqa: S608
_DELETE = f"DELETE FROM folders WHERE key = $1 AND state = {_GONE}"  # noqa: S608

_LEASE_PURGES = f"""
UPDATE purges SET attempts = attempts + 1, due_time = $2 WHERE folder IN (
  SELECT folder FROM purges WHERE due_time <= $1
  ORDER BY due_time, folder LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING {PURGE_COLUMNS}
"""  # noqa: S608

# The condition of a lease: a new request resets the attempts and the time.
_HELD = "folder = $1 AND bucket = $2 AND attempts = $3 AND due_time = $4"
_RETRY_PURGE = f"UPDATE purges SET due_time = $5 WHERE {_HELD}"  # noqa: S608
_FINISH_PURGE = f"DELETE FROM purges WHERE {_HELD}"  # noqa: S608

_COUNT = """
SELECT count(*), coalesce(extract(epoch FROM $1 - min(due_time)), 0)::float FROM purges
"""


class PostgresFolderTransaction(PostgresTransaction):
    """See `stores.folders.FolderTransaction`."""

    async def publish_folder(self, key: str) -> bool:
        return affected(await self.connection.execute(_PUBLISH, key)) == 1

    async def doom_folders(
        self, medium_id: int, *, delete_after: datetime, keep: str = ""
    ) -> list[Folder]:
        bucket = bucket_of(medium_id)
        rows = await self.connection.fetch(_OF_MEDIUM, medium_id, bucket, keep)
        found = [folder_from(row) for row in rows]
        if found:
            doomed = [each.doomed(delete_after) for each in found]
            await self.connection.execute(
                _DOOM,
                [each.key for each in doomed],
                bucket,
                [each.delete_after for each in doomed],
            )
        return [each for each in found if each.ends_earlier(delete_after)]

    async def add_purge(self, folder: Folder, due_time: datetime) -> None:
        await self.connection.execute(
            _ADD_PURGE,
            folder.path,
            bucket_of(folder.owner_id),
            folder.owner_id,
            folder.files,
            due_time,
        )


class PostgresFolders:
    """See `stores.folders.FolderStore`."""

    _database: Database

    async def add_folder(self, folder: Folder) -> None:
        await self._database.execute(
            _ADD,
            folder.key,
            bucket_of(folder.owner_id),
            folder.owner_id,
            folder.medium_id,
            folder.access,
            folder.state,
            folder.files,
            folder.create_time,
            folder.delete_after,
        )

    async def folder(self, key: str) -> Folder | None:
        row = await self._database.fetchrow(_ONE, key)
        return None if row is None else folder_from(row)

    async def existing_folders(self, keys: Collection[str]) -> Sequence[Folder]:
        return [folder_from(row) for row in await self._database.fetch(_OF_KEYS, list(keys))]

    async def abandon_folder(self, key: str, now: datetime) -> None:
        folder = await self.folder(key)
        if folder is not None:
            # Its time of creation never changes, and the condition is the state.
            await self._database.execute(
                _ABANDON, key, bucket_of(folder.owner_id), folder.doomed(now).delete_after
            )

    async def doom_abandoned(self, before: datetime, delete_after: datetime, limit: int) -> int:
        keys = [row[0] for row in await self._database.fetch(_ABANDONED, before, limit)]
        return affected(await self._database.execute(_DOOM_ABANDONED, keys, delete_after))

    async def doomed_folders(self, now: datetime, limit: int) -> list[Folder]:
        return [folder_from(row) for row in await self._database.fetch(_DOOMED, now, limit)]

    async def postpone_folder(self, key: str, delete_after: datetime) -> None:
        await self._database.execute(_POSTPONE, key, delete_after)

    async def delete_folder(self, key: str) -> None:
        await self._database.execute(_DELETE, key)

    async def lease_purges(self, *, now: datetime, lease_end: datetime, limit: int) -> list[Purge]:
        rows = await self._database.fetch(_LEASE_PURGES, now, lease_end, limit)
        return [purge_from(row) for row in rows]

    async def retry_purge(self, purge: Purge, due_time: datetime) -> None:
        await self._database.execute(_RETRY_PURGE, *_lease(purge), due_time)

    async def finish_purge(self, purge: Purge) -> None:
        await self._database.execute(_FINISH_PURGE, *_lease(purge))

    async def count_purges(self, now: datetime) -> tuple[int, float]:
        row = await self._database.fetchrow(_COUNT, now)
        assert row is not None  # noqa: S101 - an aggregate gives one row
        return row[0], max(row[1], 0.0)


def _lease(purge: Purge) -> tuple[str, int, int, datetime]:
    """The parameters of `_HELD`."""
    return purge.folder, bucket_of(purge.owner_id), purge.attempts, purge.lease_end
