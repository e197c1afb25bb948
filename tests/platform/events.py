"""Topics in memory, and consumers that a test moves along them one batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

from services.chassis.events.bus import BatchHandler, Routes
from services.chassis.events.records import Event

PARTITIONS = 2
# What a store has committed, in order: `MemoryDatabase.published`.
Published = Callable[[], Sequence[Event]]
_Place = tuple[str, int]


@dataclass(frozen=True)
class Group:
    """A consumer group: its topics, and what it does with a batch of one partition."""

    name: str
    topics: Sequence[str]
    handle: BatchHandler


class Log:
    """All topics. Each group stands at a place of its own in each partition, as far behind as the
    test leaves it; within a partition order is kept, and nothing else is.
    """

    def __init__(self, outboxes: Sequence[Published]) -> None:
        self.groups: list[Group] = []
        self._outboxes = outboxes
        self._taken = [0] * len(outboxes)
        self._events: dict[_Place, list[Event]] = defaultdict(list)
        self._done: dict[tuple[str, _Place], int] = defaultdict(int)

    async def publish(self, events: Sequence[Event]) -> None:
        """Take events as the broker does: see `bus.Publisher.publish`."""
        for event in events:
            partition = crc32(event.key.encode()) % PARTITIONS
            self._events[event.topic, partition].append(event)

    async def deliver(
        self, group: Group, topic: str, partition: int, *, count: int, again: bool = False
    ) -> int:
        """Give a group its next events of a partition, and say how many those were.

        ``again``: its process dies before it could commit, and they will come once more.
        """
        await self._relay()
        place = (topic, partition)
        begin = self._done[group.name, place]
        events = self._events[place][begin : begin + count]
        if events:
            await group.handle(events)
            if not again:
                self._done[group.name, place] += len(events)
        return len(events)

    async def deliver_all(self) -> None:
        """Give every group all that there is, and what comes of that."""
        while True:
            moved = 0
            for group in self.groups:
                for topic in group.topics:
                    for partition in range(PARTITIONS):
                        moved += await self.deliver(group, topic, partition, count=100)
            if not moved:
                return

    async def _relay(self) -> None:
        for number, published in enumerate(self._outboxes):
            committed = published()
            await self.publish(committed[self._taken[number] :])
            self._taken[number] = len(committed)


def one_by_one(routes: Routes) -> BatchHandler:
    """Handle a batch by routes, each event after the one before."""

    async def handle(events: Sequence[Event]) -> None:
        for event in events:
            handler = routes(event.type)
            if handler is not None:
                await handler(event)

    return handle
