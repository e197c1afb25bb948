"""Moves committed events from the outbox to Kafka, in order, by one active relay a slice.

Each process has a relay. It leads slices of the outbox (`leadership`), all of them if there is one
slice or one process. Leadership ends when the relay or its connection dies, and another relay takes
over within half a second. A batch is deleted only after the broker acknowledged all of it: events
may be published twice, never lost, and never overtake one of their key. One that the broker refuses
for good is moved to the table `outbox_refused`, with the reason, and those behind it go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.runtime.shares import SharedGauge
from services.chassis.storage import leadership, outbox, postgres
from services.chassis.storage.connection import Connection
from services.chassis.storage.leadership import Leadership
from services.chassis.storage.outbox import Selection
from services.chassis.storage.postgres import DatabaseUnavailable
from services.chassis.storage.slices import Slice

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
_lag = SharedGauge(
    Gauge("roost_outbox_lag_seconds", "Age of the oldest event that is not published yet"), max
)
# The least of several outboxes: one without a publisher must show.
_leading = SharedGauge(
    Gauge("roost_outbox_leader", "The share of the outbox that this process publishes"), min
)


class EventPublisher(Protocol):
    """Where the relay sends events: `bus.Publisher`, or a fake in tests."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when all are safe. Raises PublishFailed, and RecordsRefused where all but some
        are."""
        ...


@dataclass(frozen=True, slots=True)
class _Session:
    """What a relay has for as long as its connection lasts."""

    connection: Connection
    leadership: Leadership
    selections: dict[Slice, Selection] = field(default_factory=dict)
    # A connection executes one statement at a time.
    statements: asyncio.Lock = field(default_factory=asyncio.Lock)


class Relay:
    """Publishes slices of the outbox of one database for as long as `run` runs.

    Several may run; each leads its share of the slices, or waits. `shard_key` is that of the
    service's manifest. One process, that which leads the first slice, also does what several
    processes would only repeat: `while_leading`.
    """

    def __init__(
        self,
        *,
        database_url: str,
        publisher: EventPublisher,
        clock: Clock,
        shard_key: ShardKey,
        slices: int = 1,
        batch: int = BATCH,
        pace_seconds: tuple[float, float] = PACE_SECONDS,
    ) -> None:
        self._url = database_url
        self._publisher = publisher
        self._clock = clock
        self._shard_key = shard_key
        self._slices = slices
        self._batch = batch
        self._pace_seconds = pace_seconds
        self._led: tuple[Slice, ...] = ()
        self._oldest: dict[Slice, datetime] = {}
        self._elected = asyncio.Event()

    @property
    def led(self) -> tuple[Slice, ...]:
        """The slices that this relay publishes."""
        return self._led

    @property
    def leading(self) -> bool:
        """Whether this relay leads the first slice."""
        return self._elected.is_set()

    def while_leading(self, act: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """`act` for a job that only the process that leads the first slice runs; others wait in it.

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
        with _lag.showing(self._age), _leading.showing(lambda: len(self._led) / self._slices):
            while True:
                try:
                    await self._campaign()
                except DatabaseUnavailable as away:
                    logger().warning("relay_database_lost", error=repr(away.__cause__))
                await asyncio.sleep(_TAKEOVER_SECONDS)

    async def _campaign(self) -> None:
        connection = await postgres.dedicated(self._url, name=leadership.session_name(self._slices))
        session = _Session(
            connection, Leadership(connection, count=self._slices, clock=self._clock)
        )
        try:
            with postgres.translated():
                while True:
                    # Waiting in a lock itself would hold a snapshot and keep vacuum from the
                    # outbox.
                    await session.leadership.adjust()
                    if session.leadership.held:
                        await self._lead(session)
                    await asyncio.sleep(_TAKEOVER_SECONDS)
        finally:
            connection.terminate()

    async def _lead(self, session: _Session) -> None:
        """Publishes for as long as this relay leads a slice."""
        self._note_led(session.leadership.held)
        leading = asyncio.create_task(self._publish_loop(session), name="relay")

        def end(_: object) -> None:
            leading.cancel()

        # Without the connection the locks are gone too, and other relays may be publishing.
        session.connection.add_termination_listener(end)
        try:
            await asyncio.wait({leading})
        finally:
            session.connection.remove_termination_listener(end)
            leading.cancel()
            self._note_led(())
        if leading.cancelled():
            raise DatabaseUnavailable from ConnectionError("the relay's connection ended")
        leading.result()

    def _note_led(self, led: tuple[Slice, ...]) -> None:
        if led == self._led:
            return
        if led:
            logger().info("relay_elected", slices=[each.number for each in led], of=self._slices)
        self._led = led
        # What waits in other slices is the age of other processes.
        self._oldest = {part: time for part, time in self._oldest.items() if part in led}
        if any(not each.number for each in led):
            self._elected.set()
        else:
            self._elected.clear()

    async def _publish_loop(self, session: _Session) -> None:
        backoff = Backoff(*_PAUSE_SECONDS)
        adjusted = self._clock.monotonic()
        async with postgres.listening(self._url, outbox.CHANNEL) as woken:
            with postgres.translated():
                while self._led:
                    woken.clear()
                    began = self._clock.monotonic()
                    outcomes = await self._publish_batches(session)
                    if self._slices > 1 and began >= adjusted + _TAKEOVER_SECONDS:
                        adjusted = began
                        await session.leadership.adjust()
                    self._note_led(session.leadership.held)
                    if None in outcomes:
                        await backoff.wait()
                        continue
                    backoff.reset()
                    found = [each for each in outcomes if each is not None]
                    if max(found, default=0) < self._batch:
                        pause = began + self._pace(sum(found)) - self._clock.monotonic()
                        await asyncio.sleep(pause)
                        await postgres.wait_for(woken, IDLE_SECONDS)

    async def _publish_batches(self, session: _Session) -> list[int | None]:
        """Publishes a batch of each slice that this relay leads. Returns how many events each had,
        and None for one that the broker did not take.

        Where there are several slices, one whose rows cannot be read or deleted rests: on Citus,
        their node may be away while others are not.
        """
        led = self._led
        outcomes = await asyncio.gather(
            *(self._publish_batch(session, part) for part in led), return_exceptions=True
        )
        found: list[int | None] = []
        for part, outcome in zip(led, outcomes, strict=True):
            if not isinstance(outcome, BaseException):
                found.append(outcome)
            elif isinstance(outcome, PublishFailed):
                found.append(None)
            elif self._goes_on(session, outcome):
                logger().warning("relay_slice_lost", slice=part.number, error=repr(outcome))
                await session.leadership.rest(part)
            else:
                raise outcome
        return found

    def _goes_on(self, session: _Session, failure: BaseException) -> bool:
        """Whether other slices can be published after this failure of one."""
        away = isinstance(failure, DatabaseUnavailable)
        return away and self._slices > 1 and not session.connection.is_closed()

    async def _publish_batch(self, session: _Session, part: Slice) -> int:
        connection = session.connection
        with postgres.translated():
            async with session.statements:
                rows = await self._read(session, part)
            if not rows:
                self._oldest.pop(part, None)
                return 0
            self._oldest[part] = rows[0].event.time
            try:
                with _publishing.time(), _recorded([row.event for row in rows]) as recorded:
                    await self._publisher.publish(recorded)
            except RecordsRefused as refused:
                async with session.statements:
                    await self._move_to_refused(connection, rows, refused)
            except PublishFailed as failure:
                _failed.inc()
                logger().warning("relay_publish_failed", **failure.metadata)
                if failure.delivered:
                    async with session.statements:
                        await outbox.remove(connection, rows[: failure.delivered])
                    _published.inc(failure.delivered)
                raise
            async with session.statements:
                await outbox.remove(connection, rows)
        _published.inc(len(rows))
        if len(rows) < self._batch:
            self._oldest.pop(part, None)
        return len(rows)

    async def _read(self, session: _Session, part: Slice) -> list[outbox.Row]:
        selected = session.selections.get(part)
        if selected is None:
            selected = await outbox.selection_of(session.connection, part, key=self._shard_key)
            session.selections[part] = selected
        return await outbox.oldest(session.connection, self._batch, selected)

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
        if not self._oldest:
            return 0.0
        return (self._clock.now() - min(self._oldest.values())).total_seconds()


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
