"""The state of a gateway process: its load, its metrics, and whether it stops."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry


@dataclass(slots=True)
class State:
    """The state of one process, which its parts share."""

    # Of all metrics.
    registry: CollectorRegistry
    max_in_flight: int
    in_flight: int = 0
    stopping: bool = False
