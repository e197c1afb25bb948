"""Lists that are read from a hot standby, where the caller cannot notice that it is behind.

The primary answers instead

- a service, and a user's own lists: they follow what others have just done,
- a user whose last write the standby has not replayed (`positions`),
- everybody, while the standby is MAX_LAG_SECONDS behind, away or slow.

How far it is behind does not depend on its clock. Each second a process reads how far the
primary's log is; what the standby has replayed then shows which of these moments it has reached. So
an idle primary is not mistaken for a standby that is behind, nor a lost connection between them for
an idle primary. The URL may lead to one of several standbys: each connection is checked by itself.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from prometheus_client import Counter, Gauge

from services.chassis.auth import caller
from services.chassis.auth.caller import Caller, ServiceCaller, UserCaller
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime import deadline
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.ids import bucket_of
from services.chassis.runtime.logs import logger
from services.chassis.runtime.periodic import every
from services.chassis.runtime.shares import SharedGauge
from services.chassis.runtime.supervision import Job
from services.chassis.storage import postgres
from services.chassis.storage.connection import Connection
from services.chassis.storage.positions import UNKNOWN, Positions
from services.chassis.storage.postgres import Database, DatabaseUnavailable
from services.chassis.storage.transaction import TransactionAborted

if TYPE_CHECKING:
    AnyConnection = asyncpg.Connection[asyncpg.Record]
    Rows = list[asyncpg.Record]
else:  # asyncpg's class takes no parameters at run time.
    AnyConnection = asyncpg.Connection

# What a stranger's list may lack. With CHECK_SECONDS it is less than positions.REPLAY_SECONDS.
MAX_LAG_SECONDS = 5.0
# How often the primary's log is read, and how long an answer of a standby is used again.
CHECK_SECONDS = 1.0
# A page of ids takes some milliseconds. Then the primary is read.
READ_SECONDS = 0.5

_FAILURES_TO_OPEN = 3
_PROBE_SECONDS = (1.0, 30.0)

_LOG = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"
# After a commit, flushed or not.
_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
# Nothing where the server is no standby: what a promoted one has replayed says no more than before.
_REPLAYED = """
SELECT CASE WHEN pg_is_in_recovery()
  THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END
