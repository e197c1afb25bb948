"""Uploads: how they begin, resume, complete and end.

The row is committed first, then the object store is called, then the result is recorded. Each step
may be repeated, so a process may be killed between any two of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from prometheus_client import Counter

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of
from services.chassis.runtime.logs import logger
from services.media.domain import deletion, text
from services.media.domain.errors import (
    AccountGone,
    MediaQuotaExceeded,
    MediaTooLarge,
    MediaTypeNotAllowed,
    UploadExpired,
    UploadIncomplete,
    UploadNotFound,
)
from services.media.domain.limits import (
    LIMITS,
    MAX_DAY_BYTES,
    MAX_DAY_UPLOADS,
    PART_ADDRESS_LIFETIME,
    PART_BYTES,
    PROCESSING_DEADLINE,
    UNATTACHED,
    kind_of,
)
from services.media.domain.model import (
    Ids,
    Medium,
    MediumState,
    ReceivedPart,
    Upload,
    UploadState,
)
from services.media.domain.processing import Kind
from services.media.domain.storage import (
    UPLOADS,
    MultipartGone,
    PartAddress,
    PartRefused,
    Storage,
    new_key,
)
from services.media.domain.store import MediaTransaction, Store

_uploads = Counter("roost_media_uploads_total", "Uploads by what became of them", ["outcome"])


class Draft(NamedTuple):
    """A checked request for an upload."""

    content_type: str
    kind: Kind
    size_bytes: int
    alt_text: str


class OpenUpload(NamedTuple):
    """An upload with the state of each part."""

    upload: Upload
    parts: Sequence[PartAddress]
    address_expire_time: datetime


def draft(content_type: str, size_bytes: int, alt_text: str) -> Draft:
    """Raises MediaTypeNotAllowed, MediaTooLarge, TextInvalid and TextTooLong."""
    # Parameters, such as those of codecs, say nothing that processing relies on.
    content_type = content_type.partition(";")[0].strip().lower()
    kind = kind_of(content_type)
    if kind is None:
        raise MediaTypeNotAllowed
    limit = LIMITS[kind].max_bytes
    if size_bytes > limit:
        raise MediaTooLarge(f"A file of this type has at most {limit} bytes.")
    return Draft(content_type, kind, size_bytes, text.cleaned(alt_text, field="alt_text"))


def day_of(now: datetime) -> date:
    """The day (UTC) whose quota applies."""
    return now.astimezone(UTC).date()


def reset_time(now: datetime) -> datetime:
    """When the day ends."""
    return datetime.combine(day_of(now) + timedelta(days=1), time(), UTC)


class Uploads:
    """The uploads of all owners."""

    def __init__(self, *, store: Store, storage: Storage, ids: Ids, clock: Clock) -> None:
        self._store = store
        self._storage = storage
        self._ids = ids
        self._clock = clock

    async def start(self, transaction: MediaTransaction, owner_id: int, wanted: Draft) -> int:
        """Stores a medium and its upload; returns the id. `open` follows.

        Raises MediaQuotaExceeded and AccountGone.
        """
        now = self._clock.now()
        await transaction.lock_owner(owner_id)
        account = (await transaction.lock_accounts([owner_id])).get(owner_id)
        if account is not None and account.deleted:
            raise AccountGone
        usage = await transaction.add_usage(owner_id, day_of(now), wanted.size_bytes)
        for used, limit in ((usage.bytes, MAX_DAY_BYTES), (usage.uploads, MAX_DAY_UPLOADS)):
            if used > limit:
                raise MediaQuotaExceeded(
                    metadata={"limit": str(limit)},
                    retry_after=(reset_time(now) - now).total_seconds(),
                )
        medium_id = await self._ids.make(bucket_of(owner_id))
        await transaction.add_medium(
            Medium(
                id=medium_id,
                owner_id=owner_id,
                declared_type=wanted.content_type,
                size_bytes=wanted.size_bytes,
                alt_text=wanted.alt_text,
                create_time=now,
                expire_time=now + UNATTACHED,
            )
        )
        await transaction.add_upload(
            Upload(
                medium_id=medium_id,
                owner_id=owner_id,
                object_key=f"{UPLOADS}{new_key()}",
                size_bytes=wanted.size_bytes,
                part_bytes=PART_BYTES,
                create_time=now,
                expire_time=now + UNATTACHED,
            )
        )
        _uploads.labels("started").inc()
        return medium_id

    async def open(self, owner_id: int, medium_id: int) -> OpenUpload:
        """The parts that were received, and fresh addresses for the others.

        Raises UploadNotFound for an upload that is complete, and UploadExpired.
        """
        upload = await self._own(owner_id, medium_id)
        if upload.state not in {UploadState.OPEN, UploadState.COMPLETING}:
            raise UploadNotFound
        upload = await self._with_multipart(upload)
        try:
            received = await self._storage.parts(upload.object_key, upload.multipart_id)
        except MultipartGone:
            # Completed a moment ago.
            raise UploadNotFound from None
        parts = _selected(upload, received, ())
        missing = [
            (number, size)
            for number, size in enumerate(upload.part_sizes, 1)
            if number not in parts
        ]
        addresses = await self._storage.part_addresses(
            upload.object_key, upload.multipart_id, missing, lifetime=PART_ADDRESS_LIFETIME
        )
        listed = [
            PartAddress(each.number, each.size_bytes, "", each.etag) for each in parts.values()
        ]
        listed += [
            PartAddress(number, size, url)
            for (number, size), url in zip(missing, addresses, strict=True)
        ]
        return OpenUpload(upload, sorted(listed), self._clock.now() + PART_ADDRESS_LIFETIME)

    async def complete(self, owner_id: int, medium_id: int, etags: Sequence[str]) -> Medium:
        """Joins the parts and adds the processing job; returns the medium as it is then.

        Idempotent. Raises UploadNotFound, UploadExpired and UploadIncomplete.
        """
        upload = await self._store.upload(medium_id)
        if upload is None or upload.state in {UploadState.COMPLETE, UploadState.DOOMED}:
            medium = (await self._store.media([medium_id])).get(medium_id)
            if medium and medium.owner_id == owner_id and medium.state is not MediumState.WAITING:
                return medium
        upload = await self._own(owner_id, medium_id)
        await self._join(upload, etags)
        medium = await self._record(upload)
        if medium is None:
            raise UploadNotFound
        return medium

    async def abort(self, transaction: MediaTransaction, owner_id: int, medium_id: int) -> None:
        """Discards an upload that is not complete. Raises UploadNotFound for one that is, or may
        be: the object store may have joined its parts."""
        upload = await transaction.lock_upload(owner_id, medium_id)
        medium = (await transaction.lock_media(owner_id, [medium_id])).get(medium_id)
        if medium is None:
            if upload is None:
                raise UploadNotFound
            return  # aborted before
        if upload is None or upload.state is not UploadState.OPEN:
            raise UploadNotFound
        await deletion.delete(transaction, medium, self._clock.now())
        _uploads.labels("aborted").inc()

    async def settle(self, upload: Upload) -> None:
        """Ends an upload that has been COMPLETING for too long: it becomes complete if the parts
        were joined, and open again if they were not. Without either, the medium is deleted."""
        if await self._storage.size(upload.object_key) == upload.size_bytes:
            await self._record(upload)
            return
        try:
            await self._storage.parts(upload.object_key, upload.multipart_id)
        except MultipartGone:
            logger().warning("upload_lost", medium_id=upload.medium_id)
            await self._discard(upload)
        else:
            await self._change(upload, UploadState.COMPLETING, UploadState.OPEN)

    async def _own(self, owner_id: int, medium_id: int) -> Upload:
        upload = await self._store.upload(medium_id)
        if upload is None or upload.owner_id != owner_id:
            raise UploadNotFound
        unfinished = upload.state in {UploadState.OPEN, UploadState.DOOMED}
        if unfinished and upload.expire_time <= self._clock.now():
            raise UploadExpired
        if upload.state is UploadState.DOOMED:
            raise UploadNotFound
        return upload

    async def _with_multipart(self, upload: Upload) -> Upload:
        """The upload with the id of its multipart upload, which is created if there is none."""
        if upload.multipart_id:
            return upload
        created = await self._storage.create_multipart(upload.object_key)
        stored = await self._store.record_multipart(upload.medium_id, created)
        if stored != created:
            # Nobody has an address of it.
            await self._storage.abort_multipart(upload.object_key, created)
        if stored is None:
            raise UploadNotFound
        return replace(upload, multipart_id=stored)

    async def _join(self, upload: Upload, etags: Sequence[str]) -> None:
        """The object exists afterwards. Raises UploadIncomplete where parts are missing."""
        sizes = upload.part_sizes
        if not upload.multipart_id:
            raise UploadIncomplete.parts([*range(1, len(sizes) + 1)])
        try:
            received = await self._storage.parts(upload.object_key, upload.multipart_id)
        except MultipartGone:
            received = []
        if not received and await self._is_joined(upload):
            await self._change(upload, UploadState.OPEN, UploadState.COMPLETING)
            return
        parts = _selected(upload, received, etags)
        missing = [number for number in range(1, len(sizes) + 1) if number not in parts]
        if missing or (etags and len(etags) != len(sizes)):
            raise UploadIncomplete.parts(missing)
        # From here on the object may exist: the upload is not aborted any more.
        await self._change(upload, UploadState.OPEN, UploadState.COMPLETING)
        try:
            await self._storage.complete_multipart(
                upload.object_key, upload.multipart_id, [parts[each] for each in sorted(parts)]
            )
        except PartRefused:
            await self._change(upload, UploadState.COMPLETING, UploadState.OPEN)
            raise UploadIncomplete from None
        except MultipartGone:
            pass  # another call completed it, or it is lost
        if not await self._is_joined(upload):
            raise UploadNotFound

    async def _is_joined(self, upload: Upload) -> bool:
        return await self._storage.size(upload.object_key) == upload.size_bytes

    async def _change(self, upload: Upload, before: UploadState, after: UploadState) -> None:
        """Changes the state unless it is another one by now. Raises UploadNotFound if the upload
        was doomed."""
        async with self._store.transaction() as transaction:
            current = await transaction.lock_upload(upload.owner_id, upload.medium_id)
            if current is None or current.state is UploadState.DOOMED:
                raise UploadNotFound
            if current.state is before:
                await transaction.save_upload(replace(current, state=after))

    async def _record(self, upload: Upload) -> Medium | None:
        """Records that the object exists, with the processing job. Returns the medium; None if it
        was deleted."""
        now = self._clock.now()
        async with self._store.transaction() as transaction:
            found = await transaction.lock_media(upload.owner_id, [upload.medium_id])
            medium = found.get(upload.medium_id)
            current = await transaction.lock_upload(upload.owner_id, upload.medium_id)
            if medium is None or current is None or current.state is not UploadState.COMPLETING:
                return medium
            await transaction.save_upload(replace(current, state=UploadState.COMPLETE))
            medium = medium.changed(state=MediumState.PROCESSING, expire_time=now + UNATTACHED)
            await transaction.save_medium(medium)
            await transaction.add_job(
                medium.owner_id,
                medium.id,
                kind_of(medium.declared_type) or Kind.VIDEO,
                now=now,
                deadline=now + PROCESSING_DEADLINE,
            )
        _uploads.labels("completed").inc()
        return medium

    async def _discard(self, upload: Upload) -> None:
        async with self._store.transaction() as transaction:
            found = await transaction.lock_media(upload.owner_id, [upload.medium_id])
            if upload.medium_id in found:
                await deletion.delete(transaction, found[upload.medium_id], self._clock.now())


def _selected(
    upload: Upload, received: Sequence[ReceivedPart], etags: Sequence[str]
) -> dict[int, ReceivedPart]:
    """The received parts by number: those with the declared sizes, and with these ETags if there
    are any. Of a part that was uploaded more than once, the last one."""
    sizes = upload.part_sizes
    wanted = [each.strip('"').lower() for each in etags]
    return {
        each.number: each
        for each in received
        if each.number <= len(sizes)
        and each.size_bytes == sizes[each.number - 1]
        and (not wanted or wanted[each.number - 1 : each.number] == [each.etag.lower()])
    }
