"""Processing jobs on PostgreSQL."""

from collections.abc import Collection
from datetime import datetime

from services.chassis.runtime.ids import bucket_of
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.media.adapters.postgres.rows import JOB_COLUMNS, affected, job_from
from services.media.domain.model import ProcessingJob
from services.media.domain.processing import Kind
from services.media.domain.stores.jobs import SHARES

_ADD = """
INSERT INTO processing_jobs (medium_id, bucket, owner_id, kind, run_after, deadline, queue_time)
SELECT $1, $2, $3, $4, $5, $6, $5::timestamptz + $7::interval * count(*)
FROM processing_jobs WHERE owner_id = $3 AND bucket = $2
ON CONFLICT (medium_id, bucket) DO NOTHING
"""

# The condition of a lease: `$3` and `$4` identify it.
_HELD = "medium_id = $1 AND bucket = $2 AND holder = $3 AND attempts = $4 AND holder <> ''"

_FINISH = f"DELETE FROM processing_jobs WHERE {_HELD}"  # noqa: S608 - a constant

_LEASE = f"""
UPDATE processing_jobs SET holder = $1, attempts = attempts + 1, run_after = $4
WHERE (medium_id, bucket) = (
  SELECT medium_id, bucket FROM processing_jobs
  WHERE kind = ANY ($2::smallint[]) AND run_after <= $3
  ORDER BY queue_time, medium_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {JOB_COLUMNS}
"""  # noqa: S608 - nothing but column names

_RENEW = f"UPDATE processing_jobs SET run_after = $5 WHERE {_HELD}"  # noqa: S608

_END = f"""
UPDATE processing_jobs SET holder = '', run_after = $5, attempts = $6 WHERE {_HELD}
"""  # noqa: S608

_COUNT = """
SELECT count(*), coalesce(extract(epoch FROM $1 - min(run_after)), 0)::float FROM processing_jobs
"""


class PostgresJobTransaction(PostgresTransaction):
    """See `stores.jobs.JobTransaction`."""

    async def add_job(
        self, owner_id: int, medium_id: int, kind: Kind, *, now: datetime, deadline: datetime
    ) -> None:
        await self.connection.execute(
            _ADD, medium_id, bucket_of(medium_id), owner_id, kind, now, deadline, SHARES[kind]
        )

    async def finish_job(self, job: ProcessingJob) -> bool:
        return affected(await self.connection.execute(_FINISH, *_lease(job))) == 1


class PostgresJobs:
    """See `stores.jobs.JobStore`."""

    _database: Database

    async def lease_job(
        self,
        holder: str,
        *,
        kinds: Collection[Kind],
        now: datetime,
        lease_end: datetime,
    ) -> ProcessingJob | None:
        row = await self._database.fetchrow(_LEASE, holder, list(kinds), now, lease_end)
        return None if row is None else job_from(row)

    async def renew_job(self, job: ProcessingJob, lease_end: datetime) -> ProcessingJob | None:
        status = await self._database.execute(_RENEW, *_lease(job), lease_end)
        return job._replace(lease_end=lease_end) if affected(status) else None

    async def retry_job(self, job: ProcessingJob, run_after: datetime) -> bool:
        status = await self._database.execute(_END, *_lease(job), run_after, job.attempts)
        return affected(status) == 1

    async def return_job(self, job: ProcessingJob, run_after: datetime) -> bool:
        status = await self._database.execute(_END, *_lease(job), run_after, job.attempts - 1)
        return affected(status) == 1

    async def count_jobs(self, now: datetime) -> tuple[int, float]:
        row = await self._database.fetchrow(_COUNT, now)
        assert row is not None  # noqa: S101 - an aggregate gives one row
        return row[0], max(row[1], 0.0)


def _lease(job: ProcessingJob) -> tuple[int, int, str, int]:
    """The parameters of `_HELD`."""
    return job.medium_id, bucket_of(job.medium_id), job.holder, job.attempts
