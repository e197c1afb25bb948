"""The order in which passwords are hashed, and which are refused for lack of time.

Sign-ins go before other hashes, three to one if both wait, and other hashes have at most half of
the workers. Within a priority class owners take turns, so that many jobs of one owner delay no
other owner (fair queueing). A full class drops the last job of the owner with the most jobs in it.
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

# Seconds reserved for what follows a hash: a transaction, and the response.
MARGIN = 0.5
# How many sign-ins go before one other job.
_IN_A_ROW = 3
# The weight of the last hash in the moving average of the duration.
_WEIGHT = 0.2


class PriorityClass(Enum):
    """The purpose of a hash."""

    SIGN_IN = "sign_in"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HashRequest:
    """The purpose of a hash, and who is charged for it in the queue."""

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
    """The waiting jobs of one priority class."""

    def __init__(self) -> None:
        self._by_owner: dict[str, deque[_Job]] = {}
        self.total = 0

    def add(self, job: _Job) -> None:
        self._by_owner.setdefault(job.hash_request.owner, deque()).append(job)
        self.total += 1

    def next(self) -> _Job:
        """Removes and returns the first job of the owner whose turn it is."""
        owner = next(iter(self._by_owner))
        jobs = self._by_owner.pop(owner)
        job = jobs.popleft()
        if jobs:
            self._by_owner[owner] = jobs
        self.total -= 1
        return job

    def remove(self, job: _Job) -> None:
        """Removes a job, if it still waits."""
        jobs = self._by_owner.get(job.hash_request.owner)
        if jobs is not None and job in jobs:
            jobs.remove(job)
            self.total -= 1
            if not jobs:
                del self._by_owner[job.hash_request.owner]

    def before(self, owner: str) -> int:
        """How many jobs run before a new job of this owner."""
        own = len(self._by_owner.get(owner, ()))
        others = (jobs for name, jobs in self._by_owner.items() if name != owner)
        return own + sum(min(len(jobs), own + 1) for jobs in others)

    def drop_for(self, owner: str) -> _Job | None:
        """Removes and returns the last job of the owner with the most jobs; None if that would be
        `owner`, with the new job."""
        jobs = max(self._by_owner.values(), key=len, default=None)
        if jobs is None or len(jobs) <= len(self._by_owner.get(owner, ())) + 1:
            return None
        job = jobs[-1]
        self.remove(job)
        return job


class HashQueue:
    """Runs jobs on an executor, as many at a time as it has workers. Used from one event loop.

    `seconds` is the assumed duration of a job until some were measured; `waiting` the size of each
    priority class.
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
        self._classes = {priority: _Waiting() for priority in PriorityClass}
        self._running = dict.fromkeys(PriorityClass, 0)
        self._sign_ins_in_a_row = 0

    @property
    def jobs(self) -> int:
        """The number of running and waiting jobs."""
        return sum(self._running.values()) + sum(each.total for each in self._classes.values())

    @property
    def seconds(self) -> float:
        """The duration of a hash: a moving average."""
        return self._seconds

    async def run(
        self, work: Callable[[], T], hash_request: HashRequest, *, left: float | None
    ) -> T:
        """Runs the work on a worker in its turn. `left` is the number of seconds that the caller
        waits, None without a limit.

        Raises PasswordPoolBusy at once if it would not be finished in time or the class is full,
        and later if that changes. A call that is cancelled while it waits never runs.
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
            self._classes[hash_request.priority].remove(job)

    def close(self) -> None:
        """Cancels all waiting jobs."""
        for jobs in self._classes.values():
            while jobs.total:
                jobs.next().outcome.cancel()

    def _enter(self, job: _Job) -> None:
        jobs = self._classes[job.hash_request.priority]
        idle = sum(self._running.values()) < self._workers and not jobs.total
        if jobs.total >= self._waiting and not idle:
            dropped = jobs.drop_for(job.hash_request.owner)
            if dropped is None:
                raise PasswordPoolBusy(retry_after=max(1.0, self._expected(job.hash_request)))
            _refuse(dropped, self._seconds)
        jobs.add(job)

    def _expected(self, hash_request: HashRequest) -> float:
        """The expected seconds until a new job is finished."""
        before = self._classes[hash_request.priority].before(hash_request.owner)
        if hash_request.priority is PriorityClass.SIGN_IN:
            before += min(self._classes[PriorityClass.OTHER].total, (before + 1) // _IN_A_ROW)
        else:
            before += min(self._classes[PriorityClass.SIGN_IN].total, (before + 1) * _IN_A_ROW)
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
        sign_ins, others = self._classes[PriorityClass.SIGN_IN], self._classes[PriorityClass.OTHER]
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
