"""Moves media between folders: when their audience changed, and when their addresses must end.

A folder never changes. A move copies the files into a new folder inside the object store, and one
transaction gives it to the medium. What was open and is closed now is deleted at once; so is what a
blocked user has addresses of.
"""

import asyncio
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from services.chassis.auth.signed_paths import LONGEST_LIFE
from services.chassis.runtime.backoff import doubled, spread
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.media.domain.domain_events import MediumUpdated
from services.media.domain.model import Access, Folder, Medium, Placement
from services.media.domain.storage import ObjectGone, Storage
from services.media.domain.store import MediaTransaction, Store
from services.media.worker import writing
from services.media.worker.writing import Superseded

INTERVAL_SECONDS = 1.0
# Moves at once: each waits for the object store most of the time.
AT_ONCE = 4
# Copying all files of a video takes a second.
_MOVE_SECONDS = 30.0
# After a kill in the middle of a move, another worker goes on within a minute.
_LEASE = timedelta(seconds=40)
# Seconds before another attempt: the first, and the longest.
_PAUSE_SECONDS = (5.0, 600.0)
# A widened medium keeps its closed folder until every address of it has ended, and a response that
# was on its way is read.
_OLD_ADDRESSES = LONGEST_LIFE + timedelta(minutes=1)

_moves = Counter(
    "roost_media_moves_total", "Media whose folder was replaced, by target", ["access"]
)
_waiting = Gauge("roost_media_placements", "Media whose folder may have to be replaced")
_due_seconds = Gauge(
    "roost_media_placements_due_seconds", "For how long the longest waiting placement is due"
)


class Placements:
    """Works off requests of placements. Any number of processes may."""

    def __init__(self, *, store: Store, storage: Storage, clock: Clock) -> None:
        self._store = store
        self._storage = storage
        self._clock = clock

    async def run_due(self) -> None:
        """Works until nothing is due."""
        await asyncio.gather(*(self._run_one_after_another() for _ in range(AT_ONCE)))
        count, seconds = await self._store.count_placements(self._clock.now())
        _waiting.set(count)
        _due_seconds.set(seconds)

    async def step(self) -> bool:
        """Handles the placement that is due for the longest time; False if there is none."""
        now = self._clock.now()
        placement = await self._store.lease_placement(now=now, lease_end=now + _LEASE)
        if placement is None:
            return False
        try:
            await self._place(placement)
        except Superseded:
            # It is compared with what changed at once.
            await self._store.retry_placement(placement, self._clock.now())
        except (ObjectGone, *TRANSIENT_ERRORS) as error:
            logger().warning(
                "media_move_failed",
                medium_id=placement.medium_id,
                attempt=placement.attempts,
                error=repr(error),
            )
            await self._store.retry_placement(placement, self._after_pause(placement))
        return True

    async def _run_one_after_another(self) -> None:
        while await self.step():
            pass

    async def _place(self, placement: Placement) -> None:
        medium = (await self._store.media([placement.medium_id])).get(placement.medium_id)
        if medium is None or not _has_to_move(medium, placement):
            await self._finish(placement)
            return
        processed = medium.processed
        files = tuple(each.file for each in processed.files) if processed else ()
        access = Access.OPEN if medium.open else Access.CLOSED
        async with writing.new_folder(
            self._store,
            medium=medium,
            access=access,
            files=files,
            clock=self._clock,
            seconds=_MOVE_SECONDS,
        ) as folder:
            for each in files:
                await self._storage.copy(f"{medium.folder}/{each}", f"{folder.path}/{each}")
            await self._move(placement, medium, folder)
        _moves.labels(access.value).inc()

    async def _move(self, placement: Placement, medium: Medium, folder: Folder) -> None:
        async def move(transaction: MediaTransaction) -> None:
            found = await transaction.lock_media(medium.owner_id, [medium.id])
            current = found.get(medium.id)
            if current is None or (current.folder, current.open) != (medium.folder, medium.open):
                raise Superseded("the medium was deleted or moved, or its audience changed")
            await writing.publish(transaction, folder)
            now = self._clock.now()
            widened = folder.access is Access.OPEN
            # A folder that an earlier move kept for its addresses ends too, unless this one widens.
            ended = await transaction.doom_folders(
                medium.id,
                delete_after=now + _OLD_ADDRESSES if widened else now,
                keep=folder.key,
            )
            for each in ended:
                await transaction.add_purge(each, now)
            moved = current.changed(folder=folder.path)
            await transaction.save_medium(moved)
            await transaction.emit(MediumUpdated(moved, ("folder",)))
            # Not held any more if another request arrived: that one is handled next.
            await transaction.finish_placement(placement)

        await in_transaction(self._store.transaction, move)

    async def _finish(self, placement: Placement) -> None:
        """Ends a placement without a move, if that is still right."""

        async def finish(transaction: MediaTransaction) -> None:
            found = await transaction.lock_media(placement.owner_id, [placement.medium_id])
            current = found.get(placement.medium_id)
            if current is not None and _has_to_move(current, placement):
                raise Superseded("the audience changed")
            await transaction.finish_placement(placement)

        await in_transaction(self._store.transaction, finish)

    def _after_pause(self, placement: Placement) -> datetime:
        pause = spread(doubled(*_PAUSE_SECONDS, placement.attempts - 1))
        return self._clock.now() + timedelta(seconds=pause)


def _has_to_move(medium: Medium, placement: Placement) -> bool:
    """Addresses of open folders do not end, so renewing one has no effect."""
    return bool(medium.folder) and (medium.misplaced or (placement.renew and not medium.open))
