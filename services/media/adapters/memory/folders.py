"""Folders and purges in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.chassis.storage.memory import MemoryTransaction
from services.media.adapters.memory.tables import MediaTables, MemoryPart, waiting
from services.media.domain.model import Folder, FolderState, Purge


class MemoryFolderTransaction(MemoryTransaction[MediaTables]):
    """See `stores.folders.FolderTransaction`."""

    async def publish_folder(self, key: str) -> bool:
        folder = self.tables.folders.get(key)
        if folder is None or folder.state is not FolderState.WRITING:
            return False
        self.tables.folders[key] = folder._replace(state=FolderState.LIVE)
        return True

    async def doom_folders(
        self, medium_id: int, *, delete_after: datetime, keep: str = ""
    ) -> list[Folder]:
        found = [
            each
            for each in self.tables.folders.values()
            if each.medium_id == medium_id and each.key != keep
        ]
        for each in found:
            self.tables.folders[each.key] = each.doomed(delete_after)
        ended = (each for each in found if each.ends_earlier(delete_after))
        return sorted(ended, key=lambda each: each.key)

    async def add_purge(self, folder: Folder, due_time: datetime) -> None:
        self.tables.purges[folder.path] = Purge(
            folder.path, folder.owner_id, folder.files, 0, due_time
        )


class MemoryFolders(MemoryPart):
    """See `stores.folders.FolderStore`."""

    async def add_folder(self, folder: Folder) -> None:
        async with self.writing() as tables:
            if folder.key in tables.folders:
                raise ValueError(f"folder {folder.key} exists")
            tables.folders[folder.key] = folder

    async def folder(self, key: str) -> Folder | None:
        return self.database.tables.folders.get(key)

    async def existing_folders(self, keys: Collection[str]) -> Sequence[Folder]:
        folders = self.database.tables.folders
        return [folders[each] for each in keys if each in folders]

    async def abandon_folder(self, key: str, now: datetime) -> None:
        async with self.writing() as tables:
            folder = tables.folders.get(key)
            if folder is not None and folder.state is FolderState.WRITING:
                tables.folders[key] = folder.doomed(now)

    async def doom_abandoned(self, before: datetime, delete_after: datetime, limit: int) -> int:
        async with self.writing() as tables:
            folders = tables.folders
            found = sorted(
                (each.create_time, each.key)
                for each in folders.values()
                if each.state is FolderState.WRITING and each.create_time < before
            )[:limit]
            for _, key in found:
                folders[key] = folders[key]._replace(
                    state=FolderState.DOOMED, delete_after=delete_after
                )
            return len(found)

    async def doomed_folders(self, now: datetime, limit: int) -> list[Folder]:
        found = [
            (each.delete_after, each.key, each)
            for each in self.database.tables.folders.values()
            if each.delete_after is not None and each.delete_after <= now
        ]
        return [each for _, _, each in sorted(found)[:limit]]

    async def postpone_folder(self, key: str, delete_after: datetime) -> None:
        async with self.writing() as tables:
            folder = tables.folders.get(key)
            if folder is not None and folder.state is FolderState.DOOMED:
                tables.folders[key] = folder._replace(delete_after=delete_after)

    async def delete_folder(self, key: str) -> None:
        async with self.writing() as tables:
            folder = tables.folders.get(key)
            if folder is not None and folder.state is FolderState.DOOMED:
                del tables.folders[key]

    async def lease_purges(self, *, now: datetime, lease_end: datetime, limit: int) -> list[Purge]:
        async with self.writing() as tables:
            purges = tables.purges
            due = sorted(
                (each.lease_end, each.folder) for each in purges.values() if each.lease_end <= now
            )[:limit]
            leased = []
            for _, folder in due:
                purge = purges[folder]
                purges[folder] = purge._replace(attempts=purge.attempts + 1, lease_end=lease_end)
                leased.append(purges[folder])
            return leased

    async def retry_purge(self, purge: Purge, due_time: datetime) -> None:
        async with self.writing() as tables:
            if tables.purges.get(purge.folder) == purge:
                tables.purges[purge.folder] = purge._replace(lease_end=due_time)

    async def finish_purge(self, purge: Purge) -> None:
        async with self.writing() as tables:
            if tables.purges.get(purge.folder) == purge:
                del tables.purges[purge.folder]

    async def count_purges(self, now: datetime) -> tuple[int, float]:
        return waiting((each.lease_end for each in self.database.tables.purges.values()), now)
