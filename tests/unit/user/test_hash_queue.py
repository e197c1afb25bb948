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
    MAX_RETRY_AFTER,
    HashQueue,
    HashRequest,
    PriorityClass,
)
from tests.waiting import eventually

LONG = 3600.0


class Workers:
    """Hashes that end when the test says so, and the order in which they began. `now` is the time
    of the queue."""

    def __init__(self, count: int, *, waiting: int = 32, seconds: float = 1.0) -> None:
        self.now = 1000.0
        self.pool = ThreadPoolExecutor(count)
        self.queue = HashQueue(
            self.pool, workers=count, waiting=waiting, seconds=seconds, clock=lambda: self.now
        )
        self.began: list[str] = []
        self._gates: dict[str, threading.Event] = {}

    def run(
        self,
        name: str,
        priority: PriorityClass = PriorityClass.SIGN_IN,
        owner: str = "",
        left: float | None = None,
        hashes: int = 1,
    ) -> "asyncio.Task[str]":
        self._gates[name] = threading.Event()
        hash_request = HashRequest(priority, owner, hashes)
        running = self.queue.run(self._work(name), hash_request, left=left)
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
    late = one.run("late", left=LONG + MARGIN)
    await asyncio.sleep(0)
    one.now += LONG
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
    for _ in range(100):
        one.queue.measured(3.0)

    assert one.queue.seconds == pytest.approx(3.0)


async def test_a_hash_that_becomes_slow_is_noticed_before_it_ends(one: Workers) -> None:
    first = one.run("first", left=LONG)
    await eventually(lambda: one.began == ["first"], limit=60)
    one.now += 50.0

    with pytest.raises(PasswordPoolBusy):
        await one.run("late", left=60.0 + MARGIN)

    assert one.queue.seconds == 50.0
    assert await order(one, [first]) == ["first"]


async def test_two_hashes_of_a_job_have_to_be_finished_in_time(one: Workers) -> None:
    with pytest.raises(PasswordPoolBusy):
        await one.run("change", left=1.9 + MARGIN, hashes=2)
    single = one.run("single", left=1.9 + MARGIN)
    await asyncio.sleep(0)

    assert await order(one, [single]) == ["single"]


async def test_a_waiting_job_counts_by_its_hashes(one: Workers) -> None:
    tasks = [one.run("first"), one.run("change", hashes=2)]
    await asyncio.sleep(0)

    with pytest.raises(PasswordPoolBusy):
        await one.run("late", left=3.9 + MARGIN)
    tasks.append(one.run("patient", left=4.1 + LONG))
    await asyncio.sleep(0)

    assert await order(one, tasks) == ["first", "change", "patient"]


async def test_a_caller_whose_time_is_over_is_refused_while_the_hash_runs() -> None:
    workers = Workers(1, seconds=0.001)
    slow = workers.run("slow", left=MARGIN + 0.1)

    with pytest.raises(PasswordPoolBusy) as caught:
        await slow

    assert workers.began == ["slow"]
    assert caught.value.retry_after is not None
    assert workers.queue.jobs == 1
    await workers.finish("slow")
    workers.close()


async def test_a_caller_whose_time_is_over_leaves_the_queue() -> None:
    workers = Workers(1, seconds=0.001)
    first = workers.run("first")
    waiting = workers.run("waiting", left=MARGIN + 0.1)

    with pytest.raises(PasswordPoolBusy):
        await waiting

    assert workers.queue.jobs == 1
    assert await order(workers, [first]) == ["first"]
    workers.close()


async def test_each_who_comes_back_when_retry_after_says_is_admitted() -> None:
    seconds = 6.0
    workers = Workers(1, seconds=seconds)
    # The deadline of each caller leaves time for four hashes.
    left = 4 * seconds + MARGIN
    callers = [workers.run(f"caller{n}", owner=f"owner{n}", left=left) for n in range(12)]
    await eventually(lambda: sum(each.done() for each in callers) == 8, limit=60)
    began = workers.now

    waits = []
    for each in callers[4:]:
        with pytest.raises(PasswordPoolBusy) as caught:
            await each
        waits.append(caught.value.retry_after)
    assert waits == [seconds * (n + 1) for n in range(8)]

    back = []
    for n, wait in enumerate(waits):
        await workers.finish(workers.began[-1])
        await eventually(lambda: len(workers.began) == n + 2, limit=60)  # noqa: B023
        workers.now = began + wait
        back.append(workers.run(f"back{n}", owner=f"owner{n + 4}", left=left))
        await asyncio.sleep(0)
    assert not any(each.done() and each.exception() for each in back)
    assert len(await order(workers, [*callers[:4], *back])) == 12
    workers.close()


async def test_retry_after_has_a_limit(one: Workers) -> None:
    waits = []
    for n in range(200):
        with pytest.raises(PasswordPoolBusy) as caught:
            await one.run(f"late{n}", left=MARGIN)
        waits.append(caught.value.retry_after)

    assert waits == sorted(waits)
    assert waits[-1] == MAX_RETRY_AFTER


async def test_a_failure_is_the_callers(one: Workers) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await one.queue.run(fail, HashRequest(), left=None)
    assert one.queue.jobs == 0
