"""The order in which passwords are hashed, and which are refused for lack of time.

Sign-ins go before other hashes, three to one if both wait, and other hashes have at most half of
the workers. Within a priority class owners take turns, so that many jobs of one owner delay no
other owner (fair queueing). A full class drops the last job of the owner with the most jobs in it.

No caller waits for an answer that does not come: a job that would be late is refused when it
arrives, and one that is late is refused at its deadline, whether it waits or runs.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any, TypeVar

from prometheus_client import Counter, Histogram

from services.user.domain.errors import PasswordPoolBusy

T = TypeVar("T")

# Seconds reserved for what follows a hash: a transaction, and the response. Both take milliseconds,
# and longer while others use the processors.
MARGIN = 1.0
# The longest Retry-After, in seconds.
MAX_RETRY_AFTER = 60.0
# How many sign-ins go before one other job.
_IN_A_ROW = 3
# The weight of the last hash in the moving average of the duration.
_WEIGHT = 0.2


_waited = Histogram(
    "roost_user_password_hash_wait_seconds",
    "Time from the arrival of a password hash in the queue to its begin.",
    ["purpose"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
)
_refused = Counter(
    "roost_user_password_hash_refusals",
    "Password hashes that were refused, by cause.",
    ["purpose", "cause"],
)


class PriorityClass(Enum):
    """The purpose of a hash."""

    SIGN_IN = "sign_in"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HashRequest:
    """The purpose of a job, who is charged for it in the queue, and how many hashes it takes."""

    priority: PriorityClass = PriorityClass.SIGN_IN
    owner: str = ""
    hashes: int = 1


@dataclass(eq=False, slots=True)
class _Job:
    work: Callable[[], Any]
    hash_request: HashRequest
    # By the clock of the queue.
    arrived: float
    # The seconds that the caller waits, without MARGIN; None without a limit.
    left: float | None
    began: float | None = None
    outcome: "asyncio.Future[Any]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class _Waiting:
    """The waiting jobs of one priority class."""

    def __init__(self) -> None:
        self._by_owner: dict[str, deque[_Job]] = {}
        self.total = 0
        self.hashes = 0

    def add(self, job: _Job) -> None:
        self._by_owner.setdefault(job.hash_request.owner, deque()).append(job)
        self.total += 1
        self.hashes += job.hash_request.hashes

    def next(self) -> _Job:
        """Removes and returns the first job of the owner whose turn it is."""
        owner = next(iter(self._by_owner))
        jobs = self._by_owner.pop(owner)
        job = jobs.popleft()
        if jobs:
            self._by_owner[owner] = jobs
        self.total -= 1
        self.hashes -= job.hash_request.hashes
        return job

    def remove(self, job: _Job) -> None:
        """Removes a job, if it still waits."""
        jobs = self._by_owner.get(job.hash_request.owner)
        if jobs is not None and job in jobs:
            jobs.remove(job)
            self.total -= 1
            self.hashes -= job.hash_request.hashes
            if not jobs:
                del self._by_owner[job.hash_request.owner]

    def before(self, owner: str) -> int:
        """How many hashes go before a new job of this owner."""
        turns = len(self._by_owner.get(owner, ())) + 1
        return sum(_hashes(islice(jobs, turns)) for jobs in self._by_owner.values())

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

    `seconds` is the assumed duration of a hash until some were measured; `waiting` the size of each
    priority class, in jobs.
    """

    def __init__(
        self,
        pool: Executor,
        *,
        workers: int,
        waiting: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._workers = workers
        self._workers_of = {
            PriorityClass.SIGN_IN: workers,
            PriorityClass.OTHER: max(1, workers // 2),
        }
        self._waiting = waiting
        self._seconds = seconds
        self._clock = clock
        self._classes = {priority: _Waiting() for priority in PriorityClass}
        self._running: dict[PriorityClass, set[_Job]] = {
            priority: set() for priority in PriorityClass
        }
        self._sign_ins_in_a_row = 0
        # When there is room for those who were refused before, if they come back.
        self._room_at = dict.fromkeys(PriorityClass, 0.0)

    @property
    def jobs(self) -> int:
        """The number of running and waiting jobs."""
        return len(self._all_running()) + sum(each.total for each in self._classes.values())

    @property
    def seconds(self) -> float:
        """The duration of a hash: a moving average, or what a running one already takes if that is
        longer. So the first hash that becomes slow is noticed before it ends."""
        now = self._clock()
        ages = (
            (now - job.began) / job.hash_request.hashes
            for job in self._all_running()
            if job.began is not None
        )
        return max((self._seconds, *ages))

    def measured(self, seconds: float) -> None:
        """Takes the duration of one hash into the average. Workers may call it at the same time: a
        lost measurement changes nothing."""
        self._seconds += _WEIGHT * (seconds - self._seconds)

    async def run(
        self, work: Callable[[], T], hash_request: HashRequest, *, left: float | None
    ) -> T:
        """Runs the work on a worker in its turn. `left` is the number of seconds that the caller
        waits, None without a limit.

        Raises PasswordPoolBusy at once if it would not be finished in time or the class is full,
        later if that changes, and MARGIN before the caller stops waiting at the latest. A call
        that is cancelled while it waits never runs.
        """
        job = _Job(work, hash_request, self._clock(), None if left is None else left - MARGIN)
        if self._delay(job) > 0.0:
            raise self._refusal(job, "late")
        self._enter(job)
        self._start()
        loop = asyncio.get_running_loop()
        overdue = None if job.left is None else loop.call_later(job.left, self._expire, job)
        try:
            outcome: T = await job.outcome
            return outcome
        finally:
            if overdue is not None:
                overdue.cancel()
            self._classes[hash_request.priority].remove(job)

    def close(self) -> None:
        """Cancels all waiting jobs."""
        for jobs in self._classes.values():
            while jobs.total:
                jobs.next().outcome.cancel()

    def _enter(self, job: _Job) -> None:
        jobs = self._classes[job.hash_request.priority]
        idle = len(self._all_running()) < self._workers and not jobs.total
        if jobs.total >= self._waiting and not idle:
            dropped = jobs.drop_for(job.hash_request.owner)
            if dropped is None:
                raise self._refusal(job, "full")
            self._refuse(dropped, "full")
        jobs.add(job)

    def _expected(self, hash_request: HashRequest) -> float:
        """The expected seconds until a new job is finished."""
        priority = hash_request.priority
        before = self._classes[priority].before(hash_request.owner)
        if priority is PriorityClass.SIGN_IN:
            others = self._classes[PriorityClass.OTHER].hashes
            before += min(others, (before + 1) // _IN_A_ROW)
        else:
            sign_ins = self._classes[PriorityClass.SIGN_IN].hashes
            before += min(sign_ins, (before + 1) * _IN_A_ROW)
        workers = self._workers_of[priority]
        running = _hashes(self._all_running())
        if priority is PriorityClass.OTHER:
            running = max(_hashes(self._running[priority]), running - workers)
        rounds = (before + running) // workers
        return self.seconds * (rounds + hash_request.hashes)

    def _delay(self, job: _Job) -> float:
        """By how many seconds a new job like this one would be late; not positive if it would be in
        time."""
        return -1.0 if job.left is None else self._expected(job.hash_request) - job.left

    def _refusal(self, job: _Job, cause: str) -> PasswordPoolBusy:
        """The refusal of a job. Its Retry-After is when there is room for one like it, after those
        who were refused before: so not all of them come back at the same time."""
        priority = job.hash_request.priority
        _refused.labels(priority.value, cause).inc()
        now, seconds = self._clock(), self.seconds
        after_others = (
            self._room_at[priority] + seconds * job.hash_request.hashes / self._workers_of[priority]
        )
        # A full class has room after one hash.
        room = now + max(1.0, seconds if cause == "full" else 0.0, self._delay(job))
        self._room_at[priority] = min(max(room, after_others), now + MAX_RETRY_AFTER)
        return PasswordPoolBusy(retry_after=self._room_at[priority] - now)

    def _refuse(self, job: _Job, cause: str) -> None:
        if not job.outcome.done():
            job.outcome.set_exception(self._refusal(job, cause))

    def _expire(self, job: _Job) -> None:
        self._classes[job.hash_request.priority].remove(job)
        self._refuse(job, "overdue")

    def _start(self) -> None:
        while len(self._all_running()) < self._workers and (job := self._next()) is not None:
            if job.outcome.done():
                continue
            needed = self.seconds * job.hash_request.hashes
            if job.left is not None and self._clock() + needed > job.arrived + job.left:
                self._refuse(job, "late")
                continue
            self._run(job)

    def _next(self) -> _Job | None:
        sign_ins, others = self._classes[PriorityClass.SIGN_IN], self._classes[PriorityClass.OTHER]
        free = len(self._running[PriorityClass.OTHER]) < self._workers_of[PriorityClass.OTHER]
        if others.total and free and (not sign_ins.total or self._sign_ins_in_a_row >= _IN_A_ROW):
            self._sign_ins_in_a_row = 0
            return others.next()
        if not sign_ins.total:
            return None
        self._sign_ins_in_a_row += 1
        return sign_ins.next()

    def _run(self, job: _Job) -> None:
        priority = job.hash_request.priority
        job.began = self._clock()
        _waited.labels(priority.value).observe(job.began - job.arrived)
        self._running[priority].add(job)
        hashing = asyncio.get_running_loop().run_in_executor(self._pool, job.work)

        def done(finished: "asyncio.Future[Any]") -> None:
            self._running[priority].remove(job)
            if finished.cancelled():
                job.outcome.cancel()
            else:
                _settle(job, finished)
            self._start()

        hashing.add_done_callback(done)

    def _all_running(self) -> set[_Job]:
        return set().union(*self._running.values())


def _hashes(jobs: Iterable[_Job]) -> int:
    return sum(job.hash_request.hashes for job in jobs)


def _settle(job: _Job, finished: "asyncio.Future[Any]") -> None:
    error = finished.exception()
    if job.outcome.done():
        return
    if error is None:
        job.outcome.set_result(finished.result())
    else:
        job.outcome.set_exception(error)
