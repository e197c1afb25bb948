"""Finds and removes objects and multipart uploads that no row accounts for.

The order of all writes leaves no object, so what the gauge counts is a fault of ours, or an object
store that was restored from a backup. The exception is an empty multipart upload, where a process
was killed before it recorded the id. It lists first and reads the rows then: an object
whose row is absent afterwards has none.
"""

from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger
from services.media.domain.storage import (
    FOLDERS,
    UPLOADS,
    OpenMultipart,
    Storage,
    StoredObject,
)
from services.media.domain.store import Store

INTERVAL_SECONDS = 10.0
# Clocks of the object store and of the database may differ, and an object store may list what was
# deleted a moment ago.
AGE = timedelta(hours=2)
# A round takes one page: a million objects in three hours.
PAGE = 1_000
_PREFIXES = (UPLOADS, *FOLDERS)

_orphans = Gauge("roost_media_orphans", "Objects without a row that the last full pass found")
_removed = Counter("roost_media_orphans_removed_total", "Objects without a row that were removed")


class Orphans:
    """Goes through the bucket, one page a round, and again from the start."""

    def __init__(self, *, store: Store, storage: Storage, clock: Clock) -> None:
        self._store = store
        self._storage = storage
        self._clock = clock
        # Where the next round goes on: the prefix, and the last key.
        self._prefix = 0
        self._after = ""
        self._found = 0

    async def round(self) -> int:
        """Handles one page; returns how many orphans it removed."""
        prefix = _PREFIXES[self._prefix]
        page = await self._storage.objects(prefix, after=self._after, limit=PAGE)
        removed = await self._remove_objects(prefix, page)
        if not self._after and prefix == UPLOADS:
            removed += await self._remove_multiparts()
        self._found += removed
        _removed.inc(removed)
        self._advance(page)
        return removed

    def _advance(self, page: list[StoredObject]) -> None:
        if len(page) == PAGE:
            self._after = page[-1].key
            return
        self._prefix, self._after = (self._prefix + 1) % len(_PREFIXES), ""
        if self._prefix == 0:
            _orphans.set(self._found)
            self._found = 0

    async def _remove_objects(self, prefix: str, page: list[StoredObject]) -> int:
        old = [each.key for each in page if self._is_old(each.change_time)]
        if not old:
            return 0
        if prefix == UPLOADS:
            known = {each.object_key for each in await self._store.uploads_of(old)}
            lost = [each for each in old if each not in known]
        else:
            keys = {_folder_key(each) for each in old}
            paths = {each.path for each in await self._store.existing_folders(sorted(keys))}
            lost = [each for each in old if each.rpartition("/")[0] not in paths]
        for key in lost:
            logger().error("media_orphan", key=key)
            await self._storage.delete(key)
        return len(lost)

    async def _remove_multiparts(self) -> int:
        """Those whose row is absent, or names another one. None of them can be completed, since
        that takes the id in the row."""
        listed = await self._storage.multiparts(UPLOADS)
        old = [each for each in listed if self._is_old(each.create_time)]
        if not old:
            return 0
        uploads = await self._store.uploads_of([each.key for each in old])
        named = {(each.object_key, each.multipart_id) for each in uploads}
        lost = [each for each in old if (each.key, each.multipart_id) not in named]
        for each in lost:
            await self._abort(each)
        return len(lost)

    async def _abort(self, multipart: OpenMultipart) -> None:
        logger().error("media_orphan", key=multipart.key, multipart_id=multipart.multipart_id)
        await self._storage.abort_multipart(multipart.key, multipart.multipart_id)

    def _is_old(self, moment: datetime) -> bool:
        return moment < self._clock.now() - AGE


def _folder_key(key: str) -> str:
    return key.partition("/")[2].partition("/")[0]
