"""A periodic job repeats its act, survives transient errors, and fails on any other."""

import asyncio

import pytest
import structlog

from services.chassis.runtime.errors import Conflict, DeadlineExceeded, Unavailable
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import name_of
from tests.waiting import eventually


class Act:
    """Raises these errors, one a run; counts its runs."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)


async def test_act_is_repeated_until_the_job_is_cancelled() -> None:
    act = Act()
    job = asyncio.ensure_future(every(0.001, "counting", act)())

    await eventually(lambda: act.runs >= 3)
    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job


async def test_transient_errors_are_logged_and_the_act_runs_again() -> None:
    act = Act(Unavailable(), DeadlineExceeded(), Conflict(), TimeoutError(), ConnectionError())
    with structlog.testing.capture_logs() as logs:
        job = asyncio.ensure_future(every(0.001, "counting", act)())
        await eventually(lambda: act.runs >= 7)
        job.cancel()

    postponed = [each for each in logs if each["event"] == "periodic_job_postponed"]
    assert [each["job"] for each in postponed] == ["counting"] * 5


async def test_other_errors_end_the_job_for_its_supervisor() -> None:
    act = Act(ValueError("broken row"))

    with pytest.raises(ValueError, match="broken row"):
        await every(0.001, "counting", act)()

    assert act.runs == 1


async def test_first_run_can_wait_one_interval() -> None:
    act = Act()
    job = asyncio.ensure_future(every(3600.0, "counting", act, wait_first=True)())

    for _ in range(5):
        await asyncio.sleep(0)

    assert act.runs == 0
    job.cancel()


def test_job_has_its_name_in_logs_and_metrics() -> None:
    assert name_of(every(1.0, "prune_sessions", Act())) == "prune_sessions"
