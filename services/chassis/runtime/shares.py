"""Gauges of what a process may have several of: a pool, a relay, a lease.

A process usually has one. Where it runs several services it has one for each, and the gauge shows
one value of them, such as the highest.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import Gauge


class Share:
    """The value of one owner. It is part of the gauge as long as the owner keeps it."""

    def __init__(self, value: Callable[[], float]) -> None:
        self.value = value

    def set(self, value: float) -> None:
        """Replaces the value."""
        self.value = lambda: value


class SharedGauge:
    """Shows `combine` of the values of all owners, and 0 as long as there are none."""

    def __init__(self, gauge: Gauge, combine: Callable[[Iterable[float]], float]) -> None:
        self._combine = combine
        self._shares: weakref.WeakSet[Share] = weakref.WeakSet()
        gauge.set_function(self._combined)

    def share(self, value: Callable[[], float] = lambda: 0.0) -> Share:
        """The value of a new owner."""
        share = Share(value)
        self._shares.add(share)
        return share

    @contextmanager
    def showing(self, value: Callable[[], float]) -> Iterator[None]:
        """Has an owner of this value for the length of the block."""
        share = self.share(value)
        try:
            yield
        finally:
            self._shares.discard(share)

    def _combined(self) -> float:
        values = [share.value() for share in self._shares]
        return self._combine(values) if values else 0.0
