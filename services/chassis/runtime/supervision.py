"""Keeps the jobs of a process running: one that fails is started again, and stops no other."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import Counter, Gauge

from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.logs import logger

# The pause before a failed job starts again doubles from the first figure to the second.
PAUSE_SECONDS = (1.0, 60.0)
# A job that was started again and has run for so long is up.
STEADY_SECONDS = 10.0

# After these the memory of the process is not to be trusted, or is used up: a new process helps,
# another attempt in this one does not.
FATAL = (MemoryError,)

Job = Callable[[], Awaitable[None]]

# The label is not `job`: Prometheus keeps that one for what it scrapes.
_failures = Counter("roost_job_failures_total", "Times that a job of the process failed", ["name"])
_down = Gauge(
    "roost_job_down", "1 while a job waits to be started again or has just been", ["name"]
)


class JobReturned(Exception):
    """A job ended without an error, though jobs run until they are cancelled."""


class Supervisor:
    """Runs jobs side by side, each until `end`.

    A job that raises, or returns, is logged with its traceback, counted, and started again after a
    growing pause. The others do not notice. Only an error of FATAL calls `on_fatal`.
    """

    def __init__(self, *, on_fatal: Callable[[], None]) -> None:
        self._give_up = on_fatal
        self._tasks: list[asyncio.Task[None]] = []
        self._is_down: dict[str, bool] = {}

    @property
    def down(self) -> list[str]:
        """The names of the jobs that do not run, or failed and have not run for long again."""
        return sorted(name for name, is_down in self._is_down.items() if is_down)

    def start(self, name: str, job: Job) -> None:
        """Starts a job. The name is used in logs and metrics."""
        self._set_down(name, False)
        self._tasks.append(asyncio.create_task(self._keep(name, job), name=name))

    async def end(self, seconds: float) -> None:
        """Cancels all jobs, and waits so long for what they have under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=seconds)
            for task in left:
                logger().warning("job_not_stopped", job=task.get_name())

    async def _keep(self, name: str, job: Job) -> None:
        backoff = Backoff(*PAUSE_SECONDS)
        while True:
            began = time.monotonic()
            error = await self._run_once(name, job)
            _failures.labels(name).inc()
            logger().error("job_failed", job=name, exc_info=error)
            if isinstance(error, FATAL):
                self._give_up()
                return
            self._set_down(name, True)
            if time.monotonic() - began > PAUSE_SECONDS[1]:
                backoff.reset()
            await backoff.wait()

    async def _run_once(self, name: str, job: Job) -> BaseException:
        """Runs the job until it fails; returns the failure."""
        steady = asyncio.get_running_loop().call_later(STEADY_SECONDS, self._set_down, name, False)
        try:
            await job()
        except asyncio.CancelledError as cancelled:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Something inside the job was cancelled, the job itself was not.
            return cancelled
        except Exception as error:
            return error
        finally:
            steady.cancel()
        return JobReturned(name)

    def _set_down(self, name: str, is_down: bool) -> None:
        self._is_down[name] = is_down
        _down.labels(name).set(is_down)


def name_of(job: Job) -> str:
    """How logs and metrics call a job: by its function."""
    if isinstance(job, functools.partial):
        module = job.func.__module__.rpartition(".")[2]
        return f"{module}.{job.func.__qualname__}"
    return getattr(job, "__qualname__", repr(job)).replace("<locals>.", "")


def descriptions(down: Sequence[str]) -> list[str]:
    """What is said of jobs that are down."""
    return [f"job {name} failed and is started again" for name in down]
