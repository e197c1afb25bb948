"""How late the event loop of a process is.

A loop that is late has more to do than one core does, or something blocks it: a call without
`await` that takes long.
"""

import asyncio
from time import perf_counter

from prometheus_client import Histogram

# Four timers a second cost 0.02 % of a core.
INTERVAL_SECONDS = 0.25

_lag = Histogram(
    "roost_event_loop_lag_seconds",
    "How late the event loop runs a timer",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


async def measure_lag() -> None:
    """A job: measures until it is cancelled."""
    while True:
        due = perf_counter() + INTERVAL_SECONDS
        await asyncio.sleep(INTERVAL_SECONDS)
        # Timers of uvloop have a resolution of 1 ms and may be early by that.
        _lag.observe(max(0.0, perf_counter() - due))
