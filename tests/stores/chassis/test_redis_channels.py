"""Messages of channels, and a server that goes and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio.client import PubSub

from services.chassis.cache import redis_channels, redis_client
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from tests.engines import Engines
from tests.valkey_cluster import ValkeyCluster
from tests.waiting import LIMIT, eventually


@pytest.fixture
async def client(valkey: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey, call_seconds=LIMIT) as made:
        yield made


async def test_messages_come_from_the_channels_that_were_named(
    client: RedisClient, valkey: str
) -> None:
    async with listening(valkey, ["news", "weather"]) as received:
        await heard_by(client, "news", 1)
        await client.pipeline(
            [
                ("PUBLISH", "news", b"\x00\xff"),
                ("PUBLISH", "gossip", "unheard"),
                ("PUBLISH", "weather", "rain"),
            ]
        )
        await eventually(lambda: len(received) == 2)

    assert received == [("news", b"\x00\xff"), ("weather", b"rain")]


async def test_a_cancellation_that_the_library_loses_ends_the_listening(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribing = asyncio.Event()
    subscribe = PubSub.subscribe

    async def lossy(pubsub: PubSub, *channels: str) -> None:
        subscribing.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await subscribe(pubsub, *channels)

    monkeypatch.setattr(PubSub, "subscribe", lossy)

    async def listen() -> None:
        async for _ in redis_channels.messages(valkey, ["news"]):
            pass

    task = asyncio.create_task(listen())
    await subscribing.wait()
    task.cancel()

    _, running = await asyncio.wait([task], timeout=LIMIT)
    assert not running
    assert task.cancelled()


async def test_messages_come_again_once_the_server_is_back(
    client: RedisClient, valkey: str, engines: Engines
) -> None:
    async with listening(valkey, ["news"]) as received:
        await heard_by(client, "news", 1)
        await asyncio.to_thread(engines.stop, "valkey")
        await asyncio.to_thread(engines.start, "valkey")
        await heard_by(client, "news", 1)
        await client.execute("PUBLISH", "news", "after")
        await eventually(lambda: ("news", b"after") in received)


async def test_messages_begin_when_a_server_that_was_away_is_there(
    client: RedisClient, valkey: str, engines: Engines
) -> None:
    await asyncio.to_thread(engines.stop, "valkey")
    try:
        async with listening(valkey, ["news"]) as received:
            await asyncio.sleep(0)
            await asyncio.to_thread(engines.start, "valkey")
            await heard_by(client, "news", 1)
            await client.execute("PUBLISH", "news", "after")
            await eventually(lambda: received == [("news", b"after")])
    finally:
        await asyncio.to_thread(engines.start, "valkey")


async def test_messages_come_from_any_node_of_a_cluster(valkey_cluster: str) -> None:
    async with (
        redis_client.connect(valkey_cluster, call_seconds=LIMIT) as client,
        listening(valkey_cluster, ["news", "weather"]) as received,
    ):
        # The listener is on one node, and each channel is published on another.
        await eventually(lambda: published(client, received, "weather", b"ready"))
        await client.pipeline([("PUBLISH", "news", str(number)) for number in range(100)])
        await eventually(lambda: ("news", b"99") in received)

    assert [message for channel, message in received if channel == "news"] == [
        str(number).encode() for number in range(100)
    ]


async def test_messages_of_a_cluster_come_again_when_the_node_of_the_listener_died(
    valkey_cluster: str, running_cluster: ValkeyCluster
) -> None:
    async with (
        redis_client.connect(valkey_cluster, call_seconds=LIMIT) as client,
        listening(valkey_cluster, ["news"]) as received,
    ):
        await eventually(lambda: published(client, received, "news", b"before"))
        (node,) = await asyncio.to_thread(running_cluster.nodes_with_listeners)
        await asyncio.to_thread(running_cluster.stop_node, node)
        try:
            await asyncio.to_thread(running_cluster.wait_for_listener)
        finally:
            running_cluster.start()

        await eventually(lambda: published(client, received, "news", b"after"))


async def published(
    client: RedisClient, received: list[tuple[str, bytes]], channel: str, message: bytes
) -> bool:
    """Publishes the message; whether it, or an earlier one like it, arrived."""
    with suppress(RedisUnavailable):
        await client.execute("PUBLISH", channel, message)
    return (channel, message) in received


@asynccontextmanager
async def listening(url: str, channels: list[str]) -> AsyncIterator[list[tuple[str, bytes]]]:
    """The messages on these channels while the block lasts."""
    received: list[tuple[str, bytes]] = []

    async def listen() -> None:
        async for message in redis_channels.messages(url, channels):
            received.append(message)  # noqa: PERF401 - it has no end

    task = asyncio.create_task(listen())
    try:
        yield received
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def heard_by(client: RedisClient, channel: str, count: int) -> None:
    """Waits until so many listen on the channel."""

    async def listened_to() -> bool:
        try:
            return await client.execute("PUBSUB", "NUMSUB", channel) in (
                [channel.encode(), count],
                {channel.encode(): count},
            )
        except RedisUnavailable:
            return False

    await eventually(listened_to)
