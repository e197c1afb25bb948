"""What tests of the bus listen with."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from google.protobuf.wrappers_pb2 import StringValue

from services.chassis.events.bus import (
    Announcements,
    BatchHandler,
    KafkaConnection,
    Publisher,
    Routes,
    Subscriber,
)
from services.chassis.events.records import (
    Event,
    Headers,
    OutboxMessage,
    Record,
)
from services.chassis.runtime.clock import SystemClock

# A member waits for seconds before the broker gives it partitions, or takes them from a dead one.
LIMIT = 60.0
Topic = Callable[..., str]


def said(topic: str, key: str, text: str) -> Event:
    message = OutboxMessage.of(topic=topic, key=key, body=StringValue(value=text))
    return Event.from_message(message, time=datetime.now(UTC), traceparent=None)


class Listener:
    """Records events by key."""

    def __init__(self) -> None:
        self.received: dict[str, list[str]] = defaultdict(list)
        self.gate = asyncio.Event()
        self.gate.set()

    async def receive(self, event: Event, body: StringValue) -> None:
        await self.gate.wait()
        self.received[event.key].append(body.value)

    @property
    def count(self) -> int:
        return sum(len(texts) for texts in self.received.values())

    @property
    def routes(self) -> Routes:
        made = Routes()
        made.on(StringValue, self.receive)
        return made


@asynccontextmanager
async def subscribed(
    kafka: KafkaConnection,
    topic: str,
    sender: Publisher,
    routes: Routes | None = None,
    *,
    batches: BatchHandler | None = None,
    announcements: Announcements | None = None,
) -> AsyncIterator[Subscriber]:
    made = Subscriber(
        connection=kafka,
        group=f"group.{topic}",
        topics=[topic],
        publisher=sender,
        clock=SystemClock(),
        handlers=routes or Routes(),
        batches=batches,
        announcements=announcements,
    )
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.wait({running})


def read_all(kafka: KafkaConnection, name: str, count: int) -> list[Record]:
    """The first records of a topic of one partition; fewer, where a while nothing more comes."""
    consumer = Consumer(kafka.configuration() | {"group.id": f"read.{name}"})
    try:
        consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING)])
        records: list[Record] = []
        for message in consumer.consume(count, timeout=LIMIT):
            headers = cast("Headers", message.headers() or [])
            records.append(Record(name, message.key(), message.value(), headers))
        return records
    finally:
        consumer.close()
