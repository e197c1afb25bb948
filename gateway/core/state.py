"""What a gateway process knows about itself: its load, its metrics, and whether it stops."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.chassis.rpc.metrics import BUCKETS

_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))


class HttpMetrics:
    """Counts and times HTTP requests by route, method and status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._handled = Counter(
            "roost_http_handled",
            "HTTP requests that were answered, by status.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "roost_http_seconds",
            "Time from the request's head to the end of its answer.",
            ["route"],
            buckets=BUCKETS,
            registry=registry,
        )
        # Finding a meter by its labels costs more than counting.
        self._meters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Notes an answer."""
        meters = self._meters.get((method, route, status))
        if meters is None:
            # Methods are the client's to invent; labels must stay few.
            shown = method if method in _METHODS else "(other)"
            meters = (
                self._handled.labels(route, shown, str(status)),
                self._seconds.labels(route),
            )
            if shown == method:
                self._meters[method, route, status] = meters
        handled, timed = meters
        handled.inc()
        timed.observe(seconds)


@dataclass(slots=True)
class State:
    """One process."""

    metrics: HttpMetrics
    max_in_flight: int
    in_flight: int = 0
    stopping: bool = False
