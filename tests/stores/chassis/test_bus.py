"""Events over a real broker: all arrive, in order within a key, and have effects once."""

import asyncio
import random
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import cast

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from google.protobuf.wrappers_pb2 import StringValue

from local import topics
from services.chassis import postgres
from services.chassis.bus import (
    BatchHandler,
    Publisher,
    PublishFailed,
    Routes,
    Subscriber,
    parked,
    publisher,
)
from services.chassis.clock import SystemClock
from services.chassis.events import Event, Headers, OutboxMessage, Record
from services.chassis.relay import Relay
from tests.engines import Engines
from tests.waiting import eventually

# A member waits for seconds before the broker gives it partitions, or takes them from a dead one.
LIMIT = 60.0
Topic = Callable[..., str]


def said(topic: str, key: str, text: str) -> Event:
    message = OutboxMessage.of(topic=topic, key=key, body=StringValue(value=text))
    return Event.from_message(message, time=datetime.now(UTC), traceparent=None)


@pytest.fixture
async def sender(kafka: str) -> AsyncIterator[Publisher]:
    async with publisher(brokers=kafka, client_id="test") as made:
        yield made


class Listener:
    """Notes what it hears, by key."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)
        self.gate = asyncio.Event()
        self.gate.set()

    async def hear(self, event: Event, body: StringValue) -> None:
        await self.gate.wait()
        self.heard[event.key].append(body.value)

    @property
    def count(self) -> int:
        return sum(len(texts) for texts in self.heard.values())

    @property
    def routes(self) -> Routes:
        made = Routes()
        made.on(StringValue, self.hear)
        return made


@asynccontextmanager
async def subscribed(
    kafka: str,
    topic: str,
    sender: Publisher,
    routes: Routes | None = None,
    *,
    batches: BatchHandler | None = None,
) -> AsyncIterator[Subscriber]:
    made = Subscriber(
        brokers=kafka,
        group=f"group.{topic}",
        topics=[topic],
        publisher=sender,
        clock=SystemClock(),
        handlers=routes or Routes(),
        batches=batches,
    )
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_all_events_arrive_in_order_within_their_key(
    kafka: str, topic: Topic, sender: Publisher
) -> None:
    name, listener = topic(partitions=4), Listener()
    for start in range(0, 200, 50):
        await sender.publish(
            [said(name, str(number % 7), str(number)) for number in range(start, start + 50)]
        )

    async with subscribed(kafka, name, sender, listener.routes):
        await eventually(lambda: listener.count == 200, limit=LIMIT)

    for key, texts in listener.heard.items():
        assert texts == [str(number) for number in range(200) if number % 7 == int(key)]


async def test_batches_hold_events_of_one_partition_in_order(
    kafka: str, topic: Topic, sender: Publisher
) -> None:
    name = topic(partitions=1)
    batches: list[list[str]] = []

    async def handle(events: Sequence[Event]) -> None:
        batches.append([event.key for event in events])

    await sender.publish([said(name, str(number), "x") for number in range(30)])
    async with subscribed(kafka, name, sender, batches=handle):
        await eventually(lambda: sum(map(len, batches)) == 30, limit=LIMIT)

    assert [key for batch in batches for key in batch] == [str(number) for number in range(30)]
    assert len(batches) < 30


async def test_member_that_stops_leaves_off_where_the_next_one_begins(
    kafka: str, topic: Topic, sender: Publisher
) -> None:
    name, first, second = topic(partitions=1), Listener(), Listener()
    await sender.publish([said(name, "k", str(number)) for number in range(10)])
    async with subscribed(kafka, name, sender, first.routes):
        await eventually(lambda: first.count == 10, limit=LIMIT)

    await sender.publish([said(name, "k", "more")])
    async with subscribed(kafka, name, sender, second.routes):
        await eventually(lambda: second.count > 0, limit=LIMIT)

    assert second.heard == {"k": ["more"]}


async def test_event_that_is_no_event_is_parked_with_the_reason(
    kafka: str, topic: Topic, sender: Publisher
) -> None:
    name, listener = topic(partitions=1), Listener()
    parking = parked(name)
    create_exactly(kafka, parking)
    aside: list[Record] = []
    await sender.send([Record(name, b"k", b"junk", [("type", b"x")])])
    await sender.publish([said(name, "k", "good")])

    async with subscribed(kafka, name, sender, listener.routes):
        await eventually(lambda: listener.count == 1, limit=LIMIT)

    aside = await asyncio.to_thread(read_all, kafka, parking, 1)
    (record,) = aside
    headers = dict(record.headers)
    assert (record.key, record.value) == (b"k", b"junk")
    assert headers["parked-reason"] == b"Undecodable: the header 'time' is missing"
    assert headers["parked-from"] == f"{name}[0]@0".encode()
    assert headers["parked-by"] == f"group.{name}".encode()


async def test_partitions_are_shared_and_nothing_is_handled_by_two(
    kafka: str, topic: Topic, sender: Publisher
) -> None:
    name, first, second = topic(partitions=4), Listener(), Listener()
    async with subscribed(kafka, name, sender, first.routes) as one:
        await eventually(lambda: len(one.assigned) == 4, limit=LIMIT)
        await sender.publish([said(name, str(number), "before") for number in range(20)])
        await eventually(lambda: first.count == 20, limit=LIMIT)

        async with subscribed(kafka, name, sender, second.routes) as two:
            await eventually(lambda: len(one.assigned) == len(two.assigned) == 2, limit=LIMIT)
            assert not set(one.assigned) & set(two.assigned)
            await sender.publish([said(name, str(number), "after") for number in range(20)])
            await eventually(lambda: first.count + second.count == 40, limit=LIMIT)

        await eventually(lambda: len(one.assigned) == 4, limit=LIMIT)

    assert 0 < second.count < 20


async def test_partition_that_moves_waits_for_the_event_at_hand(
    kafka: str, topic: Topic, sender: Publisher
) -> None:
    name, first, second = topic(partitions=2), Listener(), Listener()
    first.gate.clear()
    await sender.publish([said(name, str(number), "x") for number in range(10)])
    async with subscribed(kafka, name, sender, first.routes) as one:
        await eventually(lambda: len(one.assigned) == 2, limit=LIMIT)
        async with subscribed(kafka, name, sender, second.routes) as two:
            asyncio.get_running_loop().call_later(5.0, first.gate.set)
            await eventually(lambda: len(two.assigned) == 1, limit=LIMIT)
            await eventually(lambda: first.count + second.count >= 10, limit=LIMIT)

    handled = [key for each in (first, second) for key, texts in each.heard.items() for _ in texts]
    assert sorted(handled) == sorted(str(number) for number in range(10))


async def test_killed_consumer_has_every_effect_once(
    kafka: str, topic: Topic, sender: Publisher, database: Callable[[str], str]
) -> None:
    name, url = topic(partitions=4), database("chassis")
    async with effects_in(url) as effects:
        await sender.publish([said(name, str(n % 20), str(n)) for n in range(300)])
        for goal in (random.randint(20, 80), random.randint(100, 200)):
            async with consumer_process(kafka, name, url) as process:
                await eventually(partial(effects.at_least, goal), limit=LIMIT)
                process.kill()
        async with consumer_process(kafka, name, url):
            await eventually(partial(effects.at_least, 300), limit=LIMIT)

        by_key = await effects.by_key()

    assert sum(map(len, by_key.values())) == 300
    assert all(texts == sorted(texts) for texts in by_key.values())


async def test_consumer_that_was_frozen_and_wakes_up_again_repeats_no_effect(
    kafka: str, topic: Topic, sender: Publisher, database: Callable[[str], str]
) -> None:
    name, url = topic(partitions=2), database("chassis")
    async with effects_in(url) as effects:
        await sender.publish([said(name, str(n % 20), str(n)) for n in range(200)])
        async with consumer_process(kafka, name, url) as frozen:
            await eventually(partial(effects.at_least, 40), limit=LIMIT)
            frozen.send_signal(signal.SIGSTOP)

            async with consumer_process(kafka, name, url):
                await eventually(partial(effects.at_least, 200), limit=LIMIT)
                frozen.send_signal(signal.SIGCONT)
                await sender.publish([said(name, str(n % 20), str(n)) for n in range(200, 400)])
                await eventually(partial(effects.at_least, 400), limit=LIMIT)

        by_key = await effects.by_key()

    assert sum(map(len, by_key.values())) == 400
    assert all(texts == sorted(texts) for texts in by_key.values())


async def test_commit_in_the_database_reaches_a_handler_through_the_relay(
    kafka: str, topic: Topic, sender: Publisher, database: Callable[[str], str]
) -> None:
    name, listener = topic(partitions=2), Listener()
    async with (
        postgres.connect(database("chassis")) as outbox,
        subscribed(kafka, name, sender, listener.routes),
    ):
        relay = Relay(database_url=outbox.url, publisher=sender, clock=outbox.clock)
        relaying = asyncio.create_task(relay.run())

        async with outbox.transaction(postgres.PostgresTransaction) as transaction:
            await transaction.publish(
                OutboxMessage.of(topic=name, key=1, body=StringValue(value="hello"))
            )

        await eventually(lambda: listener.heard == {"1": ["hello"]}, limit=LIMIT)
        relaying.cancel()
        await asyncio.wait({relaying})


async def test_broker_that_goes_away_fails_the_delivery_and_a_later_one_works(
    engines: Engines, kafka: str, topic: Topic
) -> None:
    name = topic(partitions=1)
    async with publisher(brokers=kafka, client_id="test", delivery_seconds=2.0) as sender:
        await sender.publish([said(name, "k", "before")])

        await asyncio.to_thread(engines.stop, "broker")
        with pytest.raises(PublishFailed) as failure:
            await sender.publish([said(name, "k", "lost")])
        await asyncio.to_thread(engines.start, "broker")

        await until_published(sender, said(name, "k", "after"))

    records = await asyncio.to_thread(read_all, kafka, name, 2)
    texts = [StringValue.FromString(record.value or b"").value for record in records]
    assert failure.value.delivered == 0
    assert texts == ["before", "after"]


async def test_consumer_goes_on_when_the_broker_is_back(
    engines: Engines, kafka: str, topic: Topic, sender: Publisher
) -> None:
    name, listener = topic(partitions=2), Listener()
    async with subscribed(kafka, name, sender, listener.routes):
        await sender.publish([said(name, "k", "before")])
        await eventually(lambda: listener.heard["k"] == ["before"], limit=LIMIT)

        await asyncio.to_thread(engines.stop, "broker")
        await asyncio.to_thread(engines.start, "broker")
        await until_published(sender, said(name, "k", "after"))

        await eventually(lambda: listener.heard["k"][-1] == "after", limit=LIMIT)


async def until_published(sender: Publisher, event: Event) -> None:
    async def published() -> bool:
        try:
            await sender.publish([event])
        except PublishFailed:
            return False
        return True

    await eventually(published, limit=LIMIT)


class Effects:
    """What the consumers of `effects_consumer` did."""

    def __init__(self, database: postgres.Database) -> None:
        self._database = database

    async def at_least(self, count: int) -> bool:
        return bool(await self._database.fetchval("SELECT count(*) >= $1 FROM effects", count))

    async def by_key(self) -> dict[str, list[int]]:
        """The numbers of each key, in the order in which they took effect."""
        found: dict[str, list[int]] = defaultdict(list)
        for row in await self._database.fetch("SELECT key, text FROM effects ORDER BY id"):
            found[row["key"]].append(int(row["text"]))
        return found


@asynccontextmanager
async def effects_in(url: str) -> AsyncIterator[Effects]:
    async with postgres.connect(url) as connected:
        await connected.execute(
            "CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, key text, text text)"
        )
        yield Effects(connected)


@asynccontextmanager
async def consumer_process(
    kafka: str, topic: str, database_url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.stores.chassis.effects_consumer",
        kafka,
        f"group.{topic}",
        topic,
        database_url,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def create_exactly(kafka: str, name: str) -> None:
    topics.create(kafka, [name], partitions=1)


def read_all(kafka: str, name: str, count: int) -> list[Record]:
    """The first records of a topic of one partition."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"read.{name}"})
    try:
        consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING)])
        records: list[Record] = []
        for message in consumer.consume(count, timeout=20.0):
            headers = cast("Headers", message.headers() or [])
            records.append(Record(name, message.key(), message.value(), headers))
        return records
    finally:
        consumer.close()
