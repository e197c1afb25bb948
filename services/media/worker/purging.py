"""Has caches drop the files of deleted folders, until they confirm it."""

from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from services.chassis.runtime.backoff import doubled, spread
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.media.domain.model import Purge
from services.media.domain.purging import PurgeFailed, Purger
from services.media.domain.store import Store

INTERVAL_SECONDS = 1.0
# What one call of a CDN takes at most: Cloudflare takes 100 tags, and a folder is one.
AT_ONCE = 50
# A second purge of a folder does no harm.
_LEASE = timedelta(seconds=45)
# Seconds before another attempt: the first, and the longest. Caches keep files across restarts, so
# no purge is given up.
_PAUSE_SECONDS = (2.0, 300.0)
# The sweep deletes a folder within seconds.
_NOT_DELETED_PAUSE = timedelta(seconds=2)

_purged = Counter("roost_media_purges_total", "Folders that caches dropped")
_failures = Counter("roost_media_purge_failures_total", "Attempts of purges that failed")
_waiting = Gauge("roost_media_purges_waiting", "Folders that caches have to drop")
_due_seconds = Gauge(
    "roost_media_purges_due_seconds", "For how long the longest waiting purge is due"
)


class Purges:
    """Works off purges. Any number of processes may."""

    def __init__(self, *, store: Store, purger: Purger, clock: Clock) -> None:
        self._store = store
        self._purger = purger
        self._clock = clock

    async def run_due(self) -> None:
        """Works until nothing is due."""
        while await self.step():
            pass
        count, seconds = await self._store.count_purges(self._clock.now())
        _waiting.set(count)
        _due_seconds.set(seconds)

    async def step(self) -> bool:
        """Handles a batch of due purges; False if there is none."""
        now = self._clock.now()
        leased = await self._store.lease_purges(now=now, lease_end=now + _LEASE, limit=AT_ONCE)
        # A cache would fetch files again that still exist.
        exist = await self._store.existing_folders([_key_of(each) for each in leased])
        undeleted = {each.path: each for each in exist}
        for each in leased:
            if (folder := undeleted.get(each.folder)) is not None:
                due = max(folder.delete_after or now, now) + _NOT_DELETED_PAUSE
                await self._store.retry_purge(each, due)
        await self._purge([each for each in leased if each.folder not in undeleted])
        return bool(leased)

    async def _purge(self, purges: list[Purge]) -> None:
        if not purges:
            return
        try:
            await self._purger.purge({each.folder: each.files for each in purges})
        except (PurgeFailed, *TRANSIENT_ERRORS) as error:
            _failures.inc()
            logger().warning("media_purge_failed", folders=len(purges), error=repr(error))
            requested = error.retry_after if isinstance(error, PurgeFailed) else None
            for each in purges:
                await self._store.retry_purge(each, self._after_pause(each, requested))
            return
        for each in purges:
            await self._store.finish_purge(each)
        _purged.inc(len(purges))

    def _after_pause(self, purge: Purge, requested: timedelta | None) -> datetime:
        pause = timedelta(seconds=spread(doubled(*_PAUSE_SECONDS, purge.attempts - 1)))
        return self._clock.now() + max(pause, requested or pause)


def _key_of(purge: Purge) -> str:
    return purge.folder.partition("/")[2]
