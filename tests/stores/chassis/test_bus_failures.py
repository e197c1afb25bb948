"""Consumers that die or freeze, and a broker that goes away: nothing lost, effects once."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from services.chassis.events.bus import KafkaConnection, Publisher, PublishFailed, publisher
from services.chassis.events.bus.producer import DELIVERY_SECONDS
from services.chassis.events.records import Event
from tests.engines import Engines
from tests.stores.chassis.effects import consumer_process, effects_in
from tests.stores.chassis.listening import LIMIT, Listener, Topic, read_all, said, subscribed
from tests.waiting import eventually


@pytest.fixture
async def sender(kafka: KafkaConnection) -> AsyncIterator[Publisher]:
    async with publisher(connection=kafka, client_id="test") as made:
        yield made


async def test_killed_consumer_has_every_effect_once(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, database: Callable[[str], str]
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
    kafka: KafkaConnection, topic: Topic, sender: Publisher, database: Callable[[str], str]
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


async def test_broker_that_goes_away_fails_the_delivery_and_a_later_one_works(
    engines: Engines, kafka: KafkaConnection, topic: Topic
) -> None:
    name = topic(partitions=1)
    async with publisher(connection=kafka, client_id="test", delivery_seconds=2.0) as sender:
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


async def test_store_of_the_broker_that_goes_away_fails_all_deliveries_and_later_ones_work(
    engines: Engines, kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    if "seaweedfs" not in engines.broker.needs:
        pytest.skip("this broker keeps its log on its own disk")
    name = topic(partitions=2)
    await sender.publish([said(name, key, "before") for key in "ab"])

    await asyncio.to_thread(engines.stop, "seaweedfs")
    async with asyncio.timeout(LIMIT + DELIVERY_SECONDS):
        failures = await asyncio.gather(
            *(sender.publish([said(name, key, "lost")]) for key in "abab"),
            return_exceptions=True,
        )
    await asyncio.to_thread(engines.start, "seaweedfs")
    await until_published(sender, said(name, "a", "after"))

    assert all(isinstance(failure, PublishFailed) for failure in failures)


async def test_killed_broker_has_all_that_it_acknowledged_in_order(
    engines: Engines, kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name, written, stop = topic(partitions=1), 0, asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            batch = [said(name, "k", str(number)) for number in range(written, written + 20)]
            await eventually(partial(published, sender, batch), limit=LIMIT)
            written += len(batch)

    writing = asyncio.create_task(write())
    for _ in range(2):
        before = written
        await eventually(lambda before=before: written > before + 40, limit=LIMIT)  # type: ignore[misc]
        engines.kill("broker")
    await eventually(lambda before=written: written > before + 40, limit=LIMIT)  # type: ignore[misc]
    stop.set()
    await writing

    numbers = await asyncio.to_thread(read_to, kafka, name, written - 1)
    assert list(dict.fromkeys(numbers)) == list(range(written))


async def test_consumer_goes_on_when_the_broker_is_back(
    engines: Engines, kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name, listener = topic(partitions=2), Listener()
    async with subscribed(kafka, name, sender, listener.routes):
        await sender.publish([said(name, "k", "before")])
        await eventually(lambda: listener.received["k"] == ["before"], limit=LIMIT)

        await asyncio.to_thread(engines.stop, "broker")
        await asyncio.to_thread(engines.start, "broker")
        await until_published(sender, said(name, "k", "after"))

        await eventually(lambda: listener.received["k"][-1] == "after", limit=LIMIT)


def read_to(kafka: KafkaConnection, name: str, last: int) -> list[int]:
    """The numbers in a topic of one partition up to the last; how many repeat, nobody knows."""
    count = last + 1
    while True:
        records = read_all(kafka, name, count)
        numbers = [int(StringValue.FromString(record.value or b"").value) for record in records]
        if last in numbers or len(records) < count:
            return numbers
        count *= 2


async def until_published(sender: Publisher, event: Event) -> None:
    await eventually(partial(published, sender, [event]), limit=LIMIT)


async def published(sender: Publisher, events: Sequence[Event]) -> bool:
    try:
        await sender.publish(events)
    except PublishFailed:
        return False
    return True
