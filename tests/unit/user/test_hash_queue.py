"""The order of password hashes, and which are refused for lack of time."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.user.domain.errors import PasswordPoolBusy
from services.user.domain.hash_queue import (
    MARGIN,
    HashQueue,
    HashRequest,
    PriorityClass,
)
from tests.waiting import eventually

LONG = 3600.0


class Workers:
    """Hashes that end when the test says so, and the order in which they began."""

    def __init__(self, count: int, *, waiting: int = 32, seconds: float = 1.0) -> None:
        self.pool = ThreadPoolExecutor(count)
        self.queue = HashQueue(self.pool, workers=count, waiting=waiting, seconds=seconds)
        self.began: list[str] = []
        self._gates: dict[str, threading.Event] = {}

    def run(
        self,
        name: str,
        priority: PriorityClass = PriorityClass.SIGN_IN,
        owner: str = "",
        left: float | None = None,
    ) -> "asyncio.Task[str]":
        self._gates[name] = threading.Event()
        running = self.queue.run(self._work(name), HashRequest(priority, owner), left=left)
        return asyncio.create_task(running, name=name)

    def _work(self, name: str) -> Callable[[], str]:
        def work() -> str:
            self.began.append(name)
            self._gates[name].wait(60)
            return name

        return work

    async def finish(self, name: str) -> None:
        """Lets a hash end, and waits until as many run as before or none waits."""
        await eventually(lambda: name in self.began, limit=60)
        before = self.queue.jobs
        self._gates[name].set()
        await eventually(lambda: self.queue.jobs < before, limit=60)

    async def finish_all(self) -> None:
        while self.queue.jobs:
            for gate in self._gates.values():
                gate.set()
            await asyncio.sleep(0)

    def close(self) -> None:
        for gate in self._gates.values():
            gate.set()
        self.pool.shutdown(wait=True)


@pytest.fixture
def one() -> Iterator[Workers]:
    workers = Workers(1)
    yield workers
    workers.close()


@pytest.fixture
def two() -> Iterator[Workers]:
    workers = Workers(2)
    yield workers
    workers.close()


async def order(workers: Workers, tasks: "list[asyncio.Task[Any]]") -> list[str]:
    await workers.finish_all()
    await asyncio.gather(*tasks)
    return workers.began


async def test_owners_take_turns(one: Workers) -> None:
    tasks = [one.run("first")]
    await asyncio.sleep(0)
    tasks += [one.run(f"flood{n}", owner="attacker") for n in range(6)]
    tasks += [one.run("a", owner="alice"), one.run("b", owner="bob")]
    await asyncio.sleep(0)

    assert await order(one, tasks) == [
        "first", "flood0", "a", "b", "flood1", "flood2", "flood3", "flood4", "flood5",
    ]  # fmt: skip


async def test_sign_ins_go_before_other_hashes_three_to_one(one: Workers) -> None:
    tasks = [one.run("first", PriorityClass.OTHER)]
    await asyncio.sleep(0)
    tasks += [one.run(f"other{n}", PriorityClass.OTHER) for n in range(3)]
    tasks += [one.run(f"in{n}") for n in range(7)]
    await asyncio.sleep(0)

    assert await order(one, tasks) == [
        "first", "in0", "in1", "in2", "other0", "in3", "in4", "in5", "other1", "in6", "other2",
    ]  # fmt: skip


async def test_other_hashes_have_at_most_half_of_the_workers(two: Workers) -> None:
    tasks = [two.run(f"other{n}", PriorityClass.OTHER) for n in range(4)]
    await eventually(lambda: two.began == ["other0"], limit=60)
    tasks.append(two.run("in0"))
    await eventually(lambda: two.began == ["other0", "in0"], limit=60)

    assert await order(two, tasks) == ["other0", "in0", "other1", "other2", "other3"]


async def test_what_would_not_be_finished_in_time_is_refused_at_once(one: Workers) -> None:
    tasks = [one.run(f"in{n}", left=LONG) for n in range(3)]
    await asyncio.sleep(0)

    late = one.run("late", left=3.5 + MARGIN)
    with pytest.raises(PasswordPoolBusy) as caught:
        await late
    tasks.append(one.run("patient", left=4.5 + MARGIN + LONG))

    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1
    assert "late" not in await order(one, tasks)


async def test_an_owner_with_few_jobs_waits_for_as_few_of_anothers(one: Workers) -> None:
    tasks = [one.run(f"flood{n}", owner="attacker", left=LONG) for n in range(20)]
    await asyncio.sleep(0)

    # One job runs, and one of the attacker goes before.
    alice = one.run("alice", owner="alice", left=3.5 + MARGIN)
    more = one.run("more", owner="attacker", left=3.5 + MARGIN)
    with pytest.raises(PasswordPoolBusy):
        await more

    assert not alice.done()
    alice.cancel()
    await order(one, tasks)


async def test_nothing_is_hashed_for_a_caller_whose_deadline_has_passed(one: Workers) -> None:
    first = one.run("first")
    await eventually(lambda: one.began == ["first"], limit=60)
    # The running job takes longer than the average.
    late = one.run("late", left=2.0 + MARGIN + 0.001)
    await asyncio.sleep(0)
    one.queue._seconds = 10.0
    await one.finish("first")

    with pytest.raises(PasswordPoolBusy):
        await late
    assert await first == "first"
    assert one.began == ["first"]


async def test_a_full_lane_drops_the_last_job_of_the_owner_who_has_most() -> None:
    workers = Workers(1, waiting=3)
    running = workers.run("running", owner="attacker")
    await asyncio.sleep(0)
    flood = [workers.run(f"flood{n}", owner="attacker") for n in range(3)]
    await asyncio.sleep(0)

    alice = workers.run("alice", owner="alice")
    more = workers.run("more", owner="attacker")
    with pytest.raises(PasswordPoolBusy):
        await more
    with pytest.raises(PasswordPoolBusy):
        await flood[2]

    assert set(await order(workers, [running, *flood[:2], alice])) == {
        "running", "flood0", "flood1", "alice",
    }  # fmt: skip
    workers.close()


async def test_who_gives_up_is_not_hashed_for(one: Workers) -> None:
    first = one.run("first")
    second = one.run("second")
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second

    assert one.queue.jobs == 1
    assert await order(one, [first]) == ["first"]


async def test_what_a_hash_takes_is_measured(one: Workers) -> None:
    first = one.run("first")
    await asyncio.sleep(0)

    await order(one, [first])

    assert one.queue.seconds != 1.0


async def test_a_failure_is_the_callers(one: Workers) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await one.queue.run(fail, HashRequest(), left=None)
    assert one.queue.jobs == 0
