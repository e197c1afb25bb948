"""Events of one partition: in order, retried while that may help, then a dead letter."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from prometheus_client import REGISTRY

from services.chassis.events.bus import RecordsRefused, Routes, partition
from services.chassis.events.bus.partition import Partition, Received
from services.chassis.events.records import Event, OutboxMessage, Record
from services.chassis.events.routes import BatchHandler, Handler
from services.chassis.runtime import telemetry
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from tests.waiting import eventually

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POISON = Record("t", b"k", b"v", [("type", b"x")])


def said(text: str, traceparent: str | None = None) -> Record:
    message = OutboxMessage.of(topic="t", key=1, body=StringValue(value=text))
    return Event.from_message(message, time=NOW, traceparent=traceparent).to_record()


def received(*records: Record) -> list[Received]:
    return [Received(record, offset) for offset, record in enumerate(records)]


class Parking:
    """Keeps dead letters; refuses the first few if so configured."""

    def __init__(self, refusals: int = 0) -> None:
        self.dead_letter_topic: list[tuple[Record, str]] = []
        self._refusals = refusals

    async def dead_letter(self, record: Record, number: int, offset: int, reason: str) -> None:
        if self._refusals:
            self._refusals -= 1
            raise Unavailable
        self.dead_letter_topic.append((record, reason))


@asynccontextmanager
async def working(
    *,
    handlers: Callable[[str], Handler | None] = lambda _: None,
    batches: BatchHandler | None = None,
    parking: Parking | None = None,
) -> AsyncIterator[Partition]:
    made = Partition(
        topic="t",
        number=0,
        group="g",
        handlers=handlers,
        batches=batches,
        dead_letter=(parking or Parking()).dead_letter,
        clock=ManualClock(NOW),
    )
    try:
        yield made
    finally:
        await made.abandon()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "_PAUSE_SECONDS", (0.0001, 0.001))


def counted(outcome: str) -> float:
    labels = {"group": "g", "type": "", "outcome": outcome}
    return REGISTRY.get_sample_value("roost_events_handled_total", labels) or 0.0


class Listener:
    """Records events; fails with the given errors, one a call."""

    def __init__(self, *errors: Exception) -> None:
        self.handled_values: list[str] = []
        self.traces: list[str | None] = []
        self._errors = list(errors)

    async def handle(self, event: Event, body: StringValue) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.handled_values.append(body.value)
        self.traces.append(telemetry.traceparent())

    @property
    def routes(self) -> Routes:
        made = Routes()
        made.on(StringValue, self.handle)
        return made


async def test_events_are_handled_in_order_and_counted_as_handled() -> None:
    listener = Listener()
    async with working(handlers=listener.routes) as work:
        work.accept(received(said("a"), said("b")))
        work.accept([Received(said("c"), 2)])

        await eventually(lambda: work.handled == 3)

    assert listener.handled_values == ["a", "b", "c"]


async def test_event_is_handled_inside_the_trace_that_caused_it() -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    listener = Listener()
    async with working(handlers=listener.routes) as work:
        work.accept(received(said("a", traceparent)))

        await eventually(lambda: work.handled == 1)

    assert listener.traces == [traceparent]


async def test_error_that_passes_is_waited_out_and_nothing_overtakes() -> None:
    listener = Listener(*[Unavailable()] * (partition.ATTEMPTS * 3))
    parking = Parking()
    async with working(handlers=listener.routes, parking=parking) as work:
        work.accept(received(said("a"), said("b")))

        await eventually(lambda: work.handled == 2)

    assert listener.handled_values == ["a", "b"]
    assert parking.dead_letter_topic == []


async def test_event_that_always_fails_is_a_dead_letter_and_the_next_one_handled() -> None:
    listener = Listener(*[KeyError("gone")] * partition.ATTEMPTS)
    parking = Parking(refusals=2)
    bad = said("a")
    async with working(handlers=listener.routes, parking=parking) as work:
        work.accept(received(bad, said("b")))

        await eventually(lambda: work.handled == 2)

    assert listener.handled_values == ["b"]
    assert parking.dead_letter_topic == [(bad, "KeyError: 'gone'")]


async def test_record_that_is_no_event_is_a_dead_letter_at_once() -> None:
    listener = Listener()
    parking = Parking()
    unreadable = said("a")._replace(value=b"\xff")
    async with working(handlers=listener.routes, parking=parking) as work:
        work.accept(received(POISON, unreadable, said("b")))

        await eventually(lambda: work.handled == 3)

    assert listener.handled_values == ["b"]
    assert [record for record, _ in parking.dead_letter_topic] == [POISON, unreadable]


async def test_type_that_nobody_handles_is_skipped() -> None:
    routes = Routes()
    listener = Listener()
    routes.on(Int64Value, listener.handle)  # type: ignore[arg-type]
    async with working(handlers=routes) as work:
        work.accept(received(said("a")))

        await eventually(lambda: work.handled == 1)

    assert listener.handled_values == []


async def test_batch_holds_all_that_waits_in_order() -> None:
    batches: list[list[str]] = []

    async def handle(events: Sequence[Event]) -> None:
        batches.append([StringValue.FromString(event.payload).value for event in events])

    async with working(batches=handle) as work:
        work.accept(received(said("a"), POISON, said("b"), said("c")))

        await eventually(lambda: work.handled == 4)

    assert batches == [["a", "b", "c"]]


async def test_only_the_event_to_blame_of_a_batch_is_a_dead_letter() -> None:
    handled: list[str] = []
    parking = Parking()

    async def handle(events: Sequence[Event]) -> None:
        texts = [StringValue.FromString(event.payload).value for event in events]
        if "bad" in texts:
            raise ValueError("cannot")
        handled.extend(texts)

    async with working(batches=handle, parking=parking) as work:
        work.accept(received(said("a"), POISON, said("bad"), said("c")))

        await eventually(lambda: work.handled == 4)

    assert handled == ["a", "c"]
    assert [reason for _, reason in parking.dead_letter_topic] == [
        "Undecodable: the header 'time' is missing",
        "ValueError: cannot",
    ]


async def test_neighbours_of_a_poisoned_event_do_not_wait_for_its_attempts() -> None:
    calls: list[list[str]] = []

    async def handle(events: Sequence[Event]) -> None:
        texts = [StringValue.FromString(event.payload).value for event in events]
        calls.append(texts)
        if "bad" in texts:
            raise ValueError("cannot")

    async with working(batches=handle) as work:
        work.accept(received(said("a"), said("b"), said("bad")))

        await eventually(lambda: work.handled == 3)

    assert calls == [["a", "b", "bad"], ["a"], ["b"], *[["bad"]] * partition.ATTEMPTS]


async def test_batch_that_never_succeeds_together_is_split_though_its_error_may_pass() -> None:
    handled: list[str] = []

    async def handle(events: Sequence[Event]) -> None:
        if len(events) > 1:
            raise DeadlineExceeded
        handled.extend(StringValue.FromString(event.payload).value for event in events)

    async with working(batches=handle) as work:
        work.accept(received(said("a"), said("b")))

        await eventually(lambda: work.handled == 2)

    assert handled == ["a", "b"]


async def test_record_that_cannot_be_a_dead_letter_blocks_no_other() -> None:
    listener = Listener()

    async def refuse(record: Record, number: int, offset: int, reason: str) -> None:
        raise RecordsRefused({0: "too large"})

    parking = Parking()
    parking.dead_letter = refuse  # type: ignore[method-assign]
    before = counted("dropped")
    async with working(handlers=listener.routes, parking=parking) as work:
        work.accept(received(POISON, said("b")))

        await eventually(lambda: work.handled == 2)

    assert listener.handled_values == ["b"]
    assert counted("dropped") - before == 1


async def test_reason_is_text_whatever_was_wrong() -> None:
    listener = Listener(*[ValueError("\ud800")] * partition.ATTEMPTS)
    parking = Parking()
    before = counted("dead-lettered")
    async with working(handlers=listener.routes, parking=parking) as work:
        work.accept(received(said("a")))

        await eventually(lambda: work.handled == 1)

    assert [reason for _, reason in parking.dead_letter_topic] == ["ValueError: ?"]
    assert counted("dead-lettered") - before == 1


async def test_work_that_ended_by_a_mistake_of_ours_is_no_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def mistake(*_: object) -> None:
        raise TypeError("ours")

    monkeypatch.setattr(Partition, "_one", mistake)
    async with working() as work:
        work.raise_failure()
        work.accept(received(said("a")))

        await eventually(work._task.done)
        with pytest.raises(TypeError):
            work.raise_failure()


async def test_finishing_ends_after_the_event_at_hand() -> None:
    listener = Listener()
    async with working(handlers=listener.routes) as work:
        work.accept(received(said("a")))
        await eventually(lambda: work.handled == 1)

        await work.finish(1.0)
        work.accept([Received(said("b"), 1)])

    assert listener.handled_values == ["a"]
    assert work.handled == 1


async def test_finishing_gives_up_what_takes_too_long() -> None:
    async with working(handlers=Listener(*[Unavailable()] * 1_000_000).routes) as work:
        work.accept(received(said("a")))

        await work.finish(0.05)

    assert work.handled is None
