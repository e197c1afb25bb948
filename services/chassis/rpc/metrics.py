"""Counts and times RPCs, refused ones too: a storm of bad tokens has to be seen.

The meters are plain numbers, converted for Prometheus when it scrapes: its own counters
take a lock for each of the six updates that a call needs, which is more than the rest of the steps.
"""

from bisect import bisect_left
from collections.abc import Iterator
from time import perf_counter

import grpc
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

# Seconds. A hop is about 1 ms, a password hash about 100 ms, a nested call may take 2 s.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class MethodMetrics:
    """The meters of one method. For one event loop: nothing is locked."""

    __slots__ = ("buckets", "failed", "method", "ok", "seconds", "started")

    def __init__(self, method: str) -> None:
        self.method = method
        self.started = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.ok = 0
        self.failed: dict[str, int] = {}

    def start(self) -> float:
        """Counts an arrival; returns the argument of `finish`."""
        self.started += 1
        return perf_counter()

    def finish(self, started: float, code: grpc.StatusCode) -> None:
        took = perf_counter() - started
        self.seconds += took
        self.buckets[bisect_left(BUCKETS, took)] += 1
        if code is grpc.StatusCode.OK:
            self.ok += 1
        else:
            self.failed[code.name] = self.failed.get(code.name, 0) + 1


class RpcMetrics(Collector):
    """The RPC metrics of one process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._methods: list[MethodMetrics] = []
        registry.register(self)

    def of(self, method: str) -> MethodMetrics:
        """New meters for a method."""
        meters = MethodMetrics(method)
        self._methods.append(meters)
        return meters

    def collect(self) -> Iterator[Metric]:
        """The meters' state, for Prometheus."""
        started = CounterMetricFamily(
            "roost_rpc_started", "RPCs that have arrived.", labels=["method"]
        )
        handled = CounterMetricFamily(
            "roost_rpc_handled", "RPCs that were answered, by code.", labels=["method", "code"]
        )
        seconds = HistogramMetricFamily(
            "roost_rpc_seconds", "Seconds from arrival to answer.", labels=["method"]
        )
        in_flight = 0
        for each in self._methods:
            started.add_metric([each.method], each.started)
            for code, count in {"OK": each.ok, **each.failed}.items():
                handled.add_metric([each.method, code], count)
            buckets, total = [], 0
            for bound, count in zip((*BUCKETS, "+Inf"), each.buckets, strict=True):
                total += count
                buckets.append((str(bound), float(total)))
            seconds.add_metric([each.method], buckets, sum_value=each.seconds)
            in_flight += each.started - total
        yield started
        yield handled
        yield seconds
        yield GaugeMetricFamily("roost_rpc_in_flight", "RPCs in hand now.", value=in_flight)
