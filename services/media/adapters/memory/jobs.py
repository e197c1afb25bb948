"""Processing jobs in memory."""

from collections.abc import Collection
from datetime import datetime

from services.chassis.storage.memory import MemoryTransaction
from services.media.adapters.memory.tables import MediaTables, MemoryPart, waiting
from services.media.domain.model import ProcessingJob
from services.media.domain.processing import Kind
from services.media.domain.stores.jobs import SHARES


def _held(tables: MediaTables, job: ProcessingJob) -> bool:
    """Whether the lease exists."""
    stored = tables.jobs.get(job.medium_id)
    lease = (job.holder, job.attempts)
    return bool(job.holder) and stored is not None and (stored.holder, stored.attempts) == lease


class MemoryJobTransaction(MemoryTransaction[MediaTables]):
    """See `stores.jobs.JobTransaction`."""

    async def add_job(
        self, owner_id: int, medium_id: int, kind: Kind, *, now: datetime, deadline: datetime
    ) -> None:
        jobs = self.tables.jobs
        if medium_id not in jobs:
            waiting_jobs = sum(each.owner_id == owner_id for each in jobs.values())
            self.tables.queue_times[medium_id] = now + SHARES[kind] * waiting_jobs
            jobs[medium_id] = ProcessingJob(medium_id, owner_id, kind, "", 0, now, deadline)

    async def finish_job(self, job: ProcessingJob) -> bool:
        if not _held(self.tables, job):
            return False
        del self.tables.jobs[job.medium_id]
        return True


class MemoryJobs(MemoryPart):
    """See `stores.jobs.JobStore`."""

    async def lease_job(
        self,
        holder: str,
        *,
        kinds: Collection[Kind],
        now: datetime,
        lease_end: datetime,
    ) -> ProcessingJob | None:
        async with self.writing() as tables:
            jobs = tables.jobs
            due = [
                (tables.queue_times[each.medium_id], each.medium_id)
                for each in jobs.values()
                if each.kind in kinds and each.lease_end <= now
            ]
            if not due:
                return None
            found = jobs[min(due)[1]]
            leased = found._replace(holder=holder, attempts=found.attempts + 1, lease_end=lease_end)
            jobs[leased.medium_id] = leased
            return leased

    async def renew_job(self, job: ProcessingJob, lease_end: datetime) -> ProcessingJob | None:
        async with self.writing() as tables:
            if not _held(tables, job):
                return None
            renewed = job._replace(lease_end=lease_end)
            tables.jobs[job.medium_id] = renewed
            return renewed

    async def retry_job(self, job: ProcessingJob, run_after: datetime) -> bool:
        return await self._end(job, job._replace(holder="", lease_end=run_after))

    async def return_job(self, job: ProcessingJob, run_after: datetime) -> bool:
        return await self._end(
            job, job._replace(holder="", attempts=job.attempts - 1, lease_end=run_after)
        )

    async def count_jobs(self, now: datetime) -> tuple[int, float]:
        return waiting((each.lease_end for each in self.database.tables.jobs.values()), now)

    async def _end(self, job: ProcessingJob, ended: ProcessingJob) -> bool:
        async with self.writing() as tables:
            held = _held(tables, job)
            if held:
                tables.jobs[job.medium_id] = ended
            return held
