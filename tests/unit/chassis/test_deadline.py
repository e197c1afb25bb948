"""Everything that a call awaits stays inside what its caller has left."""

import asyncio

import pytest

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded


def test_without_a_deadline_calls_take_their_own_default() -> None:
    assert deadline.remaining() is None
    assert deadline.budget(2.0) == 2.0


def test_budget_is_what_is_left_less_the_margin() -> None:
    with deadline.within(1.0):
        left = deadline.remaining()
        budget = deadline.budget(2.0, margin=0.25)

    assert left is not None
    assert 0.5 < left <= 1.0
    assert 0.25 < budget <= 0.75


def test_default_that_is_shorter_than_what_is_left_stands() -> None:
    with deadline.within(60.0):
        assert deadline.budget(2.0) == 2.0


def test_call_that_nobody_would_wait_for_is_not_made() -> None:
    with deadline.within(0.0):
        assert deadline.remaining() == 0.0
        with pytest.raises(DeadlineExceeded):
            deadline.budget(2.0)


def test_inner_deadline_narrows_and_never_widens() -> None:
    with deadline.within(1.0):
        with deadline.within(60.0):
            assert deadline.budget(100.0) <= 1.0
        with deadline.within(0.1):
            assert deadline.budget(100.0) <= 0.1
        assert deadline.budget(100.0) > 0.5


def test_work_that_outlives_its_call_is_unbounded() -> None:
    with deadline.within(0.0), deadline.none():
        assert deadline.remaining() is None


async def test_deadline_of_one_task_is_not_that_of_another() -> None:
    async def hurried() -> float | None:
        deadline.begin(0.5)
        return deadline.remaining()

    left = await asyncio.create_task(hurried())

    assert left is not None
    assert deadline.remaining() is None
