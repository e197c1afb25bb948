"""Metrics of the pools of connections of this process, which usually has one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from services.chassis.runtime.histograms import DurationHistogram

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]

# A statement by key takes about 0.3 ms, a transaction some milliseconds; 10 s is their limit.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_pools: "set[Pool]" = set()

_open = Gauge("roost_postgres_pool_connections", "Open connections of the pool")
_most = Gauge("roost_postgres_pool_connections_max", "Connections that the pool opens at most")
_in_use = Gauge("roost_postgres_pool_connections_in_use", "Connections that a call holds")
_waiting = Gauge("roost_postgres_pool_waiting", "Calls that wait for a connection")
_timeouts = Counter(
    "roost_postgres_pool_timeouts_total", "Calls that stopped waiting without a connection"
)
_waits = DurationHistogram(
    "roost_postgres_pool_wait_seconds",
    "Waits of the calls that found no idle connection",
    buckets=_BUCKETS,
)
_held = DurationHistogram(
    "roost_postgres_pool_held_seconds",
    "For how long a call held its connection",
    buckets=_BUCKETS,
)

# Notes for how long a connection was held.
note_held = _held.observe


@contextmanager
def counted(pool: "Pool") -> Iterator[None]:
    """Counts the connections of the pool for the length of the block."""
    _pools.add(pool)
    try:
        yield
    finally:
        _pools.discard(pool)


@contextmanager
def waiting() -> Iterator[None]:
    """Counts and times a call that waits for a connection for the length of the block."""
    _waiting.inc()
    began = perf_counter()
    try:
        yield
    except (TimeoutError, asyncio.CancelledError):
        _timeouts.inc()
        raise
    finally:
        _waiting.dec()
        _waits.observe(perf_counter() - began)


def _sum(of: "Callable[[Pool], int]") -> Callable[[], float]:
    return lambda: float(sum(map(of, _pools)))


_open.set_function(_sum(lambda pool: pool.get_size()))
_most.set_function(_sum(lambda pool: pool.get_max_size()))
_in_use.set_function(_sum(lambda pool: pool.get_size() - pool.get_idle_size()))
