"""Processing jobs: one row for each medium that is PROCESSING, leased by one worker at a time.

A lease is identified by its holder, which is unique for each run of a worker, and the number of
attempts. A worker whose lease has ended changes nothing: every write compares the lease.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from services.media.domain.model import ProcessingJob
from services.media.domain.processing import Kind

# How far each waiting job of an owner puts the owner's next one back in the queue: about as long as
# the processing takes. So many uploads of one owner delay those of others by a few jobs only.
SHARES: Mapping[Kind, timedelta] = {
    Kind.PICTURE: timedelta(seconds=5),
    Kind.ANIMATION: timedelta(seconds=5),
    Kind.AUDIO: timedelta(seconds=30),
    Kind.VIDEO: timedelta(seconds=120),
}


class JobTransaction(Protocol):
    """Changes of jobs together with their media. The owner is locked."""

    async def add_job(
        self, owner_id: int, medium_id: int, kind: Kind, *, now: datetime, deadline: datetime
    ) -> None:
        """Adds the job of a medium, due now, unless it has one. Its place in the queue is that of
        its time, put back by the SHARES of the owner's waiting jobs."""
        ...

    async def finish_job(self, job: ProcessingJob) -> bool:
        """Deletes the job; False if the lease was lost, and then nothing may be committed."""
        ...


class JobStore(Protocol):
    """Leases. Each method is its own transaction."""

    async def lease_job(
        self,
        holder: str,
        *,
        kinds: Collection[Kind],
        now: datetime,
        lease_end: datetime,
    ) -> ProcessingJob | None:
        """Leases the first of the jobs of these kinds that are due, with one more attempt.

        A job is due at the time that `retry_job` set, or when its lease has ended. The caller
        decides by `attempts` and `deadline` whether the medium fails instead. Two workers never
        get the same job at the same time.
        """
        ...

    async def renew_job(self, job: ProcessingJob, lease_end: datetime) -> ProcessingJob | None:
        """Prolongs a lease; returns it with its new end, None if it was lost."""
        ...

    async def retry_job(self, job: ProcessingJob, run_after: datetime) -> bool:
        """Ends a lease after an attempt that failed; False if it was lost. The job is due again
        at `run_after`."""
        ...

    async def return_job(self, job: ProcessingJob, run_after: datetime) -> bool:
        """Ends a lease without counting the attempt, because the worker stops or a dependency is
        away; False if it was lost. The job is due again at `run_after`."""
        ...

    async def count_jobs(self, now: datetime) -> tuple[int, float]:
        """The number of jobs, and for how many seconds the longest waiting one is due."""
        ...
