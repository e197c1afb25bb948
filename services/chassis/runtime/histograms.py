"""Histograms of durations in plain numbers, converted for Prometheus when it scrapes.

The client's own histogram takes a lock for each observation. That is too much for what happens
several times in a request.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class Durations:
    """Counts durations by bucket. For one event loop: nothing is locked."""

    __slots__ = ("_bounds", "counts", "seconds")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.seconds = 0.0
        self.counts = [0] * (len(bounds) + 1)

    def observe(self, seconds: float) -> None:
        self.seconds += seconds
        self.counts[bisect_left(self._bounds, seconds)] += 1

    def total(self) -> int:
        """The number of observations."""
        return sum(self.counts)

    def add_to(self, family: HistogramMetricFamily, labels: Sequence[str] = ()) -> None:
        """Adds the state to a family, under the values of its labels."""
        buckets, total = [], 0
        for bound, count in zip((*self._bounds, "+Inf"), self.counts, strict=True):
            total += count
            buckets.append((str(bound), float(total)))
        family.add_metric(labels, buckets, sum_value=self.seconds)


class DurationHistogram(Collector):
    """A registered histogram without labels. For one event loop."""

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._durations = Durations(buckets)
        self.observe = self._durations.observe
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The state, for Prometheus."""
        family = HistogramMetricFamily(self._name, self._documentation)
        self._durations.add_to(family)
        yield family
