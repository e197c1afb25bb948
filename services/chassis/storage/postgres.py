"""PostgreSQL: the pool of a process, its transactions, and how failures of it are named."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from opentelemetry.trace import SpanKind

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import idempotency, inbox, outbox, pool_metrics, shard_key
from services.chassis.storage.connection import Connection
from services.chassis.storage.idempotency import RequestKey
from services.chassis.storage.transaction import ATTEMPTS, TransactionAborted, in_transaction

if TYPE_CHECKING:
    from services.chassis.storage.replica import Replica

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
T = TypeVar("T")
R = TypeVar("R")

# What one statement may take where the caller sets no shorter deadline. Nothing here is a report.
STATEMENT_SECONDS = 5.0
# A whole transaction, its waits for locks and its commit included.
TRANSACTION_SECONDS = 10.0
# How long a call waits for a free connection: longer means overload, and the caller should know.
ACQUIRE_SECONDS = 2.0

_CONNECT_SECONDS = 5.0
_SPAN = {"db.system.name": "postgresql"}
_RECONNECT_SECONDS = (0.1, 5.0)
# How often an idle listening connection is tried, so that a silent loss is noticed.
_HEARTBEAT_SECONDS = 5.0


# What Citus says of a node that is lost during a transaction. It gives it no code of its own.
_LOST_NODE = ("failure on connection marked as essential", "failed to read result")


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or does not answer in time."""

    reason = "DEPENDENCY_UNAVAILABLE"


class OutcomeUnknown(DatabaseUnavailable):
    """The database did not answer to a commit: it may have happened or not.

    Repeat the request only under a request key.
    """


class PostgresTransaction:
    """A running transaction. Stores subclass it by the acts of their domain, over `connection`.

    Every statement on `connection` is inside the transaction and its time limit; asyncpg's errors
    about the connection, time-outs and aborts are translated as they leave the block. `shard_key`
    is that of the service's manifest.
    """

    shard_key = ShardKey.USER

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.event_ids: list[UUID] = []
        self._clock = clock

    async def publish(self, message: OutboxMessage) -> None:
        event = Event.from_message(
            message, time=self._clock.now(), traceparent=telemetry.traceparent()
        )
        await outbox.append(
            self.connection, event, shard_key=shard_key.of_name(self.shard_key, event.key)
        )
        self.event_ids.append(event.event_id)

    async def first_seen(self, consumer: str, event_id: UUID) -> bool:
        return await inbox.first_seen(self.connection, consumer, event_id, key=self.shard_key)

    async def first_seen_of(self, consumer: str, event_ids: Iterable[UUID]) -> set[UUID]:
        return await inbox.first_seen_of(self.connection, consumer, event_ids, key=self.shard_key)

    async def replay(self, key: RequestKey) -> bytes | None:
        return await idempotency.look_up(self.connection, key, key=self.shard_key)

    async def remember(self, key: RequestKey, response: bytes) -> None:
        await idempotency.record(self.connection, key, response, key=self.shard_key)

    async def forget_requests(self, caller_ids: Collection[str]) -> None:
        await idempotency.forget_callers(self.connection, caller_ids, key=self.shard_key)


