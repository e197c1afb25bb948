"""Deletes what has expired and what is doomed. Nothing but this deletes from the object store.

Each row is deleted after what it accounts for is gone from the object store: the next sweep finds
what an interrupted one left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from prometheus_client import Counter, Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.media.domain.deletion import delete
from services.media.domain.model import WRITING_TIME, Folder, Medium, Upload
from services.media.domain.storage import Storage
from services.media.domain.store import MediaTransaction, Store
from services.media.domain.uploads import Uploads, day_of

# Deletions of folders follow those of posts within seconds.
INTERVAL_SECONDS = 1.0
EXPIRY_SECONDS = 10.0
PRUNING_SECONDS = 3_600.0

# What one round handles, and how many calls of the object store are made at once.
AT_ONCE = 200
_CALLS_AT_ONCE = 8
# After a failed call.
_PAUSE = timedelta(seconds=30)
# Longer than a call that completes an upload takes.
_STUCK = timedelta(minutes=5)
# Events arrive within a few days even after long outages.
DELETIONS_KEPT = timedelta(days=30)
_USAGE_KEPT = timedelta(days=7)

T = TypeVar("T")

_deleted = Counter("roost_media_deleted_total", "What sweeps deleted, by kind", ["kind"])
_jobs = Gauge("roost_media_jobs_waiting", "Media that are processed or wait for it")
_jobs_seconds = Gauge(
    "roost_media_jobs_due_seconds", "For how long the longest waiting processing job is due"
)


class Sweep:
    """Each method handles all that is due, and may run in several processes at once."""

    def __init__(self, *, store: Store, storage: Storage, uploads: Uploads, clock: Clock) -> None:
        self._store = store
        self._storage = storage
        self._uploads = uploads
        self._clock = clock

    async def delete_doomed(self) -> None:
        """Deletes doomed folders and uploads from the object store, then their rows."""
        await self._all(self._store.doomed_folders, self._delete_folder, self._postpone_folder)
        await self._all(self._store.doomed_uploads, self._delete_upload, self._postpone_upload)

    async def expire(self) -> None:
        """Deletes media that nobody attached in time, dooms folders of writers that died, and
        settles uploads whose completion was interrupted."""
        now = self._clock.now()
        while media := await self._store.expired_media(now, AT_ONCE):
            for medium in media:
                await self._expire(medium)
        while await self._store.doom_abandoned(now - WRITING_TIME, now, AT_ONCE) == AT_ONCE:
            pass
        for upload in await self._store.stuck_uploads(now - _STUCK, AT_ONCE):
            try:
                await self._uploads.settle(upload)
            except TRANSIENT_ERRORS as error:
                logger().warning(
                    "upload_not_settled", medium_id=upload.medium_id, error=repr(error)
                )
        count, seconds = await self._store.count_jobs(now)
        _jobs.set(count)
        _jobs_seconds.set(seconds)

    async def prune(self) -> None:
        """Deletes old usage, and marks of posts that were deleted long ago."""
        now = self._clock.now()
        await self._store.prune_usage(day_of(now - _USAGE_KEPT))
        while await self._store.prune_audiences(now - DELETIONS_KEPT, AT_ONCE) == AT_ONCE:
            pass

    async def _expire(self, medium: Medium) -> None:
        now = self._clock.now()

        async def expire(transaction: MediaTransaction) -> None:
            found = await transaction.lock_media(medium.owner_id, [medium.id])
            current = found.get(medium.id)
            if current and current.claim is None and (current.expire_time or now) <= now:
                await delete(transaction, current, now)
                _deleted.labels("expired").inc()

        await in_transaction(self._store.transaction, expire)

    async def _all(
        self,
        find: Callable[[datetime, int], Awaitable[Sequence[T]]],
        remove: Callable[[T], Awaitable[None]],
        postpone: Callable[[T], Awaitable[None]],
    ) -> None:
        """Removes what `find` finds until it finds nothing. What fails is due again after a
        pause."""
        slots = asyncio.Semaphore(_CALLS_AT_ONCE)

        async def remove_or_postpone(each: T) -> None:
            async with slots:
                try:
                    await remove(each)
                except TRANSIENT_ERRORS as error:
                    logger().warning("media_deletion_postponed", error=repr(error))
                    await postpone(each)

        while found := await find(self._clock.now(), AT_ONCE):
            await asyncio.gather(*(remove_or_postpone(each) for each in found))

    async def _delete_folder(self, folder: Folder) -> None:
        await self._storage.delete_folder(folder.path)
        await self._store.delete_folder(folder.key)
        _deleted.labels("folder").inc()

    async def _postpone_folder(self, folder: Folder) -> None:
        await self._store.postpone_folder(folder.key, self._clock.now() + _PAUSE)

    async def _delete_upload(self, upload: Upload) -> None:
        """An object means that the upload was completed: its parts must not be aborted then,
        because the object may share their data."""
        if await self._storage.size(upload.object_key) is not None:
            await self._storage.delete(upload.object_key)
        elif upload.multipart_id:
            await self._storage.abort_multipart(upload.object_key, upload.multipart_id)
        await self._store.delete_upload(upload.medium_id)
        _deleted.labels("upload").inc()

    async def _postpone_upload(self, upload: Upload) -> None:
        await self._store.postpone_upload(upload.medium_id, self._clock.now() + _PAUSE)
