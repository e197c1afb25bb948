"""A member that is given no partition says so, and joins again until it gets some."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from confluent_kafka import Consumer
from prometheus_client import REGISTRY

from services.chassis.events.bus import (
    KafkaConnection,
    Publisher,
    Subscriber,
    membership,
    publisher,
    subscriber,
)
from tests.stores.chassis.effects import consumer_process
from tests.stores.chassis.listening import Listener, Topic, said, subscribed
from tests.waiting import eventually

# Many times what a broker takes to give partitions to a member.
LIMIT = 240.0


def counted(name: str, member: Subscriber) -> float:
    return REGISTRY.get_sample_value(name, {"group": member.group}) or 0.0


@pytest.fixture
async def sender(kafka: KafkaConnection) -> AsyncIterator[Publisher]:
    async with publisher(connection=kafka, client_id="test") as made:
        yield made


class Forgetful(Consumer):  # type: ignore[misc]
    """A consumer that the broker never gives a partition: it is connected, and in no group."""

    made = 0

    def subscribe(self, topics: list[str], **callbacks: Any) -> None:
        type(self).made += 1
        if type(self).made > 1:
            super().subscribe(topics, **callbacks)


async def test_member_that_is_never_given_a_partition_joins_anew(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Forgetful, "made", 0)
    monkeypatch.setattr(subscriber, "Consumer", Forgetful)
    monkeypatch.setattr(membership, "UNASSIGNED_SECONDS", 1.0)
    monkeypatch.setattr(membership, "REJOIN_SECONDS", (2.0, 60.0))
    name, listener = topic(partitions=2), Listener()
    await sender.publish([said(name, "k", "x")])

    async with subscribed(kafka, name, sender, listener.routes) as member:
        await eventually(lambda: member.unready() is not None, limit=LIMIT)
        await eventually(lambda: listener.count == 1, limit=LIMIT)

        assert member.unready() is None
        labels = {"group": member.group, "topic": name}
        assert REGISTRY.get_sample_value("roost_consumer_partitions", labels) == 2
        assert counted("roost_consumer_rejoins_total", member) >= 1


async def test_member_that_others_leave_no_partition_is_ready_and_stays(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, looks = topic(partitions=1), 0
    looking = Subscriber._others_hold_all

    def counting(member: Subscriber, consumer: Consumer) -> bool:
        nonlocal looks
        looks += 1
        return looking(member, consumer)

    monkeypatch.setattr(Subscriber, "_others_hold_all", counting)
    async with subscribed(kafka, name, sender, Listener().routes) as one:
        await eventually(lambda: len(one.assigned) == 1, limit=LIMIT)
        async with subscribed(kafka, name, sender, Listener().routes) as two:
            await eventually(lambda: len(one.assigned) + len(two.assigned) == 1, limit=LIMIT)
            monkeypatch.setattr(membership, "UNASSIGNED_SECONDS", 1.0)
            await eventually(lambda: looks > 2, limit=LIMIT)

            assert len(one.assigned) + len(two.assigned) == 1
            assert (one.unready(), two.unready()) == (None, None)
            assert counted("roost_consumer_rejoins_total", one) == 0


async def test_group_whose_members_crash_again_and_again_is_served_without_any_restart(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, database: Callable[[str], str]
) -> None:
    name, url, listener = topic(partitions=2), database("chassis"), Listener()
    async with (
        subscribed(kafka, name, sender, Listener().routes) as one,
        subscribed(kafka, name, sender, Listener().routes) as two,
    ):
        await eventually(lambda: len(one.assigned) == len(two.assigned) == 1, limit=LIMIT)
    for number in range(12):
        async with consumer_process(kafka, name, url) as process:
            # Before it has joined, while it waits for partitions, and after it has some.
            await asyncio.sleep((1.2, 3.5, 2.0, 5.0)[number % 4])
            process.kill()

    async with subscribed(kafka, name, sender, listener.routes) as member:
        await sender.publish([said(name, str(number), "x") for number in range(10)])
        await eventually(lambda: listener.count == 10, limit=LIMIT)

        assert member.unready() is None
