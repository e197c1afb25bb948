"""Events over a real broker: all arrive, in order within a key, and have effects once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from prometheus_client import REGISTRY

from services.chassis.deployment import topics
from services.chassis.events.bus import (
    KafkaConnection,
    Publisher,
    RecordsRefused,
    dead_letter_topic,
    publisher,
    subscriber,
)
from services.chassis.events.records import (
    Event,
    OutboxMessage,
    Record,
    new_event_id,
)
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import outbox as rows
from services.chassis.storage import postgres
from services.chassis.storage.relay import Relay
from tests.stores.chassis.listening import LIMIT, Listener, Topic, read_all, said, subscribed
from tests.waiting import eventually


@pytest.fixture
async def sender(kafka: KafkaConnection) -> AsyncIterator[Publisher]:
    async with publisher(connection=kafka, client_id="test") as made:
        yield made


async def test_all_events_arrive_in_order_within_their_key(
    kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name, listener = topic(partitions=4), Listener()
    for start in range(0, 200, 50):
        await sender.publish(
            [said(name, str(number % 7), str(number)) for number in range(start, start + 50)]
        )

    async with subscribed(kafka, name, sender, listener.routes):
        await eventually(lambda: listener.count == 200, limit=LIMIT)

    for key, texts in listener.received.items():
        assert texts == [str(number) for number in range(200) if number % 7 == int(key)]


async def test_batches_hold_events_of_one_partition_in_order(
    kafka: KafkaConnection, topic: Topic, sender: Publisher
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
    kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name, first, second = topic(partitions=1), Listener(), Listener()
    await sender.publish([said(name, "k", str(number)) for number in range(10)])
    async with subscribed(kafka, name, sender, first.routes):
        await eventually(lambda: first.count == 10, limit=LIMIT)

    await sender.publish([said(name, "k", "more")])
    async with subscribed(kafka, name, sender, second.routes):
        await eventually(lambda: second.count > 0, limit=LIMIT)

    assert second.received == {"k": ["more"]}


async def test_event_that_is_no_event_is_a_dead_letter_with_the_reason(
    kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name, listener = topic(partitions=1), Listener()
    parking = dead_letter_topic(name)
    topics.create(kafka, [parking], partitions=1)
    aside: list[Record] = []
    await sender.send([Record(name, b"k", b"junk", [("type", b"x")])])
    await sender.publish([said(name, "k", "good")])

    async with subscribed(kafka, name, sender, listener.routes):
        await eventually(lambda: listener.count == 1, limit=LIMIT)

    aside = await asyncio.to_thread(read_all, kafka, parking, 1)
    (record,) = aside
    headers = dict(record.headers)
    assert (record.key, record.value) == (b"k", b"junk")
    assert headers["dead-letter-reason"] == b"Undecodable: the header 'time' is missing"
    assert headers["dead-letter-from"] == f"{name}[0]@0".encode()
    assert headers["dead-letter-by"] == f"group.{name}".encode()


async def test_record_that_is_too_large_is_refused_alone(
    kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name = topic(partitions=1)
    large = Record(name, b"k", b"x" * 2_000_000, [])

    with pytest.raises(RecordsRefused) as refused:
        await sender.send([Record(name, b"k", b"1", []), large, Record(name, b"k", b"2", [])])
    await sender.send([Record(name, b"k", b"3", [])])

    records = await asyncio.to_thread(read_all, kafka, name, 3)
    assert list(refused.value.reasons) == [1]
    assert [record.value for record in records] == [b"1", b"2", b"3"]


async def test_outbox_row_that_is_too_large_does_not_hold_up_those_behind_it(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, database: Callable[[str], str]
) -> None:
    name, listener = topic(partitions=1), Listener()
    async with (
        postgres.connect(database("chassis")) as outbox,
        subscribed(kafka, name, sender, listener.routes),
    ):
        small = said(name, "k", "small")
        for event in (replace(small, payload=b"x" * 2_000_000, event_id=new_event_id()), small):
            async with outbox.connection() as connection:
                await rows.append(connection, event, shard_key=0)
        relay = Relay(
            database_url=outbox.url,
            publisher=sender,
            clock=outbox.clock,
            shard_key=ShardKey.USER,
        )
        relaying = asyncio.create_task(relay.run())
        await eventually(lambda: listener.received == {"k": ["small"]}, limit=LIMIT)
        relaying.cancel()
        await asyncio.wait({relaying})
        reasons = await outbox.fetch("SELECT reason FROM outbox_refused")

    assert len(reasons) == 1
    assert "too large" in reasons[0]["reason"].lower()


async def test_partitions_are_shared_and_nothing_is_handled_by_two(
    kafka: KafkaConnection, topic: Topic, sender: Publisher
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
    kafka: KafkaConnection, topic: Topic, sender: Publisher
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

    handled = [
        key for each in (first, second) for key, texts in each.received.items() for _ in texts
    ]
    assert sorted(handled) == sorted(str(number) for number in range(10))


async def test_commit_in_the_database_reaches_a_handler_through_the_relay(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, database: Callable[[str], str]
) -> None:
    name, listener = topic(partitions=2), Listener()
    async with (
        postgres.connect(database("chassis")) as outbox,
        subscribed(kafka, name, sender, listener.routes),
    ):
        relay = Relay(
            database_url=outbox.url,
            publisher=sender,
            clock=outbox.clock,
            shard_key=ShardKey.USER,
        )
        relaying = asyncio.create_task(relay.run())

        async with outbox.transaction(postgres.PostgresTransaction) as transaction:
            await transaction.publish(
                OutboxMessage.of(topic=name, key=1, body=StringValue(value="hello"))
            )

        await eventually(lambda: listener.received == {"1": ["hello"]}, limit=LIMIT)
        relaying.cancel()
        await asyncio.wait({relaying})


async def test_members_that_come_and_go_keep_the_order_of_each_key_and_lose_nothing(
    kafka: KafkaConnection, topic: Topic, sender: Publisher
) -> None:
    name, listener, keys = topic(partitions=3), Listener(), [f"user {n}" for n in range(12)]
    sent, stop = 0, asyncio.Event()

    async def send() -> None:
        nonlocal sent
        while not stop.is_set():
            await sender.publish([said(name, key, str(sent)) for key in keys])
            sent += 1
            await asyncio.sleep(0.05)

    async with subscribed(kafka, name, sender, listener.routes) as one:
        await eventually(lambda: len(one.assigned) == 3, limit=LIMIT)
        sending = asyncio.create_task(send())
        for _ in range(2):
            async with subscribed(kafka, name, sender, listener.routes) as two:
                await eventually(
                    lambda two=two: {len(one.assigned), len(two.assigned)} == {1, 2},  # type: ignore[misc]
                    limit=LIMIT,
                )
                before = listener.count
                await eventually(
                    lambda before=before: listener.count > before + 5 * len(keys),  # type: ignore[misc]
                    limit=LIMIT,
                )
            await eventually(lambda: len(one.assigned) == 3, limit=LIMIT)
        stop.set()
        await sending
        await eventually(lambda: listener.count >= sent * len(keys), limit=LIMIT)

    # An event whose commit came too late may come again, but never in front of an earlier one.
    expected = [str(number) for number in range(sent)]
    assert {key: list(dict.fromkeys(texts)) for key, texts in listener.received.items()} == (
        dict.fromkeys(keys, expected)
    )


def lag_of(group: str, topic: str) -> dict[str, float]:
    """The lag of each partition that has a figure."""
    return {
        sample.labels["partition"]: sample.value
        for metric in REGISTRY.collect()
        if metric.name == "roost_consumer_lag_events"
        for sample in metric.samples
        if (sample.labels["group"], sample.labels["topic"]) == (group, topic)
    }


async def test_lag_is_what_is_not_handled_and_ends_with_the_assignment(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "_LAG_SECONDS", 0.1)
    name, listener = topic(partitions=3), Listener()
    listener.gate.clear()
    await sender.publish([said(name, "k", str(number)) for number in range(7)])

    async with subscribed(kafka, name, sender, listener.routes) as member:
        # All of one key are in one partition, and the first waits at the gate.
        await eventually(lambda: sum(lag_of(member.group, name).values()) == 7, limit=LIMIT)
        assert sorted(lag_of(member.group, name).values()) in ([7], [0, 7], [0, 0, 7])

        listener.gate.set()
        await eventually(lambda: sum(lag_of(member.group, name).values()) == 0, limit=LIMIT)
        assert listener.count == 7
        assert lag_of(member.group, name)

    assert lag_of(member.group, name) == {}
