"""Which password is hashed next, and for whom there is no time to.

Sign-ins go before other hashes, three to one where both wait, and other hashes have at most half of
the workers. Within a lane owners take turns, so that many jobs of one owner delay no one else (fair
queueing); a full lane drops the last job of the owner who has most in it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from services.user.domain.errors import PasswordPoolBusy

T = TypeVar("T")

# Kept for what follows a hash: a transaction, and the way back.
MARGIN = 0.5
# Of the sign-ins that go before one other job.
_IN_A_ROW = 3
# How much the last hash counts in the moving average of how long one takes.
_WEIGHT = 0.2


class PriorityClass(Enum):
    """What a password is hashed for."""

    SIGN_IN = "sign_in"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HashRequest:
    """For what and for whom a password is hashed."""

    priority: PriorityClass = PriorityClass.SIGN_IN
    owner: str = ""


@dataclass(eq=False, slots=True)
class _Job:
    work: Callable[[], Any]
    hash_request: HashRequest
    # By `time.monotonic`: when the caller stops waiting.
    expires: float | None
    outcome: "asyncio.Future[Any]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class _Waiting:
    """The jobs of one lane."""

    def __init__(self) -> None:
        self._by_owner: dict[str, deque[_Job]] = {}
        self.total = 0

    def add(self, job: _Job) -> None:
        self._by_owner.setdefault(job.hash_request.owner, deque()).append(job)
        self.total += 1

    def next(self) -> _Job:
        """Takes the first job of the owner whose turn it is."""
        owner = next(iter(self._by_owner))
        jobs = self._by_owner.pop(owner)
        job = jobs.popleft()
        if jobs:
            self._by_owner[owner] = jobs
        self.total -= 1
        return job

    def remove(self, job: _Job) -> None:
        """Takes a job out that may have been taken already."""
        jobs = self._by_owner.get(job.hash_request.owner)
        if jobs is not None and job in jobs:
            jobs.remove(job)
            self.total -= 1
            if not jobs:
                del self._by_owner[job.hash_request.owner]

    def before(self, owner: str) -> int:
        """How many are taken before a new job of this owner."""
        own = len(self._by_owner.get(owner, ()))
        others = (jobs for name, jobs in self._by_owner.items() if name != owner)
        return own + sum(min(len(jobs), own + 1) for jobs in others)

    def drop_for(self, owner: str) -> _Job | None:
        """Takes the last job of the owner who has most; None if that is this one, with one more."""
        jobs = max(self._by_owner.values(), key=len, default=None)
        if jobs is None or len(jobs) <= len(self._by_owner.get(owner, ())) + 1:
            return None
        job = jobs[-1]
        self.remove(job)
        return job


class HashQueue:
    """Hands jobs to an executor, as many at a time as it has workers. Used from one event loop.

    `seconds` is how long one takes, until some were measured; `waiting` the size of each lane.
    """

    def __init__(self, pool: Executor, *, workers: int, waiting: int, seconds: float) -> None:
        self._pool = pool
        self._workers = workers
        self._workers_of = {
            PriorityClass.SIGN_IN: workers,
            PriorityClass.OTHER: max(1, workers // 2),
        }
        self._waiting = waiting
        self._seconds = seconds
        self._lanes = {priority: _Waiting() for priority in PriorityClass}
        self._running = dict.fromkeys(PriorityClass, 0)
        self._sign_ins_in_a_row = 0

    @property
    def jobs(self) -> int:
        """How many run or wait."""
        return sum(self._running.values()) + sum(each.total for each in self._lanes.values())

    @property
    def seconds(self) -> float:
        """How long a hash takes, by the last ones."""
        return self._seconds

    async def run(
        self, work: Callable[[], T], hash_request: HashRequest, *, left: float | None
    ) -> T:
        """Runs the work on a worker when its turn comes. `left` is how many seconds the caller
        waits, None without a limit.

        Raises PasswordPoolBusy at once where it would not be finished in time or the lane is full,
        and later where that turns out. Cancelled while it waits, it never runs.
        """
        expected = self._expected(hash_request)
        if left is not None and expected > left - MARGIN:
            raise PasswordPoolBusy(retry_after=max(1.0, expected - left + MARGIN))
        job = _Job(work, hash_request, None if left is None else time.monotonic() + left - MARGIN)
        self._enter(job)
        self._start()
        try:
            outcome: T = await job.outcome
            return outcome
        finally:
            self._lanes[hash_request.priority].remove(job)

    def close(self) -> None:
        for priority in self._lanes.values():
            while priority.total:
                priority.next().outcome.cancel()

    def _enter(self, job: _Job) -> None:
        priority = self._lanes[job.hash_request.priority]
        idle = sum(self._running.values()) < self._workers and not priority.total
        if priority.total >= self._waiting and not idle:
            dropped = priority.drop_for(job.hash_request.owner)
            if dropped is None:
                raise PasswordPoolBusy(retry_after=max(1.0, self._expected(job.hash_request)))
            _refuse(dropped, self._seconds)
        priority.add(job)

    def _expected(self, hash_request: HashRequest) -> float:
        """In how many seconds a new job would be finished."""
        before = self._lanes[hash_request.priority].before(hash_request.owner)
        if hash_request.priority is PriorityClass.SIGN_IN:
            before += min(self._lanes[PriorityClass.OTHER].total, (before + 1) // _IN_A_ROW)
        else:
            before += min(self._lanes[PriorityClass.SIGN_IN].total, (before + 1) * _IN_A_ROW)
        workers = self._workers_of[hash_request.priority]
        if hash_request.priority is PriorityClass.SIGN_IN:
            running = sum(self._running.values())
        else:
            running = max(self._running[PriorityClass.OTHER], sum(self._running.values()) - workers)
        rounds = (before + running) // workers
        return self._seconds * (rounds + 1)

    def _start(self) -> None:
        while sum(self._running.values()) < self._workers and (job := self._next()) is not None:
            if job.outcome.done():
                continue
            if job.expires is not None and time.monotonic() + self._seconds > job.expires:
                _refuse(job, self._seconds)
                continue
            self._run(job)

    def _next(self) -> _Job | None:
        sign_ins, others = self._lanes[PriorityClass.SIGN_IN], self._lanes[PriorityClass.OTHER]
        free = self._running[PriorityClass.OTHER] < self._workers_of[PriorityClass.OTHER]
        if others.total and free and (not sign_ins.total or self._sign_ins_in_a_row >= _IN_A_ROW):
            self._sign_ins_in_a_row = 0
            return others.next()
        if not sign_ins.total:
            return None
        self._sign_ins_in_a_row += 1
        return sign_ins.next()

    def _run(self, job: _Job) -> None:
        priority, began = job.hash_request.priority, time.monotonic()
        self._running[priority] += 1
        hashing = asyncio.get_running_loop().run_in_executor(self._pool, job.work)

        def done(finished: "asyncio.Future[Any]") -> None:
            self._running[priority] -= 1
            if finished.cancelled():
                job.outcome.cancel()
            else:
                self._seconds += _WEIGHT * (time.monotonic() - began - self._seconds)
                _settle(job, finished)
            self._start()

        hashing.add_done_callback(done)


def _settle(job: _Job, finished: "asyncio.Future[Any]") -> None:
    error = finished.exception()
    if job.outcome.done():
        return
    if error is None:
        job.outcome.set_result(finished.result())
    else:
        job.outcome.set_exception(error)


def _refuse(job: _Job, seconds: float) -> None:
    if not job.outcome.done():
        job.outcome.set_exception(PasswordPoolBusy(retry_after=max(1.0, seconds)))
