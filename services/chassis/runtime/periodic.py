"""Jobs that do one thing at intervals."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.chassis.runtime.supervision import Job

# ± this share of the interval, so that the processes of a service do not act at the same moment.
_JITTER = 0.1


def every(
    seconds: float, name: str, act: Callable[[], Awaitable[object]], *, wait_first: bool = False
) -> Job:
    """A job called `name` that runs `act`, waits about `seconds`, and so on until it is cancelled.

    An error of TRANSIENT_ERRORS is logged, and `act` runs again after the interval. After any other
    error the job fails, and its supervisor restarts it. `act` may run in several processes at once
    and may be interrupted at any point, so its effect must be repeatable. `wait_first` puts the
    first run off by one interval: for work that a restarting process should not begin with.
    """

    async def run() -> None:
        if wait_first:
            await asyncio.sleep(_jittered(seconds))
        while True:
            try:
                await act()
            except TRANSIENT_ERRORS as error:
                logger().warning("periodic_job_postponed", job=name, error=repr(error))
            await asyncio.sleep(_jittered(seconds))

    run.__qualname__ = name
    return run


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - only jitter