"""

_FAILURES = (
    DatabaseUnavailable,
    # The standby cancelled the statement because it had to replay the removal of rows.
    TransactionAborted,
    # It has not replayed a migration, for example.
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)

# `replica`, or why the primary was read. docs/metrics.md.
OUTCOMES = (
    "replica",
    "own",
    "recent_write",
    "unknown_position",
    "behind",
    "failed",
    "circuit_open",
)
_reads = Counter(
    "roost_replica_reads_total", "Lists that could be read from the replica", ["outcome"]
)
_lag = SharedGauge(
    Gauge("roost_replica_lag_seconds", "By how much the replica is behind at most"), max
)
_lag_bytes = SharedGauge(
    Gauge("roost_replica_lag_bytes", "What the primary has logged and the replica not replayed"),
    max,
)
_circuit_open = SharedGauge(
    Gauge("roost_replica_circuit_open", "1 while the replica is not tried"), max
)
_read = {each: _reads.labels(each) for each in OUTCOMES}


class _Progress:
    """How far a standby had replayed at its last answer, and when that was."""

    __slots__ = ("checked", "replayed")

    def __init__(self) -> None:
        self.replayed = 0
        self.checked = float("-inf")


class _StandbyConnection(AnyConnection):
    """A connection, and the progress of the standby that it leads to."""

    __slots__ = ("progress",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.progress = _Progress()


class _Behind(Exception):
    """The standby has not replayed what is needed; the message is the outcome."""


class Replica:
    """The standbys of one database, as one process reads them. Made by `connect`."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", *, database: Database, positions: Positions
    ) -> None:
        self._pool = pool
        self._database = database
        self._positions = positions
        # Moments, and a position that the log of the primary had reached by then; oldest first.
        self._log: deque[tuple[float, int]] = deque(
            maxlen=round(4 * MAX_LAG_SECONDS / CHECK_SECONDS)
        )
        # The newest moment that a standby has reached, and the furthest position.
        self._reached = time.monotonic()
        self._replayed: int | None = None
        self._failures_in_a_row = 0
        self._open = False
        self._probe_time = 0.0
        self._backoff = Backoff(*_PROBE_SECONDS)
        self._lag, self._lag_bytes = _lag.share(), _lag_bytes.share()
        self._circuit_open = _circuit_open.share()

    async def fetch(self, subject_id: int | None, sql: str, *args: Any) -> "Rows | None":
        """The rows; None if the primary has to be read. See `Database.fetch_list`."""
        outcome, rows = await self._fetch(subject_id, sql, args)
        _read[outcome].inc()
        return rows

    async def written(self, connection: Connection) -> int | None:
        """The position of the log after a commit of the calling user; None for other callers. It
        does not fail, as the commit did not."""
        if not isinstance(caller.current(), UserCaller):
            return None
        moment = time.monotonic()
        try:
            async with asyncio.timeout(READ_SECONDS):
                position: int = await connection.fetchval(_WRITTEN)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return UNKNOWN
        # A busy pool may keep `watch` from this.
        self._note(moment, position)
        return position

    async def keep(self, position: int) -> None:
        """Stores the position of the calling user's write. It does not fail."""
        await self._positions.keep(caller.user().user_id, position)

    async def watch(self) -> None:
        """Notes how far the log is, and tries the replica; once a second."""
        await self._positions.check()
        moment = time.monotonic()
        with contextlib.suppress(Unavailable):
            self._note(moment, await self._database.fetchval(_LOG))
        if not self._open or time.monotonic() >= self._probe_time:
            await self._probe()
        self._lag.set(time.monotonic() - self._reached)
        if self._log and self._replayed is not None:
            self._lag_bytes.set(max(0, self._log[-1][1] - self._replayed))

    async def close(self) -> None:
        """Closes all connections."""
        if self._open:
            self._circuit_open.set(0)
        try:
            async with asyncio.timeout(READ_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _fetch(
        self, subject_id: int | None, sql: str, args: Sequence[Any]
    ) -> "tuple[str, Rows | None]":
        calling = caller.current()
        if isinstance(calling, ServiceCaller) or _owns(calling, subject_id):
            return "own", None
        if self._open:
            return "circuit_open", None
        writer_id = caller.viewer_id()
        needed = 0 if writer_id is None else await self._positions.of(writer_id)
        if needed is None:
            return "unknown_position", None
        # At most half of what is left, so that the primary has time. Where that is little, a
        # failure is no sign of a slow replica.
        limit = min(READ_SECONDS, deadline.budget(2 * READ_SECONDS) / 2)
        try:
            async with self._connection(limit) as connection:
                await self._require(connection, needed)
                rows = await connection.fetch(sql, *args)
        except _Behind as behind:
            return str(behind), None
        except _FAILURES as error:
            if limit == READ_SECONDS:
                self._failed(error)
            return "failed", None
        self._failures_in_a_row = 0
        self._backoff.reset()
        return "replica", rows

    async def _require(self, connection: Connection, needed: int) -> None:
        """Raises _Behind if the standby has not replayed the position, or is too far behind.

        An earlier answer is used again for CHECK_SECONDS.
        """
        progress = cast("_StandbyConnection", connection).progress
        if (
            time.monotonic() - progress.checked > CHECK_SECONDS
            or progress.replayed < needed < UNKNOWN
        ):
            await self._check(connection)
        if time.monotonic() - self._moment(progress.replayed) > MAX_LAG_SECONDS:
            raise _Behind("behind")
        if progress.replayed < needed:
            raise _Behind("recent_write")

    async def _check(self, connection: Connection) -> int:
        progress = cast("_StandbyConnection", connection).progress
        began = time.monotonic()
        progress.replayed = await connection.fetchval(_REPLAYED) or 0
        progress.checked = began
        return progress.replayed

    def _note(self, moment: float, position: int) -> None:
        if not self._log or moment - self._log[-1][0] > CHECK_SECONDS / 2:
            self._log.append((moment, position))

    def _moment(self, replayed: int) -> float:
        """The newest moment of whose commits a standby that has replayed so far has all."""
        return next(
            (moment for moment, log in reversed(self._log) if log <= replayed), float("-inf")
        )

    async def _probe(self) -> None:
        try:
            async with self._connection(READ_SECONDS) as connection:
                replayed = await self._check(connection)
        except _FAILURES as error:
            self._failed(error)
            return
        self._reached = max(self._reached, self._moment(replayed))
        self._replayed = max(self._replayed or 0, replayed)
        if self._open:
            self._open = False
            self._failures_in_a_row = 0
            self._circuit_open.set(0)
            logger().info("replica_recovered")

    def _failed(self, error: Exception) -> None:
        self._failures_in_a_row += 1
        if self._failures_in_a_row < _FAILURES_TO_OPEN:
            return
        if not self._open:
            self._open = True
            self._circuit_open.set(1)
            logger().warning("replica_unavailable", error=repr(error), cause=repr(error.__cause__))
        self._probe_time = time.monotonic() + self._backoff.pause()

    @asynccontextmanager
    async def _connection(self, seconds: float) -> AsyncIterator[Connection]:
        with postgres.translated():
            async with asyncio.timeout(seconds):
                acquired: PoolConnectionProxy[asyncpg.Record] = await self._pool.acquire()
                try:
                    # The pool's proxy has every method and attribute of the connection.
                    yield cast("Connection", acquired)
                except asyncio.CancelledError:
                    # To cancel its statement would wait for a server that may not answer. The
                    # server ends it by itself, by its statement_timeout.
                    acquired.terminate()
                    raise
                finally:
                    await self._pool.release(acquired)


@asynccontextmanager
async def connect(
    url: str | None,
    *,
    database: Database,
    redis: RedisClient,
    service: str,
    max_size: int,
) -> AsyncIterator[Sequence[Job]]:
    """Lets `database` read lists from the standby at `url` for the length of the block; yields the
    jobs of the process for it. Without a URL there are none.

    The standby may be away, as it is connected to when it is used.
    """
    if url is None:
        yield ()
        return
    pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=max_size,
        connection_class=_StandbyConnection,
        max_inactive_connection_lifetime=300.0,
        reset=postgres.keep_session,
        server_settings=postgres.session(f"{service} replica", statement_seconds=READ_SECONDS),
    )
    replica = Replica(pool, database=database, positions=Positions(redis, service=service))
    database.read_lists_from(replica)
    try:
        yield (every(CHECK_SECONDS, "watch_replica", replica.watch),)
    finally:
        await replica.close()


def _owns(calling: Caller, subject_id: int | None) -> bool:
    """Whether the list may be that of the caller: the bucket of a user is in all of their ids."""
    return (
        isinstance(calling, UserCaller)
        and subject_id is not None
        and bucket_of(subject_id) == bucket_of(calling.user_id)
    )
