"""Topics in memory, and consumers that a test advances one batch at a time."""

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
    """All topics. Each group has an offset in each partition, which advances only when the test
    delivers. Events are ordered within a partition, and not between partitions.
    """

    def __init__(self, outboxes: Sequence[Published]) -> None:
        self.groups: list[Group] = []
        self._outboxes = outboxes
        self._relayed = [0] * len(outboxes)
        self._events: dict[_Place, list[Event]] = defaultdict(list)
        self._offsets: dict[tuple[str, _Place], int] = defaultdict(int)

    async def publish(self, events: Sequence[Event]) -> None:
        """Stores events, as the broker does: see `bus.Publisher.publish`."""
        for event in events:
            partition = crc32(event.key.encode()) % PARTITIONS
            self._events[event.topic, partition].append(event)

    async def deliver(
        self, group: Group, topic: str, partition: int, *, count: int, again: bool = False
    ) -> int:
        """Delivers the next events of a partition to a group, and returns their number.

        `again`: the process ends before it commits, so the events are delivered once more.
        """
        await self._relay()
        place = (topic, partition)
        begin = self._offsets[group.name, place]
        events = self._events[place][begin : begin + count]
        if events:
            await group.handle(events)
            if not again:
                self._offsets[group.name, place] += len(events)
        return len(events)

    async def deliver_all(self) -> None:
        """Delivers all events to every group, and those that the handlers publish."""
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
            await self.publish(committed[self._relayed[number] :])
            self._relayed[number] = len(committed)


def one_by_one(routes: Routes) -> BatchHandler:
    """Handles a batch by routes, one event after another."""

    async def handle(events: Sequence[Event]) -> None:
        for event in events:
            handler = routes(event.type)
            if handler is not None:
                await handler(event)

    return handle
