"""Worker numbers: one holder at a time, and no id of one holder is made again by the next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime import ids
from services.chassis.runtime.clock import ManualClock, SystemClock
from services.chassis.runtime.ids import ClockWentBack, IdGenerator, WorkerLost
from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database, DatabaseUnavailable
from services.chassis.storage.worker_lease import NoWorkerIdAvailable, WorkerLease, lease_worker
from tests.engines import Engines
from tests.waiting import LIMIT


@pytest.fixture
async def leases(database: Callable[[str], str]) -> AsyncIterator[Database]:
    async with postgres.connect(database("chassis")) as connected:
        yield connected


def holder(database: Database, clock: ManualClock, ttl: float = 30.0) -> WorkerLease:
    return WorkerLease(database=database, clock=clock, ttl=ttl)


def at(moment: datetime) -> ManualClock:
    return ManualClock(moment)


async def expire_all(database: Database) -> None:
    await database.execute("UPDATE worker_leases SET expire_time = now() - interval '1 s'")


async def test_processes_that_start_together_get_different_numbers(leases: Database) -> None:
    clock = ManualClock()
    holders = [holder(leases, clock) for _ in range(20)]

    await asyncio.gather(*(each.take() for each in holders))

    now = ids.milliseconds_at(clock.now())
    assert len({each.number(now) for each in holders}) == 20


async def test_there_are_sixty_four_numbers_and_no_more(leases: Database) -> None:
    for _ in range(64):
        await holder(leases, ManualClock()).take()

    with pytest.raises(NoWorkerIdAvailable):
        await holder(leases, ManualClock()).take()


async def test_process_that_starts_in_a_rolling_update_waits_for_a_number(leases: Database) -> None:
    holders = [holder(leases, ManualClock()) for _ in range(64)]
    for each in holders:
        await each.take()

    async def start() -> int:
        async with lease_worker(leases, clock=SystemClock(), start_seconds=LIMIT) as lease:
            return lease.number(0)

    starting = asyncio.create_task(start())
    refused, _ = await asyncio.wait({starting}, timeout=0.2)
    await holders[5].release()

    assert not refused
    assert await starting == 5


async def test_process_that_finds_no_number_says_which_limit_it_met(leases: Database) -> None:
    for _ in range(64):
        await holder(leases, ManualClock()).take()

    with pytest.raises(NoWorkerIdAvailable, match=r"All 64 worker numbers .* fewer replicas"):
        async with lease_worker(leases, clock=SystemClock(), start_seconds=0.1):
            pass


async def test_metric_counts_the_numbers_that_are_taken(leases: Database) -> None:
    first, second = (holder(leases, ManualClock()) for _ in range(2))
    await first.take()
    await second.take()
    counted = REGISTRY.get_sample_value("roost_worker_leases_taken")
    await first.release()
    await second.renew()

    assert (counted, REGISTRY.get_sample_value("roost_worker_leases_taken")) == (2, 1)


async def test_metric_shows_how_long_the_number_is_good(leases: Database) -> None:
    clock = ManualClock()
    before = remaining()
    async with lease_worker(leases, clock=clock) as lease:
        taken = remaining()
        clock.advance(26.0)
        late = remaining()
        clock.advance(2.0)
        over = remaining()
        await lease.renew()
        renewed = remaining()

    assert before in {None, 0.0}
    assert (taken, late, over, renewed) == (27.0, 1.0, 0.0, 27.0)
    assert remaining() == 0.0
    assert REGISTRY.get_sample_value("roost_worker_leases_max") == ids.WORKERS


def remaining() -> float | None:
    return REGISTRY.get_sample_value("roost_worker_lease_remaining_seconds")


async def test_count_that_cannot_be_read_takes_no_number_away(
    leases: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(leases, "fetchval", away)
    lease = holder(leases, clock := ManualClock())

    await lease.take()

    assert lease.number(ids.milliseconds_at(clock.now())) in range(64)


async def test_number_is_free_at_once_when_it_is_given_back(leases: Database) -> None:
    for _ in range(63):
        await holder(leases, ManualClock()).take()

    for _ in range(3):
        async with lease_worker(leases, clock=ManualClock()) as lease:
            assert lease.number(0) in range(64)


async def test_successor_with_a_slower_clock_makes_no_id_again(leases: Database) -> None:
    for _ in range(63):
        await holder(leases, ManualClock()).take()
    clock = ManualClock()
    slower = at(clock.now() - timedelta(milliseconds=800))

    async with lease_worker(leases, clock=clock) as lease:
        generator = IdGenerator(clock=clock, worker=lease)
        made = {await generator.make(1) for _ in range(100)}

    async def wait(seconds: float) -> None:
        slower.advance(seconds)

    async with lease_worker(leases, clock=slower) as lease:
        generator = IdGenerator(clock=slower, worker=lease, sleep=wait)
        later = {await generator.make(1) for _ in range(100)}

    assert min(later) > max(made)


async def test_successor_of_a_dead_holder_starts_after_all_that_it_could_have_made(
    leases: Database,
) -> None:
    clock = ManualClock()
    for _ in range(64):
        await holder(leases, clock).take()
    await expire_all(leases)
    successor = holder(leases, clock)

    await successor.take()

    with pytest.raises(ClockWentBack):
        await IdGenerator(clock=clock, worker=successor).make(1)
    clock.advance(31)
    await successor.renew()
    assert await IdGenerator(clock=clock, worker=successor).make(1) > 0


async def test_lease_that_is_not_renewed_stops_ids_before_it_ends(leases: Database) -> None:
    clock = ManualClock()
    lease = holder(leases, clock, ttl=30.0)
    await lease.take()
    generator = IdGenerator(clock=clock, worker=lease)
    await generator.make(1)

    clock.advance(28)

    with pytest.raises(WorkerLost):
        await generator.make(1)
    await lease.renew()
    assert await generator.make(1) > 0


async def test_holder_whose_number_was_taken_gets_another_one(leases: Database) -> None:
    clock = ManualClock()
    slow = holder(leases, clock)
    await slow.take()
    now = ids.milliseconds_at(clock.now())
    first = slow.number(now)
    await leases.execute(
        "UPDATE worker_leases SET holder = gen_random_uuid() WHERE worker = $1", first
    )

    await slow.renew()

    assert slow.number(now) != first


async def test_ids_stop_and_resume_around_an_absence_of_the_database(
    engines: Engines, leases: Database
) -> None:
    clock = ManualClock()
    async with lease_worker(leases, clock=clock, ttl=0.6) as lease:
        generator = IdGenerator(clock=clock, worker=lease)
        await generator.make(1)

        engines.stop("postgres")
        clock.advance(1)
        with pytest.raises(WorkerLost):
            await generator.make(1)
        engines.start("postgres")

        async with asyncio.timeout(LIMIT):
            while True:
                try:
                    await generator.make(1)
                    break
                except WorkerLost:
                    await asyncio.sleep(0.05)
