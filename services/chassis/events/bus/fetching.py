"""Which partitions of a consumer are fetched, and what it takes from announcements instead.

Kafka holds a fetch until a record arrives. Tansu looks for records, sleeps, and looks again, for
every consumer and topic all day long. There a partition of which everything was fetched rests: the
library does not fetch it. It goes on from announcements (see `announcements`), and is fetched where
they have a gap. As an announcement may be lost, resting partitions are also fetched every second
or two.

A partition is paused as well while its handlers are behind.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition
from prometheus_client import Counter

from services.chassis.events.bus.announcements import Announcement
from services.chassis.events.bus.partition import Received
from services.chassis.runtime.logs import logger

# A partition with more waiting records is not fetched until it is down to the lower figure.
MAX_BACKLOG, LOW_BACKLOG = 2_000, 500
# The time between two fetches of resting partitions: what a lost announcement costs.
LOOK_SECONDS = (1.0, 2.0)

# What arrives ends a poll at once. Nothing arrives of partitions that are paused, so while some
# are, the consumer looks more often whether they may go on, or were announced.
_POLL_SECONDS, _FULL_POLL_SECONDS, _RESTING_POLL_SECONDS = 0.25, 0.05, 0.02
# Beyond it the oldest are dropped, and their records are fetched.
_MAX_WAITING = 1_000

_announcements = Counter(
    "roost_consumer_announcements_total",
    "Announcements of records that the group did not have, by what followed",
    ["group", "outcome"],
)

Place = tuple[str, int]


class Fetching:
    """The state of the fetches of one consumer, whose thread calls it. `announce` and `interrupt`
    may be called by any thread.

    With `rests` the library must report the end of partitions (`enable.partition.eof`).
    """

    def __init__(
        self,
        group: str,
        *,
        rests: bool,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._rests = rests
        self._monotonic = monotonic
        self._uniform = uniform
        self._held: set[Place] = set()
        # The offset of the first record that did not arrive yet.
        self._next: dict[Place, int] = {}
        self._resting: set[Place] = set()
        self._full: set[Place] = set()
        # Up to which offset (exclusive) the broker has records, by announcements.
        self._announced_end: dict[Place, int] = {}
        self._look_at = 0.0
        self._waiting: deque[Announcement] = deque(maxlen=_MAX_WAITING)
        self._interrupted = threading.Event()
        self._taken = _announcements.labels(group, "taken")
        self._fetched = _announcements.labels(group, "fetched")

    def announce(self, announcement: Announcement) -> None:
        """Queues it for `take`, and ends a `wait`."""
        self._waiting.append(announcement)
        self._interrupted.set()

    def interrupt(self) -> None:
        """Ends a `wait`."""
        self._interrupted.set()

    def end(self, place: Place) -> int:
        """The offset up to which (exclusive) records arrived; 0 if unknown."""
        return self._next.get(place, 0)

    def assigned(self, places: Collection[Place]) -> None:
        """The library begins to fetch these partitions."""
        self._held.update(places)

    def revoked(self, consumer: Consumer, places: Collection[Place]) -> None:
        """The partitions are no longer the member's."""
        for place in places:
            if place in self._resting or place in self._full:
                # The library keeps a pause for the time when the partition comes back.
                self._resume(consumer, place)
            self._held.discard(place)
            self._resting.discard(place)
            self._full.discard(place)
            self._next.pop(place, None)
            self._announced_end.pop(place, None)

    def arrived(self, place: Place, offset: int) -> None:
        """A record was fetched."""
        if place in self._held:
            self._next[place] = offset + 1

    def ended(self, consumer: Consumer, place: Place, offset: int) -> None:
        """The library has fetched everything before this offset: the partition rests."""
        if not self._rests or place not in self._held or place in self._full:
            return
        self._next[place] = offset
        if self._announced_end.get(place, 0) <= offset:
            self._pause(consumer, place)
            self._resting.add(place)

    def wait(self) -> float:
        """Waits for an announcement while everything rests, and returns how many seconds the next
        poll may take. The library must be polled now and then: rebalances happen in polls."""
        if not self._resting:
            return _FULL_POLL_SECONDS if self._full else _POLL_SECONDS
        if self._full or self._resting != self._held:
            return _RESTING_POLL_SECONDS
        until_look = max(0.0, self._look_at - self._monotonic())
        self._interrupted.wait(min(_POLL_SECONDS, until_look))
        return 0.0

    def take(self, consumer: Consumer) -> dict[Place, list[Received]]:
        """Records that are handled without a fetch, by partition. Has others fetched: those that an
        announcement shows to be missing, and now and then whatever there may be."""
        self._interrupted.clear()
        taken: dict[Place, list[Received]] = {}
        while self._waiting:
            announcement = self._waiting.popleft()
            place = announcement.topic, announcement.partition
            if place not in self._held:
                continue
            self._announced_end[place] = max(announcement.end, self._announced_end.get(place, 0))
            if place not in self._resting or place in self._full:
                continue
            begin = self._next[place]
            if announcement.end <= begin:
                continue
            if announcement.contents and announcement.first <= begin:
                records = enumerate(announcement.records(begin), begin)
                received = [Received(record, offset) for offset, record in records]
                taken.setdefault(place, []).extend(received)
                self._next[place] = announcement.end
                self._taken.inc()
            else:
                self._fetch(consumer, place)
                self._fetched.inc()
        now = self._monotonic()
        if self._resting and now >= self._look_at:
            self._look_at = now + self._uniform(*LOOK_SECONDS)
            for place in self._resting - self._full:
                self._fetch(consumer, place)
        return taken

    def balance(self, consumer: Consumer, backlogs: Mapping[Place, int]) -> None:
        """Fetches no more of a partition than its handler keeps up with."""
        for place, backlog in backlogs.items():
            if place not in self._full and backlog > MAX_BACKLOG:
                self._pause(consumer, place)
                self._full.add(place)
            elif place in self._full and backlog <= LOW_BACKLOG:
                self._full.discard(place)
                self._fetch(consumer, place)

    def _fetch(self, consumer: Consumer, place: Place) -> None:
        self._resting.discard(place)
        self._resume(consumer, place)
        begin = self._next.get(place)
        if begin is not None:
            # It changes nothing but this: the library's thread, which sleeps for up to a second
            # while nothing is to be fetched, begins at once.
            self._call(consumer.seek, TopicPartition(*place, begin))

    def _pause(self, consumer: Consumer, place: Place) -> None:
        self._call(consumer.pause, [TopicPartition(*place)])

    def _resume(self, consumer: Consumer, place: Place) -> None:
        self._call(consumer.resume, [TopicPartition(*place)])

    def _call(self, act: Callable[..., None], *arguments: object) -> None:
        try:
            act(*arguments)
        except KafkaException as refused:
            # The library lost the partition, and will say so.
            logger().debug("kafka_fetching", error=str(refused))
