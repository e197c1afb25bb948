"""Counts and times RPCs, refused ones too: a storm of bad tokens has to be seen."""

from time import perf_counter

import grpc
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

# Seconds. A hop is about 1 ms, a password hash about 100 ms, a nested call may take 2 s.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RpcMetrics:
    """The RPC metrics of one process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.started = Counter(
            "roost_rpc_started", "RPCs that have arrived.", ["method"], registry=registry
        )
        self.handled = Counter(
            "roost_rpc_handled",
            "RPCs that were answered, by status code.",
            ["method", "code"],
            registry=registry,
        )
        self.seconds = Histogram(
            "roost_rpc_seconds",
            "Time from arrival to answer.",
            ["method"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "roost_rpc_in_flight", "RPCs that are being handled now.", registry=registry
        )

    def of(self, method: str) -> "MethodMetrics":
        """The meters of one method: finding them by label costs more than counting."""
        return MethodMetrics(self, method)


class MethodMetrics:
    """Meters that are bound to one method."""

    def __init__(self, metrics: RpcMetrics, method: str) -> None:
        self._method = method
        self._handled = metrics.handled
        self._in_flight = metrics.in_flight
        self._started = metrics.started.labels(method)
        self._seconds = metrics.seconds.labels(method)
        self._by_code = {grpc.StatusCode.OK: metrics.handled.labels(method, "OK")}

    def start(self) -> float:
        """Notes an arrival; gives what `finish` needs."""
        self._started.inc()
        self._in_flight.inc()
        return perf_counter()

    def finish(self, started: float, code: grpc.StatusCode) -> None:
        """Notes the answer."""
        self._in_flight.dec()
        self._seconds.observe(perf_counter() - started)
        counter = self._by_code.get(code)
        if counter is None:
            counter = self._by_code[code] = self._handled.labels(self._method, code.name)
        counter.inc()
