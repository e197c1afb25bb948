"""Leases processing jobs and runs as many at once as the machine has room for.

A lease is short and renewed while its job runs, so the jobs of a worker that died are due again
soon. A worker that cannot renew stops the job before the lease ends.
"""

import asyncio
import contextlib
import os
import secrets
from datetime import timedelta
from typing import NamedTuple

from prometheus_client import Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.media.domain.model import ProcessingJob
from services.media.domain.processing import Kind
from services.media.domain.store import Store
from services.media.worker.processing import Processing

LEASE = timedelta(seconds=45)
_RENEW_SECONDS = 10.0
# A job that cannot be renewed is stopped when so much of its lease is left.
_MARGIN = timedelta(seconds=15)
# Progress is written at most so often.
_PROGRESS_SECONDS = 1.0
_POLL_SECONDS = 0.5
_TROUBLE_SECONDS = 5.0

_running = Gauge("roost_media_jobs_running", "Processing jobs that run in this process", ["lane"])


class Lane(NamedTuple):
    """Kinds that share capacity. Lanes do not wait for each other."""

    name: str
    kinds: tuple[Kind, ...]
    # How many jobs run at once.
    slots: int


def lanes(cores: int | None = None) -> list[Lane]:
    """The lanes for a machine: a picture for each core, a recording for each two."""
    cores = cores or os.cpu_count() or 1
    return [
        Lane("pictures", (Kind.PICTURE, Kind.ANIMATION), max(1, cores)),
        Lane("recordings", (Kind.VIDEO, Kind.AUDIO), max(1, cores // 2)),
    ]


class Runner:
    """Runs processing jobs. Any number of processes may run one."""

    def __init__(
        self, *, store: Store, processing: Processing, clock: Clock, lanes: list[Lane]
    ) -> None:
        self._store = store
        self._processing = processing
        self._clock = clock
        self._lanes = lanes
        # Unique for each run of a worker.
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"

    async def run(self) -> None:
        """Processes until it is cancelled; jobs that run then are stopped and due at once."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._serve(lane))

    async def run_one(self, lane: Lane) -> bool:
        """Leases one job of the lane and runs it to its end; False if none is due."""
        job = await self._lease(lane)
        if job is not None:
            await self.run_job(job)
        return job is not None

    async def run_job(self, job: ProcessingJob) -> None:
        """Runs a leased job, and stops it when the lease is lost. If this is cancelled, the job is
        stopped and returned."""
        progress = _Progress()
        work = asyncio.create_task(self._processing.process(job, progress.report))
        keep = asyncio.create_task(self._keep(job, progress))
        try:
            await asyncio.wait({work, keep}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                logger().warning("media_lease_lost", medium_id=job.medium_id)
        except asyncio.CancelledError:
            await _stop(work)
            with contextlib.suppress(*TRANSIENT_ERRORS):
                await self._store.return_job(job, self._clock.now())
            raise
        finally:
            await _stop(work, keep)
        if not work.cancelled():
            work.result()

    async def _serve(self, lane: Lane) -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                pause = await self._fill(lane, tasks)
                _running.labels(lane.name).set(len(tasks))
                if pause:
                    await _first_of(tasks, pause)
        finally:
            await _stop(*tasks)

    async def _fill(self, lane: Lane, tasks: "set[asyncio.Task[None]]") -> float:
        """Starts one job if there is room; returns how long to wait before the next."""
        if len(tasks) >= lane.slots:
            return _POLL_SECONDS
        try:
            job = await self._lease(lane)
        except Exception as error:
            logger().error("media_lease_failed", lane=lane.name, error=repr(error))
            return _TROUBLE_SECONDS
        if job is None:
            return _POLL_SECONDS
        task = asyncio.create_task(self._run_logged(job))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return 0.0

    async def _run_logged(self, job: ProcessingJob) -> None:
        """A job that fails here is due again when its lease ends."""
        try:
            await self.run_job(job)
        except Exception as error:
            logger().error("media_job_abandoned", medium_id=job.medium_id, exc_info=error)

    async def _lease(self, lane: Lane) -> ProcessingJob | None:
        now = self._clock.now()
        return await self._store.lease_job(
            self._holder, kinds=lane.kinds, now=now, lease_end=now + LEASE
        )

    async def _keep(self, job: ProcessingJob, progress: "_Progress") -> None:
        """Renews the lease and writes the progress; returns once the lease is lost."""
        renewed = self._clock.monotonic()
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            now = self._clock.now()
            if now >= job.lease_end - _MARGIN:
                return
            try:
                if (percent := progress.take()) is not None:
                    await self._store.report_progress(job.medium_id, percent)
                if self._clock.monotonic() - renewed >= _RENEW_SECONDS:
                    kept = await self._store.renew_job(job, now + LEASE)
                    if kept is None:
                        return
                    job, renewed = kept, self._clock.monotonic()
            except TRANSIENT_ERRORS as error:
                logger().warning("media_lease_not_renewed", error=repr(error))


class _Progress:
    """The latest progress of a job that was not written yet."""

    def __init__(self) -> None:
        self._latest: int | None = None

    def report(self, percent: int) -> None:
        """Records the progress; 100 only when the medium is ready."""
        self._latest = min(percent, 99)

    def take(self) -> int | None:
        """The progress to write, once."""
        latest, self._latest = self._latest, None
        return latest


async def _first_of(tasks: "set[asyncio.Task[None]]", seconds: float) -> None:
    """Waits so long, or until one of the tasks has ended."""
    if tasks:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(seconds)


async def _stop(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
