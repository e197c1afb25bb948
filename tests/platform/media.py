"""The jobs of the Media service's worker, which a test runs."""

from __future__ import annotations

from typing import Any, cast

from services.chassis.runtime.clock import Clock
from services.media.adapters.memory import MemoryMediaStore
from services.media.adapters.memory.storage import MemoryStorage
from services.media.adapters.memory.wake_ups import MemoryWakeUps
from services.media.worker.job_folders import JobFolders
from services.media.worker.placement import Placements
from services.media.worker.processing import Processing
from services.media.worker.purging import Purges
from services.media.worker.runner import Runner
from services.media.worker.sweep import Sweep
from tests.builders.media_worker import ALL_KINDS, FakeProgram, FakePurger


class MediaJobs:
    """The jobs of the Media service's worker. A file is accepted if it consists of BYTES."""

    def __init__(
        self, store: MemoryMediaStore, wake_ups: MemoryWakeUps, folders: JobFolders, *, clock: Clock
    ) -> None:
        self.storage = MemoryStorage(clock=clock)
        processing = Processing(
            store=store,
            storage=self.storage,
            program=FakeProgram(),
            folders=folders,
            wake_ups=wake_ups,
            clock=clock,
        )
        self._runner = Runner(store=store, processing=processing, clock=clock, lanes=[ALL_KINDS])
        self._placements = Placements(store=store, storage=self.storage, clock=clock)
        self._purges = Purges(store=store, purger=FakePurger(storage=self.storage), clock=clock)
        self._sweep = Sweep(store=store, storage=self.storage, uploads=cast(Any, None), clock=clock)

    async def run_all(self) -> None:
        """Runs everything that is due."""
        while await self._runner.run_one(ALL_KINDS):
            pass
        await self._placements.run_due()
        await self._sweep.delete_doomed()
        await self._purges.run_due()
