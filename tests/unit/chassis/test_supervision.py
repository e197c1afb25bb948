"""A job that fails is started again, counted and said to be down; the others do not notice."""

import asyncio
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime import supervision
from services.chassis.runtime.supervision import Supervisor, name_of
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PAUSE_SECONDS", (0.001, 0.01))


class GivenUp:
    def __init__(self) -> None:
        self.happened = asyncio.Event()

    def __call__(self) -> None:
        self.happened.set()


class Failing:
    """Fails with these, one a run, then runs for good."""

    def __init__(self, *failures: BaseException) -> None:
        self.runs = 0
        self.failures: Iterator[BaseException] = iter(failures)

    async def __call__(self) -> None:
        self.runs += 1
        for failure in self.failures:
            raise failure
        await asyncio.Event().wait()


class Counting:
    """A job that shows that it runs."""

    def __init__(self) -> None:
        self.runs = self.steps = 0

    async def __call__(self) -> None:
        self.runs += 1
        while True:
            self.steps += 1
            await asyncio.sleep(0)


def counted(name: str, job: str) -> float:
    return REGISTRY.get_sample_value(name, {"name": job}) or 0.0


async def test_job_that_fails_is_counted_and_started_again() -> None:
    job, gave_up = Failing(ValueError("one"), KeyError("two"), OSError("three")), GivenUp()
    supervisor = Supervisor(on_fatal=gave_up)
    before = counted("roost_job_failures_total", "fails")

    supervisor.start("fails", job)
    await eventually(lambda: job.runs == 4)
    await supervisor.end(1.0)

    assert counted("roost_job_failures_total", "fails") - before == 3
    assert not gave_up.happened.is_set()


async def test_crash_loop_of_one_job_stops_no_other() -> None:
    crashing = Failing(*[RuntimeError("again")] * 1_000_000)
    healthy = Counting()
    supervisor = Supervisor(on_fatal=GivenUp())

    supervisor.start("crashes", crashing)
    supervisor.start("works", healthy)
    await eventually(lambda: crashing.runs > 20)
    steps = healthy.steps
    await eventually(lambda: healthy.steps > steps)
    down = supervisor.down
    await supervisor.end(1.0)

    assert healthy.runs == 1
    assert down == ["crashes"]


async def test_job_is_down_until_it_has_run_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STEADY_SECONDS", 0.05)
    job = Failing(ValueError("once"))
    supervisor = Supervisor(on_fatal=GivenUp())

    supervisor.start("once", job)
    await eventually(lambda: supervisor.down == ["once"])
    was_down = counted("roost_job_down", "once")
    await eventually(lambda: supervisor.down == [])
    await supervisor.end(1.0)

    assert (was_down, counted("roost_job_down", "once")) == (1.0, 0.0)


async def test_job_that_returns_has_failed() -> None:
    runs = 0

    async def returns() -> None:
        nonlocal runs
        runs += 1

    supervisor = Supervisor(on_fatal=GivenUp())
    supervisor.start("returns", returns)
    await eventually(lambda: runs > 2)

    assert supervisor.down == ["returns"]
    await supervisor.end(1.0)


async def test_cancellation_inside_a_job_is_a_failure_of_it() -> None:
    job = Failing(asyncio.CancelledError())
    supervisor = Supervisor(on_fatal=GivenUp())

    supervisor.start("cancelled", job)
    await eventually(lambda: job.runs == 2)

    await supervisor.end(1.0)


async def test_used_up_memory_is_for_a_new_process() -> None:
    job, gave_up = Failing(MemoryError()), GivenUp()
    supervisor = Supervisor(on_fatal=gave_up)

    supervisor.start("hungry", job)
    await eventually(gave_up.happened.is_set)
    await supervisor.end(1.0)

    assert job.runs == 1


async def test_end_waits_for_what_is_under_way() -> None:
    finished = False

    async def finishing() -> None:
        nonlocal finished
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            finished = True

    supervisor = Supervisor(on_fatal=GivenUp())
    supervisor.start("finishes", finishing)
    await asyncio.sleep(0)
    await supervisor.end(60.0)

    assert finished


def test_jobs_are_called_by_their_functions() -> None:
    from functools import partial  # noqa: PLC0415

    from services.chassis.runtime import logs  # noqa: PLC0415

    assert name_of(partial(logs.configure, None)) == "logs.configure"
    assert name_of(Counting().__call__) == "Counting.__call__"