class Database:
    """A pool of connections to one database. Made by `connect`.

    Every call stays inside the caller's deadline. Raises DatabaseUnavailable where the database is
    away or slow, DeadlineExceeded where the caller's time is over, TransactionAborted where the
    database aborted the transaction for another one's sake. Other errors of asyncpg, such as
    UniqueViolationError, pass through for the store to name.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, url: str, clock: Clock) -> None:
        self._pool = pool
        self._relay = outbox.RelayNotifier(self._wake_relay)
        self._replica: Replica | None = None
        self.url = url
        self.clock = clock

    def read_lists_from(self, replica: "Replica") -> None:
        """Lets `fetch_list` read from a standby, and keeps the positions of users' writes."""
        self._replica = replica

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows, by a connection of its own."""
        async with self.connection() as connection:
            return await connection.fetch(sql, *args)

    async def fetch_list(
        self, subject_id: int | None, sql: str, *args: Any
    ) -> list[asyncpg.Record]:
        """All rows of a list of ids, from a standby if there is one and the caller may read it.

        `subject_id` is the user or the post that the list belongs to; None for a list of nobody.
        Users read lists of their own and of their posts from the primary. To others a list may lack
        what was written in the last seconds, except by themselves, and may have what was removed
        then. So who may see a row must not follow from the list.
        """
        if self._replica is not None:
            rows = await self._replica.fetch(subject_id, sql, *args)
            if rows is not None:
                return rows
        return await self.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row, if there is one."""
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *args)

    async def write(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of a statement that writes for its caller in a transaction of its own.

        Raises OutcomeUnknown where the database did not answer to the statement.
        """
        with _commit() as commit:
            async with self.connection() as connection:
                commit.begun = True
                row = await connection.fetchrow(sql, *args)
                position = await self._position(connection)
        await self._keep(position)
        return row

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row; None where there is no row."""
        async with self.connection() as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Runs one statement in a transaction of its own; returns its status (`DELETE 3`)."""
        async with self.connection() as connection:
            return await connection.execute(sql, *args)

    @asynccontextmanager
    async def connection(self, *, seconds: float | None = None) -> AsyncIterator[Connection]:
        """One connection for a few statements, each committed on its own; STATEMENT_SECONDS."""
        limit_of_all = STATEMENT_SECONDS if seconds is None else seconds
        with translated():
            async with asyncio.timeout(deadline.budget(limit_of_all)):
                acquired = await self._acquire()
                began = perf_counter()
                try:
                    with telemetry.span("postgres", kind=SpanKind.CLIENT, attributes=_SPAN):
                        # The pool's proxy has every method of the connection that it stands for.
                        yield cast("Connection", acquired)
                finally:
                    pool_metrics.note_held(perf_counter() - began)
                    await self._pool.release(acquired)

    @asynccontextmanager
    async def transaction(
        self,
        kind: Callable[[Connection, Clock], T],
        *,
        isolation: Isolation = "read_committed",
        seconds: float | None = None,
    ) -> AsyncIterator[T]:
        """Opens a transaction and gives `kind(connection, clock)`: a PostgresTransaction's class.

        It may take `seconds`, TRANSACTION_SECONDS where none are given. Commits at the end of the
        block; an exception rolls back. Raises OutcomeUnknown where the database did not answer to
        the commit.
        """
        limit = TRANSACTION_SECONDS if seconds is None else seconds
        with _commit() as commit:
            async with self.connection(seconds=limit) as connection:
                async with connection.transaction(isolation=isolation):
                    made = kind(connection, self.clock)
                    yield made
                    commit.begun = True
                position = await self._position(connection)
        if isinstance(made, PostgresTransaction) and made.event_ids:
            self._relay.wake()
        await self._keep(position)

    async def run(
        self,
        kind: Callable[[Connection, Clock], T],
        effect: Callable[[T], Awaitable[R]],
        *,
        isolation: Isolation = "read_committed",
        attempts: int = ATTEMPTS,
    ) -> R:
        """Runs `effect` in a transaction, and again where the database aborted it, so the effect
        must be repeatable."""

        def begin() -> AbstractAsyncContextManager[T]:
            return self.transaction(kind, isolation=isolation)

        return await in_transaction(begin, effect, attempts=attempts)

    def published(self) -> None:
        """Says that a statement which was its own transaction left an event in the outbox."""
        self._relay.wake()

    async def check(self) -> None:
        """Returns if the database answers; for readiness."""
        await self.fetchval("SELECT 1")

    async def close(self) -> None:
        """Waits for calls under way, then closes all connections."""
        try:
            async with asyncio.timeout(TRANSACTION_SECONDS):
                await self._relay.close()
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _position(self, connection: Connection) -> int | None:
        return None if self._replica is None else await self._replica.written(connection)

    async def _keep(self, position: int | None) -> None:
        if self._replica is not None and position is not None:
            await self._replica.keep(position)

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        if self._pool.get_idle_size():
            # Nobody has to wait, so the task is spared that a limit costs.
            return await self._pool.acquire()
        with pool_metrics.waiting():
            return await self._pool.acquire(timeout=deadline.budget(ACQUIRE_SECONDS))

    async def _wake_relay(self) -> None:
        with deadline.none():
            async with self.connection() as connection:
                await outbox.notify(connection)


@asynccontextmanager
async def connect(
    url: str,
    *,
    clock: Clock | None = None,
    min_size: int = 2,
    max_size: int = 10,
    name: str = "roost",
) -> AsyncIterator[Database]:
    """Opens a pool for the block's length. Raises DatabaseUnavailable if the database cannot be
    reached.

    `name` shows in pg_stat_activity. Lost connections are replaced as they are needed.
    """
    with translated():
        pool = await asyncpg.create_pool(
            url,
            min_size=min(min_size, max_size),
            max_size=max_size,
            timeout=_CONNECT_SECONDS,
            command_timeout=TRANSACTION_SECONDS,
            max_inactive_connection_lifetime=300.0,
            reset=keep_session,
            server_settings=session(name),
        )
    database = Database(pool, url=url, clock=clock or SystemClock())
    with pool_metrics.counted(pool):
        try:
            yield database
        finally:
            await database.close()


async def dedicated(url: str, *, name: str) -> Connection:
    """A connection outside of any pool, for what lives as long as a session: locks, LISTEN."""
    with translated():
        connection: Connection = await asyncpg.connect(
            url,
            timeout=_CONNECT_SECONDS,
            command_timeout=TRANSACTION_SECONDS,
            server_settings=session(name),
        )
        return connection


@asynccontextmanager
async def listening(
    url: str, channel: str, *, name: str = "roost-listen"
) -> AsyncIterator[asyncio.Event]:
    """Yields an event that is set at every NOTIFY on `channel`; the waiting task clears it.

    It is also set after each connection, as notifications may have been missed before. While the
    database is unavailable it connects again at growing intervals, and logs nothing.
    """
    woken = asyncio.Event()
    task = asyncio.create_task(_listen(url, channel, name, woken), name=f"listen {channel}")
    try:
        yield woken
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextmanager
def translated() -> Iterator[None]:
    """Names failures of the database as the chassis does; see `Database`."""
    try:
        yield
    except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as aborted:
        raise TransactionAborted from aborted
    except (TimeoutError, asyncpg.QueryCanceledError) as late:
        if deadline.remaining() == 0.0:
            raise DeadlineExceeded from late
        raise DatabaseUnavailable from late
    except (
        OSError,
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.InternalClientError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.LockNotAvailableError,
    ) as lost:
        raise DatabaseUnavailable from lost
    except asyncpg.InterfaceError as misuse:
        # asyncpg says it in the same class whether its caller erred or the connection went. What
        # it says of a value repeats the value, and that may hold any word.
        if "clos" in str(misuse) and not isinstance(misuse, ValueError):
            raise DatabaseUnavailable from misuse
        raise
    except asyncpg.PostgresError as refused:
        if isinstance(refused, asyncpg.InternalServerError) and str(refused).startswith(_LOST_NODE):
            raise DatabaseUnavailable from refused
        # The detail repeats values of the row. A log line of the error must not.
        refused.detail = None
        raise


@dataclass
class _Commit:
    """Whether the database may have committed."""

    begun: bool = False


@contextmanager
def _commit() -> Iterator[_Commit]:
    """Names what happens after a commit was begun, and before its answer."""
    commit = _Commit()
    try:
        yield commit
    except DatabaseUnavailable as lost:
        if commit.begun:
            raise OutcomeUnknown from lost
        raise


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Waits for the event, for so long at most; says whether it is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def _listen(url: str, channel: str, name: str, woken: asyncio.Event) -> None:
    def wake(*_: object) -> None:
        woken.set()

    backoff = Backoff(*_RECONNECT_SECONDS)
    while True:
        try:
            connection = await dedicated(url, name=name)
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _, lost=lost: lost.set())
            try:
                with translated():
                    await connection.add_listener(channel, wake)
                    woken.set()
                    backoff.reset()
                    while not await wait_for(lost, _HEARTBEAT_SECONDS):
                        await connection.execute("SELECT 1")
            finally:
                connection.terminate()
            logger().warning("listen_connection_lost", channel=channel)
        except DatabaseUnavailable as away:
            logger().warning("listen_connection_lost", channel=channel, error=repr(away.__cause__))
        await backoff.wait()


async def keep_session(_: object) -> None:
    """Nothing here changes a session's state, so the usual reset, one trip a call, is spared."""


def session(name: str, *, statement_seconds: float | None = None) -> dict[str, str]:
    """The settings of a session; a statement may take STATEMENT_SECONDS if nothing is given."""
    milliseconds = 1000 * (STATEMENT_SECONDS if statement_seconds is None else statement_seconds)
    return {
        "application_name": name,
        "timezone": "UTC",
        "jit": "off",  # every statement is short; compiling it costs more than it saves
        "statement_timeout": f"{milliseconds:.0f}",
        "lock_timeout": f"{milliseconds:.0f}",
        "idle_in_transaction_session_timeout": f"{TRANSACTION_SECONDS * 1000:.0f}",
    }
