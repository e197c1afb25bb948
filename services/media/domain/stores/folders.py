"""Folders of the object store, and the purges of caches that follow their deletion.

A row exists before the first object of its folder and until the last one is deleted: no object is
without a row.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from services.media.domain.model import Folder, Purge


class FolderTransaction(Protocol):
    """Changes of folders together with their media. The owner is locked."""

    async def publish_folder(self, key: str) -> bool:
        """WRITING becomes LIVE; False if the folder is not WRITING, and then nothing may be
        committed: a sweep has doomed it."""
        ...

    async def doom_folders(
        self, medium_id: int, *, delete_after: datetime, keep: str = ""
    ) -> list[Folder]:
        """All folders of a medium become DOOMED, also WRITING ones, except the one with the key
        `keep`. Returns those that clients may have addresses of and that end earlier now, as they
        were: LIVE ones, and DOOMED ones whose delete_after was later.

        The delete_after of a folder that is DOOMED already becomes this one if it is earlier. That
        of a WRITING folder is WRITING_TIME after its creation, if that is later.
        """
        ...

    async def add_purge(self, folder: Folder, due_time: datetime) -> None:
        """Caches drop the folder's files, from `due_time` on. A purge of the same folder that is
        under way is repeated."""
        ...


class FolderStore(Protocol):
    """Reads of folders and purges, and writes that are their own transaction."""

    async def add_folder(self, folder: Folder) -> None:
        """Adds a WRITING folder under a new key. Committed before its first object."""
        ...

    async def folder(self, key: str) -> Folder | None:
        """The folder in any state."""
        ...

    async def existing_folders(self, keys: Collection[str]) -> Sequence[Folder]:
        """The folders of these keys in any state, in no order: a sweep compares them with a
        listing."""
        ...

    async def abandon_folder(self, key: str, now: datetime) -> None:
        """A WRITING folder becomes DOOMED, because its writer failed; others do not change."""
        ...

    async def doom_abandoned(self, before: datetime, delete_after: datetime, limit: int) -> int:
        """Up to `limit` folders that are WRITING since before become DOOMED; returns how many."""
        ...

    async def doomed_folders(self, now: datetime, limit: int) -> list[Folder]:
        """Up to `limit` DOOMED folders whose delete_after has come, longest first."""
        ...

    async def postpone_folder(self, key: str, delete_after: datetime) -> None:
        """Delays the deletion of a DOOMED folder, after an attempt that failed."""
        ...

    async def delete_folder(self, key: str) -> None:
        """Deletes the row of a DOOMED folder. Only after the object store holds none of it."""
        ...

    async def lease_purges(self, *, now: datetime, lease_end: datetime, limit: int) -> list[Purge]:
        """Leases up to `limit` due purges, longest due first, with one more attempt each."""
        ...

    async def retry_purge(self, purge: Purge, due_time: datetime) -> None:
        """Ends a lease after an attempt that failed, unless it was lost."""
        ...

    async def finish_purge(self, purge: Purge) -> None:
        """Deletes a purge, unless the lease was lost or the purge was requested again."""
        ...

    async def count_purges(self, now: datetime) -> tuple[int, float]:
        """The number of purges, and for how many seconds the longest waiting one is due."""
        ...
