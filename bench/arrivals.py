"""When the requests of an open loop are due, independently of earlier answers."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field


def poisson(rate: float, seconds: float, *, seed: int) -> Iterator[float]:
    """Arrival times of a Poisson process from 0 to ``seconds``, ``rate`` a second.

    The same seed gives the same times.
    """
    if rate <= 0:
        raise ValueError("a rate is above 0")
    dice = random.Random(seed)
    moment = dice.expovariate(rate)
    while moment < seconds:
        yield moment
        moment += dice.expovariate(rate)


@dataclass
class Queue:
    """Requests that are due and those in flight, on a bounded number of connections.

    A request that is due while every connection is busy waits here. Its latency counts from the
    moment when it was due, so a server that stalls is charged for all requests of that time (no
    coordinated omission, which a closed loop has).
    """

    connections: int
    _free: list[int] = field(default_factory=list)
    _waiting: deque[float] = field(default_factory=deque)
    _due: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free = list(range(self.connections))

    @property
    def waiting(self) -> int:
        """The number of requests that are due and not sent."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """The number of requests that were sent and not answered."""
        return len(self._due)

    def arrive(self, due: float) -> int | None:
        """Add a request that is due; return the connection to send it on, None if all are busy."""
        if not self._free:
            self._waiting.append(due)
            return None
        connection = heapq.heappop(self._free)
        self._due[connection] = due
        return connection

    def answer(self, connection: int, now: float) -> tuple[float, bool]:
        """Record an answer; return its latency, and whether a request waits for this connection."""
        latency = now - self._due.pop(connection)
        if self._waiting:
            self._due[connection] = self._waiting.popleft()
            return latency, True
        heapq.heappush(self._free, connection)
        return latency, False
