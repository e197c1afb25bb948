"""Counts and times RPCs, refused ones too: a storm of bad tokens has to be seen.

The meters are plain numbers, converted for Prometheus when it scrapes: its own counters
take a lock for each of the six updates that a call needs, which is more than the rest of the steps.
"""

from collections.abc import Iterator
from time import perf_counter
from weakref import WeakKeyDictionary

import grpc
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from services.chassis.runtime.histograms import Durations

# Seconds. A hop is about 1 ms, a password hash about 100 ms, a nested call may take 2 s.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class MethodMetrics:
    """The meters of one method. For one event loop: nothing is locked."""

    __slots__ = ("durations", "failed", "method", "ok", "started")

    def __init__(self, method: str) -> None:
        self.method = method
        self.started = 0
        self.durations = Durations(BUCKETS)
        self.ok = 0
        self.failed: dict[str, int] = {}

    def start(self) -> float:
        """Counts an arrival; returns the argument of `finish`."""
        self.started += 1
        return perf_counter()

    def finish(self, started: float, code: grpc.StatusCode) -> None:
        self.durations.observe(perf_counter() - started)
        if code is grpc.StatusCode.OK:
            self.ok += 1
        else:
            self.failed[code.name] = self.failed.get(code.name, 0) + 1

    def add_to(self, handled: CounterMetricFamily, seconds: HistogramMetricFamily) -> None:
        """Adds the calls that have ended to two families."""
        for code, count in {"OK": self.ok, **self.failed}.items():
            handled.add_metric([self.method, code], count)
        self.durations.add_to(seconds, [self.method])


class RpcMetrics:
    """The metrics of the RPCs that one server serves, and how many of them it serves at once."""

    def __init__(self, registry: CollectorRegistry = REGISTRY, *, max_in_flight: int) -> None:
        self.methods: list[MethodMetrics] = []
        self.max_in_flight = max_in_flight
        if registry not in _servers:
            _servers[registry] = _ServersOfProcess(registry)
        _servers[registry].add(self)

    @property
    def in_flight(self) -> int:
        """The calls in progress."""
        return sum(each.started - each.durations.total() for each in self.methods)

    def of(self, method: str) -> MethodMetrics:
        """New meters for a method."""
        meters = MethodMetrics(method)
        self.methods.append(meters)
        return meters


class _ServersOfProcess(Collector):
    """The metrics of the servers of one process. Each refuses calls by itself: of several, the
    calls in progress are those of the server that is closest to its limit."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._servers: list[RpcMetrics] = []
        registry.register(self)

    def add(self, server: RpcMetrics) -> None:
        self._servers.append(server)

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
        for each in (method for server in self._servers for method in server.methods):
            started.add_metric([each.method], each.started)
            each.add_to(handled, seconds)
        busiest = max(
            self._servers,
            key=lambda one: (one.in_flight / one.max_in_flight, -one.max_in_flight),
            default=None,
        )
        yield started
        yield handled
        yield seconds
        yield GaugeMetricFamily(
            "roost_rpc_in_flight",
            "RPCs in progress.",
            value=0 if busiest is None else busiest.in_flight,
        )
        yield GaugeMetricFamily(
            "roost_rpc_in_flight_max",
            "Unary RPCs in progress beyond which others are refused.",
            value=0 if busiest is None else busiest.max_in_flight,
        )


_servers: WeakKeyDictionary[CollectorRegistry, _ServersOfProcess] = WeakKeyDictionary()


class RpcClientMetrics(Collector):
    """The metrics of the unary RPCs that one process calls."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._methods: dict[str, MethodMetrics] = {}
        registry.register(self)

    def of(self, method: str) -> MethodMetrics:
        """The meters of a method: the same ones for each of its stubs."""
        meters = self._methods.get(method)
        if meters is None:
            meters = self._methods[method] = MethodMetrics(method)
        return meters

    def collect(self) -> Iterator[Metric]:
        """The meters' state, for Prometheus. A method that was never called is left out: most
        stubs have more methods than their process calls."""
        handled = CounterMetricFamily(
            "roost_rpc_client_handled",
            "Calls that ended, by the code that the caller saw.",
            labels=["method", "code"],
        )
        seconds = HistogramMetricFamily(
            "roost_rpc_client_seconds",
            "Seconds from a call to its answer, with the mesh and its retries.",
            labels=["method"],
        )
        for each in self._methods.values():
            if each.started:
                each.add_to(handled, seconds)
        yield handled
        yield seconds
