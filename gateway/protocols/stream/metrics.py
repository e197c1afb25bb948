"""Metrics of the stream."""

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_EVENTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class StreamMetrics:
    """The stream's metrics; all names begin with roost_stream."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sockets = Gauge(
            "roost_stream_sockets", "Connections that are open.", registry=registry
        )
        self.people = Gauge(
            "roost_stream_users", "Users who have a connection here.", registry=registry
        )
        self._frames = Counter(
            "roost_stream_frames_sent", "Frames sent, by type.", ["type"], registry=registry
        )
        self.closed = Counter(
            "roost_stream_closed",
            "Connections the server closed, by code.",
            ["code"],
            registry=registry,
        )
        # Finding a counter by its label costs more than counting.
        self._by_kind: dict[type[Struct], Counter] = {}
        self.gaps = Counter(
            "roost_stream_gaps", "Gaps that were sent to clients.", registry=registry
        )
        self.slow = Counter(
            "roost_stream_slow_consumers", "Connections closed as too slow.", registry=registry
        )
        self.attached = Counter(
            "roost_stream_attached", "Upstream streams that were opened.", registry=registry
        )
        self.delay = Histogram(
            "roost_stream_delay_seconds",
            "From when an event was logged to when it was sent, for live events.",
            buckets=_DELAYS,
            registry=registry,
        )
        self.unhandled = Histogram(
            "roost_stream_unhandled_events",
            "How far clients were behind what was sent, by their acks.",
            buckets=_EVENTS,
            registry=registry,
        )

    def frame(self, frame: Struct) -> None:
        """Counts a frame that was sent."""
        kind = type(frame)
        counter = self._by_kind.get(kind)
        if counter is None:
            counter = self._by_kind[kind] = self._frames.labels(str(kind.__struct_config__.tag))
        counter.inc()
