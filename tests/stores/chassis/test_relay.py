"""The relay publishes what was committed, in order, and loses nothing whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime import telemetry
from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres, relay
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.relay import Relay
from tests.engines import Engines
from tests.stores.chassis.relays import Broker, is_empty, relaying, write
from tests.waiting import LIMIT, eventually

RECORDED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOT_RECORDED = RECORDED[:-1] + "0"


@pytest.fixture
async def outbox(database: Callable[[str], str]) -> AsyncIterator[Database]:
    async with postgres.connect(database("chassis")) as connected:
        yield connected


async def test_events_are_published_in_order_and_leave_the_outbox(outbox: Database) -> None:
    broker = Broker()
    await write(outbox, "a", "b")

    async with relaying(outbox, broker):
        await write(outbox, "c")
        await eventually(lambda: len(broker.log) == 3)
        await eventually(lambda: is_empty(outbox))

    assert broker.keys == ["a", "b", "c"]


async def test_row_that_the_broker_never_takes_is_set_aside_and_those_behind_it_go_on(
    outbox: Database,
) -> None:
    broker = Broker()
    broker.never_takes = {"poison"}
    before = REGISTRY.get_sample_value("roost_outbox_refused_total") or 0.0
    await write(outbox, "a", "poison", "b", "poison")

    async with relaying(outbox, broker):
        await write(outbox, "c")
        await eventually(lambda: is_empty(outbox))

    aside = await outbox.fetch("SELECT key, payload, reason FROM outbox_refused ORDER BY id")
    assert broker.keys == ["a", "b", "c"]
    assert [tuple(row) for row in aside] == [("poison", b"p", "too large")] * 2
    assert (REGISTRY.get_sample_value("roost_outbox_refused_total") or 0.0) - before == 2


async def test_what_is_written_within_the_pace_goes_along(outbox: Database) -> None:
    broker = Broker()

    async with relaying(outbox, broker, pace_seconds=(1.0, 1.0)):
        await write(outbox, "at once")
        await eventually(lambda: len(broker.log) == 1)
        for key in ("b", "c", "d"):
            await write(outbox, key)
        await eventually(lambda: len(broker.log) == 4)

    assert broker.batches == [1, 3]


async def test_commit_wakes_the_relay_at_once(
    outbox: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "IDLE_SECONDS", 3600.0)
    broker = Broker()
    async with relaying(outbox, broker):
        await write(outbox, "a")
        await eventually(lambda: broker.keys == ["a"])

        await write(outbox, "b")
        await eventually(lambda: broker.keys == ["a", "b"])


async def test_rolled_back_events_are_never_published(outbox: Database) -> None:
    broker = Broker()

    async def fail() -> None:
        async with outbox.transaction(PostgresTransaction) as transaction:
            await transaction.publish(OutboxMessage(topic="t", key="no", type="x", payload=b""))
            raise KeyError

    async with relaying(outbox, broker):
        with pytest.raises(KeyError):
            await fail()
        await write(outbox, "yes")
        await eventually(lambda: bool(broker.log))

    assert broker.keys == ["yes"]


async def test_failed_delivery_is_repeated_from_the_first_event_that_is_not_safe(
    outbox: Database,
) -> None:
    broker = Broker()
    broker.takes = [2, 0]
    await write(outbox, "a", "b", "c", "d")

    async with relaying(outbox, broker):
        await eventually(lambda: is_empty(outbox))

    assert broker.keys == ["a", "b", "c", "d"]


async def test_backlog_goes_out_in_batches(outbox: Database) -> None:
    broker = Broker()
    await write(outbox, *(str(number) for number in range(25)))

    async with relaying(outbox, broker, batch=10):
        await eventually(lambda: is_empty(outbox))

    assert broker.batches == [10, 10, 5]
    assert broker.keys == [str(number) for number in range(25)]


async def test_job_runs_in_the_process_of_the_active_relay_alone_and_then_in_the_next(
    outbox: Database,
) -> None:
    runs: list[str] = []

    def job(name: str, running: Relay) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            runs.append(name)

        return running.while_leading(act)

    async with relaying(outbox, Broker()) as leader:
        await job("leader", leader)()
        async with relaying(outbox, Broker()) as follower:
            waiting = asyncio.create_task(job("follower", follower)())
            await job("leader", leader)()
            assert (runs, follower.leading) == (["leader", "leader"], False)

            await outbox.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                "AND granted AND database = (SELECT oid FROM pg_database "
                "WHERE datname = current_database())"
            )
            again = asyncio.create_task(job("leader", leader)())
            done, left = await asyncio.wait(
                {waiting, again}, timeout=LIMIT, return_when=asyncio.FIRST_COMPLETED
            )
            for each in left:
                each.cancel()

    assert done
    assert len(runs) >= 3


async def test_only_one_relay_leads_and_another_takes_over_when_its_connection_dies(
    outbox: Database,
) -> None:
    first, second = Broker(), Broker()
    async with relaying(outbox, first) as leader:
        await eventually(lambda: leader.leading)
        async with relaying(outbox, second) as follower:
            await write(outbox, "a")
            await eventually(lambda: first.keys == ["a"])
            assert not follower.leading

            first.open.clear()
            await outbox.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
            await eventually(lambda: follower.leading or leader.leading)
            first.open.set()

            await write(outbox, "b")
            await eventually(lambda: (first.keys + second.keys).count("b") == 1)
            assert leader.leading != follower.leading


@pytest.mark.one_postgres("it stops the server")
async def test_relay_goes_on_when_the_database_is_back(engines: Engines, outbox: Database) -> None:
    broker = Broker()
    async with relaying(outbox, broker) as running:
        await eventually(lambda: running.leading)

        engines.stop("postgres")
        await eventually(lambda: not running.leading)
        engines.start("postgres")

        await write(outbox, "a")
        await eventually(lambda: broker.keys == ["a"])


async def test_time_of_the_broker_is_measured_for_each_batch_also_one_that_fails(
    outbox: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_PAUSE_SECONDS", (0.01, 0.01))
    broker = Broker()
    broker.takes = [1]
    await write(outbox, "a", "b")
    name = "roost_outbox_publish_seconds_count"
    before = REGISTRY.get_sample_value(name) or 0.0

    async with relaying(outbox, broker):
        await eventually(lambda: is_empty(outbox))

    assert (REGISTRY.get_sample_value(name) or 0.0) - before == len(broker.batches) == 2


async def test_recorded_event_goes_on_from_a_span_of_the_relay(outbox: Database) -> None:
    exporter, broker = InMemorySpanExporter(), Broker()
    telemetry.configure(service="test", ratio=0.0, exporter=exporter)
    try:
        with telemetry.joined(RECORDED):
            await write(outbox, "a")
        with telemetry.joined(NOT_RECORDED):
            await write(outbox, "b")
        async with relaying(outbox, broker):
            await eventually(lambda: is_empty(outbox))
    finally:
        telemetry.shutdown()
        telemetry.configure(service="test", ratio=0.0)

    (published,) = (
        each for each in exporter.get_finished_spans() if each.name.startswith("publish")
    )
    assert published.context is not None
    assert published.parent is not None
    first, second = broker.log
    assert first.traceparent == f"{RECORDED[:36]}{published.context.span_id:016x}-01"
    assert second.traceparent == NOT_RECORDED
    assert published.status.is_ok


async def test_span_of_a_batch_that_the_broker_did_not_take_has_failed(
    outbox: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_PAUSE_SECONDS", (0.01, 0.01))
    exporter, broker = InMemorySpanExporter(), Broker()
    broker.takes = [1]
    telemetry.configure(service="test", ratio=0.0, exporter=exporter)
    try:
        with telemetry.joined(RECORDED):
            await write(outbox, "a", "b")
        async with relaying(outbox, broker):
            await eventually(lambda: is_empty(outbox))
    finally:
        telemetry.shutdown()
        telemetry.configure(service="test", ratio=0.0)

    outcomes = [
        each.status.is_ok
        for each in exporter.get_finished_spans()
        if each.name.startswith("publish")
    ]
    assert sorted(outcomes) == [False, True, True]


def lag() -> float | None:
    return REGISTRY.get_sample_value("roost_outbox_lag_seconds")


async def test_lag_is_the_age_of_the_oldest_event_that_waits(
    database: Callable[[str], str],
) -> None:
    clock, broker = ManualClock(), Broker()
    broker.open.clear()

    async with (
        postgres.connect(database("chassis"), clock=clock) as outbox,
        relaying(outbox, broker),
    ):
        await write(outbox, "a")
        clock.advance(timedelta(seconds=42))
        await eventually(lambda: lag() == 42.0)

        broker.open.set()
        await eventually(lambda: lag() == 0.0)


@pytest.mark.one_postgres("it stops the server")
async def test_process_that_no_longer_leads_reports_no_lag(
    engines: Engines, database: Callable[[str], str]
) -> None:
    clock, broker = ManualClock(), Broker()
    broker.open.clear()

    async with (
        postgres.connect(database("chassis"), clock=clock) as outbox,
        relaying(outbox, broker),
    ):
        await write(outbox, "a")
        clock.advance(timedelta(seconds=42))
        await eventually(lambda: lag() == 42.0)

        engines.stop("postgres")
        try:
            await eventually(lambda: lag() == 0.0)
        finally:
            engines.start("postgres")
            broker.open.set()
        await eventually(lambda: broker.keys == ["a"])
