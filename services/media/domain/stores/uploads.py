"""Uploads. Each row accounts for one object `u/…` and its multipart upload in the object store.

The row is committed before anything of it exists in the object store, and deleted after all of it
is deleted there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from services.media.domain.model import Upload


class UploadTransaction(Protocol):
    """Changes of uploads. The owner is locked."""

    async def add_upload(self, upload: Upload) -> None:
        """Adds the upload of a new medium."""
        ...

    async def lock_upload(self, owner_id: int, medium_id: int) -> Upload | None:
        """The owner's upload in any state. Locks the owner."""
        ...

    async def save_upload(self, upload: Upload) -> None:
        """Writes state and delete_after of a locked upload. The multipart id is written by
        `UploadStore.record_multipart` alone."""
        ...


class UploadStore(Protocol):
    """Reads of uploads, and writes that are their own transaction."""

    async def upload(self, medium_id: int) -> Upload | None:
        """The upload of the medium in any state."""
        ...

    async def record_multipart(self, medium_id: int, multipart_id: str) -> str | None:
        """Stores the object store's id of an OPEN upload that has none. Returns the stored id,
        which is another one if another call was first; None if the upload is not OPEN."""
        ...

    async def stuck_uploads(self, before: datetime, limit: int) -> list[Upload]:
        """Up to `limit` uploads that are COMPLETING since before, longest first."""
        ...

    async def doomed_uploads(self, now: datetime, limit: int) -> list[Upload]:
        """Up to `limit` DOOMED uploads whose delete_after has come, longest first."""
        ...

    async def postpone_upload(self, medium_id: int, delete_after: datetime) -> None:
        """Delays the deletion of a DOOMED upload, after an attempt that failed."""
        ...

    async def delete_upload(self, medium_id: int) -> None:
        """Deletes the row of a DOOMED upload. Only after the object store holds nothing of it."""
        ...

    async def uploads_of(self, object_keys: Collection[str]) -> Sequence[Upload]:
        """The uploads of these objects, in no order: a sweep compares them with a listing."""
        ...
