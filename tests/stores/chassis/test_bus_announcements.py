"""Consumers that rest until records are announced lose none, and keep the order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from services.chassis.cache import redis_client
from services.chassis.events.bus import (
    Announcements,
    KafkaConnection,
    Publisher,
    Subscriber,
    fetching,
    publisher,
)
from tests.stores.chassis.listening import LIMIT, Listener, Topic, said, subscribed
from tests.waiting import eventually

NOBODY = "redis://127.0.0.1:1"
# Longer than any test.
NEVER = (3_600.0, 3_600.0)


@pytest.fixture
async def announcements(valkey: str) -> AsyncIterator[Announcements]:
    async with redis_client.connect(valkey, call_seconds=LIMIT) as client:
        made = Announcements(client, url=valkey)
        yield made
        await made.close()


@pytest.fixture
async def sender(kafka: KafkaConnection, announcements: Announcements) -> AsyncIterator[Publisher]:
    async with publisher(connection=kafka, client_id="test", announcements=announcements) as made:
        yield made


@pytest.fixture
async def silent(kafka: KafkaConnection) -> AsyncIterator[Publisher]:
    """A publisher that announces nothing."""
    async with publisher(connection=kafka, client_id="silent") as made:
        yield made


@pytest.fixture
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resting partitions are fetched when something is announced, and else never."""
    monkeypatch.setattr(fetching, "LOOK_SECONDS", NEVER)


def counted(member: Subscriber, outcome: str) -> float:
    labels = {"group": member.group, "outcome": outcome}
    return REGISTRY.get_sample_value("roost_consumer_announcements_total", labels) or 0.0


def resting(member: Subscriber) -> bool:
    state = member._fetching
    return bool(state._held) and state._resting == state._held and state._look_at > 0


@asynccontextmanager
async def listening(
    kafka: KafkaConnection, name: str, sender: Publisher, announcements: Announcements
) -> AsyncIterator[tuple[Subscriber, Listener]]:
    """A member that rests, after everything has been fetched once."""
    listener = Listener()
    async with subscribed(
        kafka, name, sender, listener.routes, announcements=announcements
    ) as member:
        await eventually(lambda: resting(member), limit=LIMIT)
        yield member, listener


async def test_announced_events_are_handled_without_a_fetch_in_order(
    kafka: KafkaConnection, topic: Topic, sender: Publisher, announcements: Announcements
) -> None:
    name = topic(partitions=1)
    async with listening(kafka, name, sender, announcements) as (member, listener):
        await announced_until_heard(sender, name, member)
        before = counted(member, "taken")

        for number in range(20):
            await sender.publish([said(name, "k", f"{number}.{part}") for part in range(3)])
        await eventually(lambda: len(listener.received["k"]) >= 60, limit=LIMIT)

        assert counted(member, "taken") > before

    expected = [f"{number}.{part}" for number in range(20) for part in range(3)]
    assert listener.received["k"] == expected


async def test_event_whose_announcement_is_lost_is_found_by_a_look(
    kafka: KafkaConnection,
    topic: Topic,
    sender: Publisher,
    silent: Publisher,
    announcements: Announcements,
) -> None:
    name = topic(partitions=2)
    async with listening(kafka, name, sender, announcements) as (_, listener):
        await silent.publish([said(name, str(number), "x") for number in range(10)])
        await eventually(lambda: listener.count == 10, limit=LIMIT)

    assert listener.count == 10


async def test_lost_announcement_is_found_by_the_next_one(
    no_looks: None,
    kafka: KafkaConnection,
    topic: Topic,
    sender: Publisher,
    silent: Publisher,
    announcements: Announcements,
) -> None:
    name = topic(partitions=1)
    listener = Listener()
    async with subscribed(
        kafka, name, sender, listener.routes, announcements=announcements
    ) as member:
        # The first look comes with the first rest, the second one never.
        await eventually(lambda: resting(member), limit=LIMIT)
        await announced_until_heard(sender, name, member)
        await eventually(lambda: resting(member), limit=LIMIT)

        await silent.publish([said(name, "k", "lost")])
        await sender.publish([said(name, "k", "announced")])
        await eventually(lambda: len(listener.received["k"]) == 2, limit=LIMIT)

    assert listener.received["k"] == ["lost", "announced"]


async def announced_until_heard(sender: Publisher, name: str, member: Subscriber) -> None:
    """Publishes until an announcement reaches the member: it may not listen yet."""

    async def publishing() -> None:
        while True:
            await sender.publish([said(name, "warm", "x")])
            await asyncio.sleep(0.05)

    running = asyncio.create_task(publishing())
    await eventually(lambda: counted(member, "taken") + counted(member, "fetched") > 0, limit=LIMIT)
    running.cancel()
    await asyncio.wait({running})


async def test_events_arrive_while_redis_is_away(
    kafka: KafkaConnection, topic: Topic, silent: Publisher
) -> None:
    name = topic(partitions=1)
    async with redis_client.connect(NOBODY) as client:
        away = Announcements(client, url=NOBODY)
        async with (
            publisher(connection=kafka, client_id="away", announcements=away) as sender,
            listening(kafka, name, silent, away) as (_, listener),
        ):
            for number in range(5):
                await sender.publish([said(name, "k", str(number))])
            await eventually(lambda: listener.count == 5, limit=LIMIT)
        await away.close()

    assert listener.received["k"] == [str(number) for number in range(5)]


async def test_partitions_that_move_while_they_rest_are_fetched_where_they_go(
    kafka: KafkaConnection,
    topic: Topic,
    sender: Publisher,
    silent: Publisher,
    announcements: Announcements,
) -> None:
    name = topic(partitions=3)
    async with listening(kafka, name, sender, announcements) as (one, first):
        async with listening(kafka, name, sender, announcements) as (two, second):
            await eventually(lambda: {len(one.assigned), len(two.assigned)} == {1, 2}, limit=LIMIT)
            await eventually(lambda: resting(one) and resting(two), limit=LIMIT)
            await silent.publish([said(name, str(number), "during") for number in range(12)])
            await eventually(lambda: first.count + second.count == 12, limit=LIMIT)
        await eventually(lambda: len(one.assigned) == 3, limit=LIMIT)
        await silent.publish([said(name, str(number), "after") for number in range(12)])
        await eventually(lambda: first.count + second.count == 24, limit=LIMIT)

    assert 0 < second.count < 12


async def test_consumer_that_is_behind_gets_all_in_order(
    kafka: KafkaConnection,
    topic: Topic,
    sender: Publisher,
    announcements: Announcements,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "MAX_BACKLOG", 10)
    monkeypatch.setattr(fetching, "LOW_BACKLOG", 3)
    name = topic(partitions=1)
    async with listening(kafka, name, sender, announcements) as (member, listener):
        listener.gate.clear()
        for start in range(0, 60, 3):
            texts = [str(number) for number in range(start, start + 3)]
            await sender.publish([said(name, "k", text) for text in texts])
        await eventually(lambda: bool(member._fetching._full), limit=LIMIT)
        listener.gate.set()
        await eventually(lambda: listener.count >= 60, limit=LIMIT)

    assert listener.received["k"] == [str(number) for number in range(60)]
