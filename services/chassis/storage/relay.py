"""Moves committed events from the outbox to Kafka, in order, by one active relay a database.

Leadership is an advisory lock on a connection of its own, so it ends when the relay or its
connection dies, and another relay takes over within half a second. A batch is deleted only after
the broker acknowledged all of it: events may be published twice, never lost, and never overtake
one of their key. One that the broker refuses for good is moved to the table `outbox_refused`, with
the reason, and those behind it go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from services.chassis.events.bus.producer import PublishFailed, RecordsRefused
from services.chassis.events.records import Event
from services.chassis.runtime import telemetry
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger
from services.chassis.storage import outbox, postgres
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import DatabaseUnavailable

# Large, since a broker on an object store takes nearly the same time for any number of events.
BATCH = 1_000
# Seconds from the start of one batch to the start of the next, at least and at most. Rows that are
# written in between are in the next batch. On such a broker a batch of any size costs its writer
# and its readers about 25 ms of CPU, so each event of the last batch lengthens the pause.
PACE_SECONDS = (0.06, 0.15)
PACE_SECONDS_AN_EVENT = 0.003
# Notifications wake the relay; this is for one that was lost (see `outbox.RelayNotifier`).
IDLE_SECONDS = 1.0
_TAKEOVER_SECONDS = 0.5
_PAUSE_SECONDS = (0.1, 5.0)
# Names the lock among this database's advisory locks of two numbers: "roost", "relay".
_LOCK = (0x726F6F73, 0x72656C61)
_TRY_LOCK = "SELECT pg_try_advisory_lock($1, $2)"

_published = Counter("roost_outbox_published_total", "Events that the broker acknowledged")
_publishing = Histogram(
    "roost_outbox_publish_seconds",
    "Time that the broker took for a batch, acknowledged or not",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_failed = Counter("roost_outbox_failures_total", "Batches that were not fully acknowledged")
_refused = Counter(
    "roost_outbox_refused_total", "Events that the broker never takes; they are in outbox_refused"
)
_lag = Gauge("roost_outbox_lag_seconds", "Age of the oldest event that is not published yet")
_leading = Gauge("roost_outbox_leader", "1 in the process whose relay is the active one")


class EventPublisher(Protocol):
    """Where the relay sends events: `bus.Publisher`, or a fake in tests."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when all are safe. Raises PublishFailed, and RecordsRefused where all but some
        are."""
        ...


class Relay:
    """Publishes the outbox of one database for as long as `run` runs.

    Several may run; all but one wait. `leading` tells whether this is the active one. Its process
    is also the one that does what several processes would only repeat: `while_leading`.
    """

    def __init__(
        self,
        *,
        database_url: str,
        publisher: EventPublisher,
        clock: Clock,
        batch: int = BATCH,
        pace_seconds: tuple[float, float] = PACE_SECONDS,
    ) -> None:
        self._url = database_url
        self._publisher = publisher
        self._clock = clock
        self._batch = batch
        self._pace_seconds = pace_seconds
        self._oldest: datetime | None = None
        self._elected = asyncio.Event()
        _lag.set_function(self._age)

    @property
    def leading(self) -> bool:
        return self._elected.is_set()

    def while_leading(self, act: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """`act` for a job that only the process of the active relay runs; others wait in it.

        For work whose cost grows with the processes that do it. Its effect must be repeatable:
        when the connection of one relay is lost, a run of `act` ends beside the first one of the
        next.
        """

        async def run() -> None:
            await self._elected.wait()
            await act()

        return run

    async def run(self) -> None:
        """Runs until it is cancelled, through any absence of database and broker."""
        while True:
            try:
                await self._campaign()
            except DatabaseUnavailable as away:
                logger().warning("relay_database_lost", error=repr(away.__cause__))
            await asyncio.sleep(_TAKEOVER_SECONDS)

    async def _campaign(self) -> None:
        connection = await postgres.dedicated(self._url, name="roost-relay")
        try:
            with postgres.translated():
                # Waiting in the lock itself would hold a snapshot and keep vacuum from the outbox.
                while not await connection.fetchval(_TRY_LOCK, *_LOCK):  # noqa: ASYNC110
                    await asyncio.sleep(_TAKEOVER_SECONDS)
            await self._lead(connection)
        finally:
            connection.terminate()

    async def _lead(self, connection: Connection) -> None:
        logger().info("relay_elected")
        self._elected.set()
        _leading.set(1)
        leading = asyncio.create_task(self._publish_loop(connection), name="relay")
        # Without the connection the lock is gone too, and another relay may be publishing.
        connection.add_termination_listener(lambda _: _cancel(leading))
        try:
            await asyncio.wait({leading})
        finally:
            leading.cancel()
            self._elected.clear()
            # What waits is now the age of another process.
            self._oldest = None
            _leading.set(0)
        if leading.cancelled():
            raise DatabaseUnavailable from ConnectionError("the relay's connection ended")
        leading.result()

    async def _publish_loop(self, connection: Connection) -> None:
        backoff = Backoff(*_PAUSE_SECONDS)
        async with postgres.listening(self._url, outbox.CHANNEL) as woken:
            with postgres.translated():
                while True:
                    woken.clear()
                    began = self._clock.monotonic()
                    try:
                        found = await self._publish_batch(connection)
                        backoff.reset()
                    except PublishFailed as failure:
                        _failed.inc()
                        logger().warning("relay_publish_failed", **failure.metadata)
                        await backoff.wait()
                        continue
                    if found < self._batch:
                        await asyncio.sleep(began + self._pace(found) - self._clock.monotonic())
                        await postgres.wait_for(woken, IDLE_SECONDS)

    async def _publish_batch(self, connection: Connection) -> int:
        rows = await outbox.oldest(connection, self._batch)
        self._oldest = rows[0].event.time if rows else None
        if not rows:
            return 0
        try:
            with _publishing.time(), _recorded([row.event for row in rows]) as recorded:
                await self._publisher.publish(recorded)
        except RecordsRefused as refused:
            await self._move_to_refused(connection, rows, refused)
        except PublishFailed as failure:
            if failure.delivered:
                await outbox.remove(connection, rows[: failure.delivered])
                _published.inc(failure.delivered)
            raise
        await outbox.remove(connection, rows)
        _published.inc(len(rows))
        if len(rows) < self._batch:
            self._oldest = None
        return len(rows)

    async def _move_to_refused(
        self, connection: Connection, rows: Sequence[outbox.Row], refused: RecordsRefused
    ) -> None:
        """Moves rows that the broker never takes out of the way of those behind them."""
        for place, reason in refused.reasons.items():
            await outbox.move_to_refused(connection, rows[place], reason)
            _refused.inc()
            logger().error(
                "outbox_row_refused",
                event_id=str(rows[place].event.event_id),
                type=rows[place].event.type,
                reason=reason,
            )

    def _pace(self, events: int) -> float:
        shortest, longest = self._pace_seconds
        return min(longest, shortest + events * PACE_SECONDS_AN_EVENT)

    def _age(self) -> float:
        oldest = self._oldest
        return 0.0 if oldest is None else (self._clock.now() - oldest).total_seconds()


@contextmanager
def _recorded(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events as they are published: those of a recorded trace continue it from a span of the
    relay, which lasts for the length of the block."""
    spans = {
        place: telemetry.detached(
            f"publish {event.type}",
            event.traceparent,
            kind=SpanKind.PRODUCER,
            attributes={"messaging.system": "kafka", "messaging.destination.name": event.topic},
        )
        for place, event in enumerate(events)
        if telemetry.is_recorded(event.traceparent)
    }
    if not spans:
        yield events
        return
    failures: Mapping[int, Exception] = {}
    try:
        yield [
            replace(event, traceparent=spans[place].traceparent) if place in spans else event
            for place, event in enumerate(events)
        ]
    except RecordsRefused as refused:
        failures = dict.fromkeys(refused.reasons, refused)
        raise
    except PublishFailed as failure:
        failures = dict.fromkeys(range(failure.delivered, len(events)), failure)
        raise
    finally:
        for place, span in spans.items():
            span.end(failures.get(place))


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
