"""The events of one partition, handled in order until each is done, a dead letter, or dropped."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram

from services.chassis.events.records import Event, Record, Undecodable
from services.chassis.events.routes import AHEAD, BatchHandler, Handler
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS, Unavailable
from services.chassis.runtime.logs import logger

# What one event, or one batch, may take before its calls fail and it is tried again.
HANDLER_TIMEOUT_SECONDS = 60.0
# How often an error that looks permanent is given another chance, about ten seconds in all.
ATTEMPTS = 8
MAX_BATCH = 200

# The pause before another attempt doubles from the first figure to the second.
_PAUSE_SECONDS = (0.05, 5.0)

_handled = Counter(
    "roost_events_handled_total", "Events by what became of them", ["group", "type", "outcome"]
)
_delay = Histogram(
    "roost_event_delay_seconds",
    "From the time of an event to the end of its handling",
    ["group"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
_age = Gauge(
    "roost_event_age_seconds",
    "Age of the event that a partition is working on; 0 when it is idle",
    ["group", "topic", "partition"],
)


class Received(NamedTuple):
    """A record and its place."""

    record: Record
    offset: int


# The record, its partition and offset, and the reason.
DeadLetter = Callable[[Record, int, int, str], Awaitable[None]]


class Partition:
    """Works through one partition in a task of its own.

    `handled` is the offset up to which (exclusive) everything is done: what may be committed.
    """

    def __init__(
        self,
        *,
        topic: str,
        number: int,
        group: str,
        handlers: Callable[[str], Handler | None],
        batches: BatchHandler | None,
        dead_letter: DeadLetter,
        clock: Clock,
    ) -> None:
        self.topic = topic
        self.number = number
        self.handled: int | None = None
        self._first: int | None = None
        self._group = group
        self._handlers = handlers
        self._batches = batches
        self._dead_letter = dead_letter
        self._clock = clock
        self._waiting: deque[Received] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._span_attributes = {
            "messaging.system": "kafka",
            "messaging.destination.name": topic,
            "messaging.consumer.group.name": group,
        }
        self._age = _age.labels(group, topic, str(number))
        self._delay = _delay.labels(group)
        self._counters: dict[tuple[str, str], Counter] = {}
        self._task = asyncio.create_task(self._work(), name=f"{topic}[{number}]")

    @property
    def backlog(self) -> int:
        """How many records wait here."""
        return len(self._waiting)

    @property
    def position(self) -> int | None:
        """The offset of the first record that is not handled; None while none has arrived."""
        return self._first if self.handled is None else self.handled

    def accept(self, records: Sequence[Received]) -> None:
        """Queues records, in the order of their offsets."""
        if self._first is None and records:
            self._first = records[0].offset
        self._waiting.extend(records)
        self._arrived.set()

    async def finish(self, seconds: float) -> None:
        """Ends after what is being handled now, or gives that up when the time is over."""
        self._stopping = True
        self._arrived.set()
        await asyncio.wait({self._task}, timeout=seconds)
        await self.abandon()

    async def abandon(self) -> None:
        """Ends at once: the handler is cancelled and what it did in a transaction undone."""
        self._task.cancel()
        await asyncio.wait({self._task})
        self._age.set(0)

    def raise_failure(self) -> None:
        """Raises what ended the work here, if something did: nothing is handled any more then."""
        if self._task.done() and not self._task.cancelled():
            failure = self._task.exception()
            if failure is not None:
                raise failure

    async def _work(self) -> None:
        while not self._stopping:
            if not self._waiting:
                self._age.set(0)
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if self._batches is None:
                await self._one(self._waiting.popleft())
            else:
                size = min(len(self._waiting), MAX_BATCH)
                await self._many([self._waiting.popleft() for _ in range(size)], self._batches)

    async def _one(self, received: Received) -> None:
        try:
            event = self._event(received)
            handler = self._handlers(event.type)
            if handler is None:
                self._count_skipped()
            else:
                await self._try(partial(handler, event), [event])
        except Undecodable as poison:
            await self._move_to_dead_letters(received, poison)
        except _RetriesExhausted as given_up:
            await self._move_to_dead_letters(received, given_up.cause)
        self.handled = received.offset + 1

    async def _many(self, batch: Sequence[Received], handler: BatchHandler) -> None:
        readable: list[tuple[Received, Event]] = []
        for received in batch:
            try:
                readable.append((received, self._event(received)))
            except Undecodable as poison:
                await self._move_to_dead_letters(received, poison)
        events = [event for _, event in readable]
        if len(events) > 1:
            try:
                # The first error splits the batch: whatever one of them causes, and however often
                # it would have to be tried, the others do not wait for it.
                await self._try(partial(handler, events), events, attempts_at_most=1)
                readable = []
            except (Undecodable, _RetriesExhausted):
                self._count(events, "split")
        for received, event in readable:
            try:
                await self._try(partial(handler, [event]), [event])
            except Undecodable as poison:
                await self._move_to_dead_letters(received, poison)
            except _RetriesExhausted as given_up:
                await self._move_to_dead_letters(received, given_up.cause)
            self.handled = received.offset + 1
        self.handled = batch[-1].offset + 1

    def _event(self, received: Received) -> Event:
        """Raises Undecodable for what is no event of the past or of now."""
        event = Event.from_record(received.record)
        if event.time > self._clock.now() + AHEAD:
            raise Undecodable(f"the time {event.time.isoformat()} is of the future")
        return event

    async def _try(
        self,
        handle: Callable[[], Awaitable[None]],
        events: Sequence[Event],
        *,
        attempts_at_most: int = ATTEMPTS,
    ) -> None:
        """Handles, again and again while what fails may pass. Raises Undecodable or
        _RetriesExhausted.

        Several events at once wait only so often for what may pass, too: one of them could be what
        takes too long.
        """
        oldest = events[0]
        backoff = Backoff(*_PAUSE_SECONDS)
        attempts = postponed = 0
        while True:
            self._age.set((self._clock.now() - oldest.time).total_seconds())
            try:
                with (
                    telemetry.consuming(
                        [(event.type, event.traceparent) for event in events],
                        attributes=self._span_attributes,
                    ),
                    deadline.within(HANDLER_TIMEOUT_SECONDS),
                ):
                    await handle()
                break
            except Undecodable:
                raise
            except TRANSIENT_ERRORS as error:
                logger().warning("event_postponed", **self._described(oldest), error=repr(error))
                self._count(events, "postponed")
                postponed += 1
                if len(events) > 1 and postponed >= ATTEMPTS:
                    raise _RetriesExhausted(error) from error
            except Exception as error:
                attempts += 1
                if attempts >= attempts_at_most:
                    raise _RetriesExhausted(error) from error
                logger().warning("event_failed", **self._described(oldest), error=repr(error))
                self._count(events, "failed")
            await backoff.wait()
        self._count(events, "handled")
        now = self._clock.now()
        for event in events:
            self._delay.observe((now - event.time).total_seconds())

    async def _move_to_dead_letters(self, received: Received, cause: Exception) -> None:
        # The reason may contain invalid text of the event.
        reason = f"{type(cause).__name__}: {cause}".encode(errors="replace").decode()
        logger().error(
            "event_dead_lettered",
            group=self._group,
            topic=self.topic,
            partition=self.number,
            offset=received.offset,
            reason=reason,
            exc_info=cause,
        )
        backoff = Backoff(*_PAUSE_SECONDS)
        while True:
            try:
                await self._dead_letter(received.record, self.number, received.offset, reason)
                outcome = "dead-lettered"
                break
            except Unavailable:
                await backoff.wait()
            except Exception as refused:
                # It is still where it came from, for as long as the topic keeps it; the log names
                # the place. To wait here would stop all that follows.
                logger().error(
                    "event_not_dead_lettered",
                    group=self._group,
                    topic=self.topic,
                    partition=self.number,
                    offset=received.offset,
                    exc_info=refused,
                )
                outcome = "dropped"
                break
        _handled.labels(self._group, "", outcome).inc()

    def _described(self, event: Event) -> dict[str, str]:
        return {"group": self._group, "type": event.type, "event_id": str(event.event_id)}

    def _count_skipped(self) -> None:
        # Under no name of a type: anybody's records could make endless many of them.
        _handled.labels(self._group, "", "skipped").inc()

    def _count(self, events: Sequence[Event], outcome: str) -> None:
        for event in events:
            counter = self._counters.get((event.type, outcome))
            if counter is None:
                counter = _handled.labels(self._group, event.type, outcome)
                self._counters[event.type, outcome] = counter
            counter.inc()


class _RetriesExhausted(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause
