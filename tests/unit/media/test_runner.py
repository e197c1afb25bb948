"""Leases are renewed while a job runs, and a job without a lease is stopped."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.chassis.runtime.errors import Unavailable
from services.media.domain.model import MediumState
from services.media.domain.processing import Kind
from services.media.worker import runner
from services.media.worker.runner import LEASE, Lane, Runner, lanes
from tests.builders.media_worker import World
from tests.waiting import LIMIT, eventually


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_PROGRESS_SECONDS", "_POLL_SECONDS", "_TROUBLE_SECONDS"):
        monkeypatch.setattr(runner, name, 0.01)


@pytest.fixture
def started(world: World) -> asyncio.Event:
    """The program runs until it is stopped."""
    world.program.started = asyncio.Event()
    return world.program.started


async def end(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_progress_is_written_while_a_job_runs(world: World, started: asyncio.Event) -> None:
    medium = await world.uploaded()
    running = asyncio.create_task(world.worker.process())

    async def is_written() -> bool:
        return (await world.current(medium)).progress == 40

    await eventually(is_written)
    await end(running)


async def test_lease_is_renewed_while_a_job_runs(world: World, started: asyncio.Event) -> None:
    await world.uploaded()
    running = asyncio.create_task(world.worker.process())
    await started.wait()

    for _ in range(4):
        world.clock.advance(20)
        expected = world.clock.now() + LEASE

        def is_renewed(expected: object = expected) -> bool:
            (job,) = world.store.database.tables.jobs.values()  # type: ignore[attr-defined]
            return bool(job.lease_end == expected)

        await eventually(is_renewed)

    assert not running.done()
    await end(running)


async def test_job_is_stopped_when_its_lease_is_lost(world: World, started: asyncio.Event) -> None:
    medium = await world.uploaded()
    running = asyncio.create_task(world.worker.process())
    await started.wait()

    await world.worker.audiences.account_deleted(world.alice, world.clock.now())
    world.clock.advance(20)

    await asyncio.wait_for(running, LIMIT)
    assert await world.find(medium) is None


async def test_job_is_stopped_before_a_lease_that_cannot_be_renewed_ends(
    world: World, started: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    await world.uploaded()
    running = asyncio.create_task(world.worker.process())
    await started.wait()
    monkeypatch.setattr(world.store, "renew_job", away)

    world.clock.advance(LEASE - timedelta(seconds=10))

    await asyncio.wait_for(running, LIMIT)


async def test_stopped_worker_returns_its_jobs_without_counting_the_try(
    world: World, started: asyncio.Event
) -> None:
    medium = await world.uploaded()
    for _ in range(5):
        started.clear()
        running = asyncio.create_task(world.worker.process())
        await started.wait()
        await end(running)

    world.program.started = None
    assert await world.worker.process()
    assert (await world.current(medium)).state is MediumState.READY


async def test_lane_runs_as_many_jobs_as_it_has_slots(world: World, started: asyncio.Event) -> None:
    for _ in range(3):
        await world.uploaded()
    both = Runner(
        store=world.store,
        processing=world.worker.processing,
        clock=world.clock,
        lanes=[Lane("pictures", (Kind.PICTURE,), 2), Lane("recordings", (Kind.VIDEO,), 1)],
    )

    running = asyncio.create_task(both.run())

    await eventually(lambda: world.program.runs == 2)
    # A free slot is filled at each poll: some polls pass.
    for _ in range(20):
        await asyncio.sleep(0)
    assert world.program.runs == 2
    await end(running)


async def test_lanes_do_not_wait_for_each_other(world: World, started: asyncio.Event) -> None:
    medium = await world.uploaded()
    other = Runner(
        store=world.store,
        processing=world.worker.processing,
        clock=world.clock,
        lanes=[Lane("recordings", (Kind.VIDEO,), 1), Lane("pictures", (Kind.PICTURE,), 1)],
    )

    running = asyncio.create_task(other.run())

    await started.wait()
    assert (await world.current(medium)).state is MediumState.PROCESSING
    await end(running)


async def test_runner_goes_on_after_the_database_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    medium = await world.uploaded()
    lease, calls = world.store.lease_job, []

    async def fails_once(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == 1:
            raise Unavailable
        return await lease(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "lease_job", fails_once)
    running = asyncio.create_task(world.worker.runner.run())

    async def is_ready() -> bool:
        return (await world.current(medium)).state is MediumState.READY

    await eventually(is_ready)
    await end(running)


def test_machine_of_two_cores_runs_two_pictures_and_one_recording() -> None:
    assert [(each.name, each.slots) for each in lanes(2)] == [("pictures", 2), ("recordings", 1)]
    assert [each.slots for each in lanes(1)] == [1, 1]
    assert {kind for each in lanes() for kind in each.kinds} == set(Kind)
