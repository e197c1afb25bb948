"""Latencies of many requests: counts and quantiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def quantile(ordered: Sequence[float], q: float) -> float:
    """The ``q`` quantile of ascending values, by nearest rank: always one of the values.

    NaN if there are no values.
    """
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(q * len(ordered)) - 1, 0)]


@dataclass(frozen=True)
class Latency:
    """Latencies of one kind of request, in milliseconds."""

    count: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Latency:
        """Summarise latencies given in seconds, in any order."""
        ordered = sorted(each * 1000 for each in seconds)
        if not ordered:
            return cls(0, *[math.nan] * 6)
        return cls(
            count=len(ordered),
            mean=sum(ordered) / len(ordered),
            p50=quantile(ordered, 0.50),
            p90=quantile(ordered, 0.90),
            p95=quantile(ordered, 0.95),
            p99=quantile(ordered, 0.99),
            worst=ordered[-1],
        )
