"""Worker numbers for ids, leased from the service's own database.

A lease lasts TTL seconds by the database's clock and is renewed at a third of that. Each renewal
also writes down until which millisecond, by the holder's own clock, it may make ids (`used_until`),
so that the next holder of the number starts after it, whatever its clock says.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID, uuid4

from prometheus_client import Gauge

from services.chassis.runtime import ids
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.ids import IdsUnavailable, WorkerLost
from services.chassis.runtime.logs import logger
from services.chassis.runtime.shares import SharedGauge
from services.chassis.storage.postgres import Database

TTL_SECONDS = 30.0
# Ids stop this long before the lease ends, for clocks that do not run at quite the same speed.
_MARGIN_SECONDS = 3.0
_RETRY_SECONDS = 0.5
# How long a process that starts waits for a free number: a rolling update gives numbers back, and
# those of killed processes are free after TTL_SECONDS.
START_SECONDS = 60.0

# A number that was given back is free at once; one whose holder died, when its lease has ended.
_TAKE = """
WITH free AS MATERIALIZED (
  SELECT worker, used_until FROM worker_leases
  WHERE holder IS NULL OR expire_time < clock_timestamp()
  ORDER BY holder IS NOT NULL, used_until, worker
  FOR UPDATE SKIP LOCKED LIMIT 1
)
UPDATE worker_leases AS lease
SET holder = $1, expire_time = clock_timestamp() + $2::float8 * interval '1 second',
    used_until = greatest(lease.used_until, $3)
FROM free WHERE lease.worker = free.worker
RETURNING lease.worker, free.used_until AS floor
"""

_RENEW = """
UPDATE worker_leases
SET expire_time = clock_timestamp() + $3::float8 * interval '1 second',
    used_until = greatest(used_until, $4)
