"""Receives events as a member of a consumer group and hands them to handlers.

One thread talks to the broker; handlers run on the event loop, partitions side by side, each in
order. An offset is committed only after its event is done. When a partition moves to another
member, what is being handled is finished and committed first; when it was lost already, it is
dropped, and the inbox keeps its repetition elsewhere from having a second effect.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from prometheus_client import Gauge

from services.chassis.events.bus import offset_recovery
from services.chassis.events.bus.announcements import Announcements
from services.chassis.events.bus.connection import KafkaConnection, RefusalLog, refusal
from services.chassis.events.bus.fetching import Fetching, Place
from services.chassis.events.bus.group_health import has_live_member
from services.chassis.events.bus.membership import Membership, RejoinDecision
from services.chassis.events.bus.partition import Partition, Received
from services.chassis.events.bus.producer import Publisher, RecordsRefused
from services.chassis.events.records import Headers, Record
from services.chassis.events.routes import BatchHandler, Handler
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger

# A member that stops finishes the current event within this time.
DRAIN_SECONDS = 10.0

_FETCHED_AT_ONCE = 500
_FAILURE_SECONDS = 0.5
# What was handled since the last commit comes again after a kill, and is absorbed as any repetition
# is. A commit of a group costs Tansu an object for each partition and one for the group.
_COMMIT_SECONDS = 5.0
_LAG_SECONDS = 5.0

_lag = Gauge(
    "roost_consumer_lag_events",
    "Events of a partition that are not handled yet",
    ["group", "topic", "partition"],
)


def dead_letter_topic(topic: str) -> str:
    """The topic where events of `topic` go that can never be handled."""
    return f"{topic}.dead-letter"


class Subscriber:
    """A member of the consumer group `group`, on topics that exist already.

    Give `handlers` (a `Routes`) for one event at a time, or `batches` for lists of events of one
    partition, in order and of all types. Undecodable events go to `dead_letter_topic(topic)`,
    whole and with headers `dead-letter-reason`, `dead-letter-by` and `dead-letter-from`, and never
    block what follows. A record that is too large for that goes without its value, with the header
    `dead-letter-without-value`. With `announcements` the broker is not asked for records all the
    time (see `fetching`).
    """

    def __init__(
        self,
        *,
        connection: KafkaConnection,
        group: str,
        topics: Sequence[str],
        publisher: Publisher,
        clock: Clock,
        handlers: Callable[[str], Handler | None] = lambda _: None,
        batches: BatchHandler | None = None,
        announcements: Announcements | None = None,
    ) -> None:
        self._configuration: dict[str, Any] = {
            **connection.configuration(),
            "group.id": group,
            "client.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "range",
            # What went silent for this long is out; brokers refuse less. Tansu writes an object for
            # each heartbeat.
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 2_000,
            # Brokers also wait so long for a member that is in the middle of joining. Tansu goes on
            # waiting for one that died there, be it the leader of its group, and gives no member a
            # partition until then. This thread polls all the time, and drains for DRAIN_SECONDS.
            "max.poll.interval.ms": 30_000,
            # Kafka answers a fetch as soon as there is a byte, and this bounds an idle one. Tansu
            # sleeps so long between two looks: it delays an event there by up to this, unless the
            # event is announced.
            "fetch.min.bytes": 1,
            "fetch.wait.max.ms": 50,
            "fetch.error.backoff.ms": 50,
            "fetch.queue.backoff.ms": 20,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1_000,
            "enable.partition.eof": announcements is not None,
            "error_cb": self._note,
            "on_commit": _note_commit,
            "log_level": 2,
        }
        # To ask about the group without being in it.
        self._connecting = connection.configuration() | {
            "log_level": self._configuration["log_level"]
        }
        self._outside = self._connecting | {"group.id": group, "error_cb": self._note}
        self.group = group
        self._topics = list(topics)
        self._publisher = publisher
        self._clock = clock
        self._handlers = handlers
        self._batches = batches
        self._partitions: dict[Place, Partition] = {}
        self._committed: dict[Place, int] = {}
        self._announcements = announcements
        self._fetching = Fetching(group, rests=announcements is not None)
        self._stopping = threading.Event()
        self._membership = Membership(group, self._topics)
        self._refusals = RefusalLog(group)

    @property
    def assigned(self) -> list[Place]:
        """The partitions that this member works on now."""
        return sorted(self._partitions)

    def unready(self) -> str | None:
        """Why this member consumes nothing that it should, in a sentence; None where all is well.

        A member that others leave no partition to is well.
        """
        return self._membership.unready()

    async def run(self) -> None:
        """Works until it is cancelled; then finishes the current events, commits, and leaves.

        A member that has had no partition for long joins its group again. Raises KafkaException if
        the library gives up for good, and whatever ended the work on a partition.
        """
        self._loop = asyncio.get_running_loop()
        self._stopping.clear()
        with ThreadPoolExecutor(1, thread_name_prefix=f"kafka {self.group}") as thread:
            consuming = self._loop.run_in_executor(thread, self._consume)
            listening = asyncio.create_task(self._listen(), name=f"announcements {self.group}")
            try:
                await asyncio.wait({consuming, listening}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._stopping.set()
                self._fetching.interrupt()
                listening.cancel()
                await asyncio.wait({listening})
                await consuming
            if not listening.cancelled():
                listening.result()

    async def _listen(self) -> None:
        if self._announcements is None:
            await asyncio.Future()
            return
        async for announcement in self._announcements.received(self._topics):
            self._fetching.announce(announcement)

    # From here on, on the consumer's thread.

    def _consume(self) -> None:
        rejoins = False
        while not self._stopping.is_set():
            if rejoins:
                offset_recovery.rewrite_committed_offsets(self._outside, self._topics)
            rejoins = True
            consumer = Consumer(self._configuration)
            self._membership.joined()
            try:
                consumer.subscribe(
                    self._topics, on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose
                )
                self._poll(consumer)
            finally:
                self._release(consumer, list(self._partitions), DRAIN_SECONDS)
                consumer.close()

    def _poll(self, consumer: Consumer) -> None:
        """Fetches until it is to stop, or has to join again."""
        failure_at = lag_at = 0.0
        commit_at = time.monotonic() + _COMMIT_SECONDS
        while not self._stopping.is_set():
            message = consumer.poll(self._fetching.wait())
            if message is not None:
                self._dispatch(consumer, [message, *consumer.consume(_FETCHED_AT_ONCE, 0)])
            if taken := self._fetching.take(consumer):
                self._loop.call_soon_threadsafe(self._accept, taken)
            self._fetching.balance(
                consumer,
                {place: partition.backlog for place, partition in list(self._partitions.items())},
            )
            now = time.monotonic()
            if now >= failure_at:
                failure_at = now + _FAILURE_SECONDS
                for partition in list(self._partitions.values()):
                    partition.raise_failure()
            if now >= commit_at:
                commit_at = now + _COMMIT_SECONDS
                self._commit(consumer, list(self._partitions), wait=False)
            if now >= lag_at:
                self._measure(consumer)
                lag_at = now + _LAG_SECONDS
            match self._membership.rejoin_decision():
                case RejoinDecision.LOOK:
                    self._membership.record_check(others_hold_all=self._others_hold_all(consumer))
                case RejoinDecision.REJOIN:
                    logger().warning("consumer_rejoins", group=self.group)
                    self._membership.rejoins()
                    return

    def _others_hold_all(self, consumer: Consumer) -> bool:
        return has_live_member(consumer, self._connecting, self.group, self._topics)

    def _assign(self, _: Consumer, assigned: list[TopicPartition]) -> None:
        places = [(each.topic, each.partition) for each in assigned]
        logger().info("partitions_assigned", group=self.group, partitions=places)
        self._on_loop(self._open(places))
        self._fetching.assigned(places)
        self._membership.holds(self._partitions, settled=True)

    def _revoke(self, consumer: Consumer, revoked: list[TopicPartition]) -> None:
        places = [(each.topic, each.partition) for each in revoked]
        logger().info("partitions_revoked", group=self.group, partitions=places)
        self._release(consumer, places, DRAIN_SECONDS)

    def _lose(self, consumer: Consumer, lost: list[TopicPartition]) -> None:
        places = [(each.topic, each.partition) for each in lost]
        logger().warning("partitions_lost", group=self.group, partitions=places)
        self._on_loop(self._abandon(places))
        self._forget(consumer, places)

    def _release(self, consumer: Consumer, places: Sequence[Place], seconds: float) -> None:
        self._on_loop(self._finish(places, seconds))
        self._commit(consumer, places, wait=True)
        self._forget(consumer, places)

    def _forget(self, consumer: Consumer, places: Sequence[Place]) -> None:
        self._fetching.revoked(consumer, places)
        for place in places:
            self._partitions.pop(place, None)
            self._committed.pop(place, None)
            # Another member measures it from now on.
            with contextlib.suppress(KeyError):
                _lag.remove(self.group, place[0], str(place[1]))
        self._membership.holds(self._partitions, settled=False)

    def _dispatch(self, consumer: Consumer, messages: Sequence[Message]) -> None:
        arrived: dict[Place, list[Received]] = {}
        for message in messages:
            error = message.error()
            place = message.topic() or "", message.partition() or 0
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    self._fetching.ended(consumer, place, message.offset() or 0)
                    continue
                if error.fatal():
                    raise KafkaException(error)
                self._note(error)
                continue
            offset = message.offset() or 0
            # The library gives headers as a list of pairs, though its types allow a dict too.
            headers = cast("Headers", message.headers() or [])
            record = Record(place[0], message.key(), message.value(), headers)
            arrived.setdefault(place, []).append(Received(record, offset))
            self._fetching.arrived(place, offset)
        if arrived:
            self._loop.call_soon_threadsafe(self._accept, arrived)

    def _commit(self, consumer: Consumer, places: Sequence[Place], *, wait: bool) -> None:
        handled = {
            place: partition.handled
            for place in places
            if (partition := self._partitions.get(place)) and partition.handled is not None
        }
        new = {place: to for place, to in handled.items() if self._committed.get(place) != to}
        if not new:
            return
        offsets = [TopicPartition(*place, to) for place, to in new.items()]
        try:
            if wait:
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as refused:
            # The events come again, to this member or to another.
            logger().warning("commit_failed", group=self.group, error=str(refused))
        else:
            self._committed.update(new)

    def _measure(self, consumer: Consumer) -> None:
        """Compares with the end of the log at the last fetch: the answer to a question about it has
        another meaning with each broker, and costs a request a partition. A partition that is
        paused is not fetched, so what arrives after its pause is not counted."""
        for place, partition in list(self._partitions.items()):
            limits = consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
            if limits is None or limits[1] < 0:
                continue  # nothing of it was fetched yet
            position = partition.position
            end = max(limits[1], self._fetching.end(place))
            behind = 0 if position is None else max(0, end - position)
            _lag.labels(self.group, place[0], str(place[1])).set(behind)

    def _note(self, error: KafkaError) -> None:
        # Lost connections and the like: the library tries again by itself.
        if reason := refusal(error):
            self._refusals.write(reason)
            self._membership.refused(reason)
        else:
            logger().debug("kafka_consumer", error=error.str())

    def _on_loop(self, work: Awaitable[None]) -> None:
        async def awaited() -> None:
            await work

        asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    # From here on, on the event loop.

    async def _open(self, places: Sequence[Place]) -> None:
        for topic, number in places:
            self._partitions[topic, number] = Partition(
                topic=topic,
                number=number,
                group=self.group,
                handlers=self._handlers,
                batches=self._batches,
                dead_letter=self._dead_letter,
                clock=self._clock,
            )

    def _accept(self, arrived: dict[Place, list[Received]]) -> None:
        for place, records in arrived.items():
            partition = self._partitions.get(place)
            if partition is not None:
                partition.accept(records)

    async def _finish(self, places: Sequence[Place], seconds: float) -> None:
        await asyncio.gather(*(each.finish(seconds) for each in self._at(places)))

    async def _abandon(self, places: Sequence[Place]) -> None:
        await asyncio.gather(*(each.abandon() for each in self._at(places)))

    def _at(self, places: Sequence[Place]) -> list[Partition]:
        return [self._partitions[place] for place in places if place in self._partitions]

    async def _dead_letter(self, record: Record, partition: int, offset: int, reason: str) -> None:
        headers = [
            *record.headers,
            ("dead-letter-reason", reason[:1000].encode()),
            ("dead-letter-by", self.group.encode()),
            ("dead-letter-from", f"{record.topic}[{partition}]@{offset}".encode()),
        ]
        aside = Record(dead_letter_topic(record.topic), record.key, record.value, headers)
        try:
            await self._publisher.send([aside])
        except RecordsRefused:
            # With the headers it is larger than the one that the broker took before.
            headers.append(("dead-letter-without-value", b"true"))
            await self._publisher.send([aside._replace(value=None, headers=headers)])


def _note_commit(error: KafkaError | None, _: Any) -> None:
    if error is not None:
        logger().warning("commit_failed", error=error.str())
