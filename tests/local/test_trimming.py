"""The embedded broker's log loses what every group has read, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from local.parts.seaweedfs import BROKER_BUCKET
from local.parts.tansu import CLUSTER, Tansu
from local.trimming import MOST_BATCHES, LogTrimming, done, folders
from services.chassis.events.bus import KafkaConnection
from tests.engines import Engines
from tests.waiting import LIMIT, eventually

WRITTEN = MOST_BATCHES + 10


def test_batches_are_done_once_all_their_records_are_read() -> None:
    batches = ["00000000000000000000.batch", "00000000000000000003.batch"]

    assert done(batches, 2) == []
    assert done(batches, 3) == batches[:1]


def test_newest_batch_is_never_done() -> None:
    assert done(["00000000000000000007.batch"], 100) == []
    assert done([], 100) == []


@pytest.fixture
async def trimmed(
    kafka: KafkaConnection, engines: Engines, topic: Callable[..., str]
) -> AsyncIterator[Callable[[Sequence[str]], str]]:
    """Make a topic that is trimmed as soon as the named groups have read."""
    if not isinstance(engines.broker, Tansu):
        pytest.skip("another broker keeps its log short by itself")
    tasks: list[asyncio.Task[None]] = []

    def make(groups: Sequence[str]) -> str:
        name = topic("trimmed", partitions=1)
        trimming = LogTrimming(
            connection=kafka,
            topics_url=_topics(engines),
            credential=engines.seaweedfs.credential,
            consumers={name: groups},
            check_seconds=0.1,
        )
        tasks.append(asyncio.create_task(trimming.run()))
        return name

    yield make
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_what_all_have_read_is_dropped(
    kafka: KafkaConnection, engines: Engines, trimmed: Callable[[Sequence[str]], str]
) -> None:
    name = trimmed(["early", "late"])
    await asyncio.to_thread(_write, kafka, name)
    await asyncio.to_thread(_commit, kafka, name, "early", WRITTEN)
    await asyncio.to_thread(_commit, kafka, name, "late", 12)

    async def twelve_are_gone() -> bool:
        return len(await _batches(engines, name)) == WRITTEN - 12

    await eventually(twelve_are_gone)
    offsets = await asyncio.to_thread(_read, kafka, name, "late")
    assert offsets == list(range(12, WRITTEN))


async def test_group_that_never_read_holds_everything(
    kafka: KafkaConnection, engines: Engines, trimmed: Callable[[Sequence[str]], str]
) -> None:
    witness, held = trimmed(["reader"]), trimmed(["reader", "never there"])
    for name in (held, witness):
        await asyncio.to_thread(_write, kafka, name)
        await asyncio.to_thread(_commit, kafka, name, "reader", WRITTEN)

    async def only_the_newest_is_left() -> bool:
        return len(await _batches(engines, witness)) == 1

    await eventually(only_the_newest_is_left)
    await eventually(only_the_newest_is_left)
    assert len(await _batches(engines, held)) == WRITTEN


def _topics(engines: Engines) -> str:
    filer = engines.seaweedfs.filer
    return f"http://{filer}/buckets/{BROKER_BUCKET}/clusters/{CLUSTER}/topics"


async def _batches(engines: Engines, name: str) -> list[str]:
    async with folders(_topics(engines), engines.seaweedfs.credential) as topics:
        return await topics.names(f"{name}/partitions/0000000000/records")


def _write(kafka: KafkaConnection, name: str) -> None:
    producer = Producer(kafka.configuration() | {"acks": "all"})
    for number in range(WRITTEN):
        producer.produce(name, key="a", value=str(number))
        producer.flush(10)  # each is a separate batch


def _commit(kafka: KafkaConnection, name: str, group: str, offset: int) -> None:
    consumer = _consumer(kafka, group)
    consumer.commit(offsets=[TopicPartition(name, 0, offset)], asynchronous=False)
    consumer.close()


def _read(kafka: KafkaConnection, name: str, group: str) -> list[int]:
    consumer = _consumer(kafka, group)
    (committed,) = consumer.committed([TopicPartition(name, 0)])
    consumer.assign([committed])
    found = [
        message.offset() or 0
        for message in consumer.consume(WRITTEN - committed.offset, timeout=LIMIT)
    ]
    consumer.close()
    return found


def _consumer(kafka: KafkaConnection, group: str) -> Consumer:
    return Consumer(kafka.configuration() | {"group.id": group, "auto.offset.reset": "earliest"})