WHERE worker = $1 AND holder = $2 RETURNING true
"""

_GIVE_BACK = """
UPDATE worker_leases SET holder = NULL, expire_time = '-infinity', used_until = $3
WHERE worker = $1 AND holder = $2
"""


class NoWorkerIdAvailable(IdsUnavailable):
    """All worker numbers are taken: too many processes make ids in this database."""

    message = (
        f"All {ids.WORKERS} worker numbers of this database are taken. Run fewer replicas: at most "
        f"{ids.WORKERS} processes that make ids, those of a rolling update included."
    )


_COUNT = "SELECT count(*) FROM worker_leases WHERE expire_time >= clock_timestamp()"

_taken = SharedGauge(
    Gauge(
        "roost_worker_leases_taken",
        "Worker numbers of this database that were taken at the last renewal",
    ),
    max,
)
_max = Gauge("roost_worker_leases_max", "Worker numbers that a database has")
_max.set(ids.WORKERS)
_remaining = SharedGauge(
    Gauge(
        "roost_worker_lease_remaining_seconds",
        "For how long this process may make ids without another renewal; 0 if it may not",
    ),
    min,
)


class _Held(NamedTuple):
    number: int
    floor: int
    until: float  # by the monotonic clock
    used_until: int  # by the time of day, as milliseconds since the epoch of ids


class WorkerLease:
    """The worker number of this process, renewed in the background. Made by `lease_worker`.

    When a renewal fails for so long that the lease may have ended, `number` raises WorkerLost
    until the number is renewed, or another one is taken.
    """

    def __init__(self, *, database: Database, clock: Clock, ttl: float) -> None:
        self._database = database
        self._clock = clock
        self._ttl = ttl
        self._holder: UUID = uuid4()
        self._held: _Held | None = None
        self._latest = 0
        self._taken = _taken.share()

    def number(self, now: int) -> int:
        held = self._held
        if held is None or self._clock.monotonic() >= held.until or now > held.used_until:
            raise WorkerLost
        self._latest = max(self._latest, now)
        return held.number

    def floor(self) -> int:
        if self._held is None:
            raise WorkerLost
        return self._held.floor

    def remaining(self) -> float:
        """For how many seconds `number` is good without another renewal; 0 if it is not."""
        held = self._held
        if held is None:
            return 0.0
        by_the_day = (held.used_until - ids.milliseconds_at(self._clock.now())) / 1000
        return max(0.0, min(held.until - self._clock.monotonic(), by_the_day))

    async def take(self) -> None:
        """Takes a free number. Raises NoWorkerIdAvailable."""
        holder = uuid4()
        until, used_until = self._limits()
        row = await self._database.fetchrow(_TAKE, holder, self._ttl, used_until)
        if row is None:
            raise NoWorkerIdAvailable
        self._holder = holder
        self._held = _Held(row["worker"], row["floor"], until, max(used_until, row["floor"]))
        taken = await self.count_taken()
        logger().info("worker_number_taken", worker=row["worker"], taken=taken, of=ids.WORKERS)

    async def take_when_free(self, seconds: float) -> None:
        """Takes a number, and waits so long for one. Raises NoWorkerIdAvailable."""
        logged = False
        end = self._clock.monotonic() + seconds
        while True:
            try:
                await self.take()
                return
            except NoWorkerIdAvailable as none:
                if self._clock.monotonic() >= end:
                    raise
                if not logged:
                    logger().warning("waiting_for_a_worker_number", reason=str(none))
                    logged = True
            await asyncio.sleep(_RETRY_SECONDS)

    async def count_taken(self) -> int | None:
        """How many numbers of this database are taken; None if it cannot be read. No lease fails
        for that."""
        try:
            taken: int = await self._database.fetchval(_COUNT)
        except (Unavailable, DeadlineExceeded):
            return None
        self._taken.set(taken)
        return taken

    async def renew(self) -> None:
        """Renews the lease, or takes another number if another process has this one."""
        held = self._held
        if held is None:
            await self.take()
            return
        until, used_until = self._limits()
        renewed = await self._database.fetchval(
            _RENEW, held.number, self._holder, self._ttl, used_until
        )
        if renewed:
            self._held = held._replace(until=until, used_until=max(used_until, held.used_until))
            await self.count_taken()
            return
        logger().warning("worker_lease_lost", worker=held.number)
        self._held = None
        await self.take()

    async def release(self) -> None:
        """Frees the number at once, and makes no more ids."""
        held, self._held = self._held, None
        if held is None:
            return
        self._taken.set(0)
        used = max(self._latest, held.floor)
        await self._database.execute(_GIVE_BACK, held.number, self._holder, used)

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(self._ttl / 3)
            while True:
                try:
                    await self.renew()
                    break
                except Exception as error:
                    # Whatever it was: without renewals this process soon makes no more ids.
                    logger().warning("worker_lease_renewal_failed", error=repr(error))
                    await asyncio.sleep(_RETRY_SECONDS)

    def _limits(self) -> tuple[float, int]:
        """Until when a lease counts that is asked for now: read before the database is asked."""
        lasting = self._ttl - min(_MARGIN_SECONDS, self._ttl / 3)
        used_until = ids.milliseconds_at(self._clock.now()) + round(lasting * 1000)
        return self._clock.monotonic() + lasting, used_until


@asynccontextmanager
async def lease_worker(
    database: Database,
    *,
    clock: Clock,
    ttl: float = TTL_SECONDS,
    start_seconds: float = START_SECONDS,
) -> AsyncIterator[WorkerLease]:
    """Holds a worker number for the length of the block, then gives it back. Waits for a free one
    for so many seconds, then raises NoWorkerIdAvailable."""
    lease = WorkerLease(database=database, clock=clock, ttl=ttl)
    await lease.take_when_free(start_seconds)
    keeping = asyncio.create_task(lease.keep(), name="keep worker lease")
    try:
        with _remaining.showing(lease.remaining):
            yield lease
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        try:
            await lease.release()
        except (Unavailable, DeadlineExceeded):
            # It ends by itself soon.
            logger().warning("worker_lease_release_failed")
