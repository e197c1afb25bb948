"""Uploads in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from services.chassis.storage.memory import MemoryTransaction
from services.media.adapters.memory.tables import MediaTables, MemoryPart
from services.media.domain.model import Upload, UploadState


class MemoryUploadTransaction(MemoryTransaction[MediaTables]):
    """See `stores.uploads.UploadTransaction`."""

    async def add_upload(self, upload: Upload) -> None:
        self.tables.uploads[upload.medium_id] = upload
        self.tables.upload_changes[upload.medium_id] = self._clock.now()

    async def lock_upload(self, owner_id: int, medium_id: int) -> Upload | None:
        upload = self.tables.uploads.get(medium_id)
        return upload if upload is not None and upload.owner_id == owner_id else None

    async def save_upload(self, upload: Upload) -> None:
        stored = self.tables.uploads[upload.medium_id]
        if stored.state is not upload.state:
            self.tables.upload_changes[upload.medium_id] = self._clock.now()
        self.tables.uploads[upload.medium_id] = replace(
            stored, state=upload.state, delete_after=upload.delete_after
        )


class MemoryUploads(MemoryPart):
    """See `stores.uploads.UploadStore`."""

    async def upload(self, medium_id: int) -> Upload | None:
        return self.database.tables.uploads.get(medium_id)

    async def record_multipart(self, medium_id: int, multipart_id: str) -> str | None:
        async with self.writing() as tables:
            upload = tables.uploads.get(medium_id)
            if upload is None or upload.state is not UploadState.OPEN:
                return None
            if not upload.multipart_id:
                upload = replace(upload, multipart_id=multipart_id)
                tables.uploads[medium_id] = upload
            return upload.multipart_id

    async def stuck_uploads(self, before: datetime, limit: int) -> list[Upload]:
        tables = self.database.tables
        found = [
            (tables.upload_changes[each.medium_id], each.medium_id, each)
            for each in tables.uploads.values()
            if each.state is UploadState.COMPLETING
            and tables.upload_changes[each.medium_id] < before
        ]
        return [each for _, _, each in sorted(found)[:limit]]

    async def doomed_uploads(self, now: datetime, limit: int) -> list[Upload]:
        found = [
            (each.delete_after, each.medium_id, each)
            for each in self.database.tables.uploads.values()
            if each.delete_after is not None and each.delete_after <= now
        ]
        return [each for _, _, each in sorted(found)[:limit]]

    async def postpone_upload(self, medium_id: int, delete_after: datetime) -> None:
        async with self.writing() as tables:
            upload = tables.uploads.get(medium_id)
            if upload is not None and upload.state is UploadState.DOOMED:
                tables.uploads[medium_id] = replace(upload, delete_after=delete_after)

    async def delete_upload(self, medium_id: int) -> None:
        async with self.writing() as tables:
            upload = tables.uploads.get(medium_id)
            if upload is not None and upload.state is UploadState.DOOMED:
                del tables.uploads[medium_id]

    async def uploads_of(self, object_keys: Collection[str]) -> Sequence[Upload]:
        uploads = self.database.tables.uploads.values()
        return [each for each in uploads if each.object_key in object_keys]
