"""Messages of channels, and a server that goes and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from services.chassis.cache import redis_channels, redis_client
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from tests.engines import Engines
from tests.stores.chassis.test_redis import cluster_of_one
from tests.waiting import eventually


@pytest.fixture
async def client(valkey: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey, call_seconds=5.0) as made:
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


async def test_messages_come_again_once_the_server_is_back(
    client: RedisClient, valkey: str, engines: Engines
) -> None:
    async with listening(valkey, ["news"]) as received:
        await heard_by(client, "news", 1)
        await asyncio.to_thread(engines.stop, "valkey")
        await asyncio.to_thread(engines.start, "valkey")
        await heard_by(client, "news", 1, limit=20.0)
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
            await heard_by(client, "news", 1, limit=20.0)
            await client.execute("PUBLISH", "news", "after")
            await eventually(lambda: received == [("news", b"after")])
    finally:
        await asyncio.to_thread(engines.start, "valkey")


async def test_messages_come_from_a_cluster(engines: Engines, tmp_path: Path) -> None:
    async with (
        cluster_of_one(engines, tmp_path) as url,
        redis_client.connect(url, call_seconds=5.0) as client,
        listening(url, ["news"]) as received,
    ):
        await heard_by(client, "news", 1)
        await client.execute("PUBLISH", "news", "good")
        await eventually(lambda: received == [("news", b"good")])


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


async def heard_by(client: RedisClient, channel: str, count: int, *, limit: float = 5.0) -> None:
    """Waits until so many listen on the channel."""

    async def listened_to() -> bool:
        try:
            return await client.execute("PUBSUB", "NUMSUB", channel) in (
                [channel.encode(), count],
                {channel.encode(): count},
            )
        except RedisUnavailable:
            return False

    await eventually(listened_to, limit=limit)
