"""Wake-ups over Valkey, which may lose them. Announcing never fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from services.eventlog.adapters import wake_ups_valkey
from services.eventlog.adapters.wake_ups_valkey import ACTIVITY, EVENTS, HASHTAGS
from services.eventlog.domain.model import HashtagActivity, LogEntry, PostActivity
from tests.engines import Engines
from tests.waiting import eventually

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


@dataclass
class Listener:
    """What a serving process receives."""

    entries: list[LogEntry] = field(default_factory=list)
    activities: list[PostActivity] = field(default_factory=list)
    hashtags: list[HashtagActivity] = field(default_factory=list)


@asynccontextmanager
async def listening(url: str, client: RedisClient) -> AsyncIterator[Listener]:
    listener = Listener()
    task = asyncio.create_task(
        wake_ups_valkey.listen(
            url,
            events=listener.entries.extend,
            activities=listener.activities.extend,
            hashtags=listener.hashtags.extend,
        )
    )

    async def listened_to() -> bool:
        with suppress(RedisUnavailable):
            _, count = await client.execute("PUBSUB", "NUMSUB", EVENTS)
            return bool(count)
        return False

    try:
        await eventually(listened_to)
        yield listener
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def entry(sequence: int) -> LogEntry:
    return LogEntry(1, sequence, NOW, b"what happened")


async def test_everything_arrives_in_order(valkey_servers: str) -> None:
    many = [entry(sequence) for sequence in range(1, 2_001)]
    async with (
        redis_client.connect(valkey_servers) as client,
        wake_ups_valkey.open_wake_up_channel(client) as wake_ups,
        listening(valkey_servers, client) as listener,
    ):
        wake_ups.announce(many[:1_500])
        wake_ups.announce_activities([PostActivity(50, 60), PostActivity(51, deleted=True)])
        wake_ups.announce_hashtags([HashtagActivity("caturday", 50), HashtagActivity("日本", 51)])
        wake_ups.announce(many[1_500:])
        wake_ups.announce([])

        await eventually(lambda: len(listener.entries) == 2_000)
        await eventually(lambda: len(listener.activities) == 2)
        await eventually(lambda: len(listener.hashtags) == 2)

    assert listener.entries == many
    assert listener.activities == [PostActivity(50, 60), PostActivity(51, deleted=True)]
    assert listener.hashtags == [HashtagActivity("caturday", 50), HashtagActivity("日本", 51)]


async def test_what_nobody_can_read_is_left_out(valkey: str) -> None:
    async with (
        redis_client.connect(valkey) as client,
        wake_ups_valkey.open_wake_up_channel(client) as wake_ups,
        listening(valkey, client) as listener,
    ):
        await client.execute("PUBLISH", EVENTS, b"nonsense")
        await client.execute("PUBLISH", ACTIVITY, b"nonsense")
        await client.execute("PUBLISH", HASHTAGS, b"nonsense")
        await client.execute("PUBLISH", HASHTAGS, bytes(9) + b"\x02\xff\xff")
        wake_ups.announce([entry(1)])

        await eventually(lambda: listener.entries == [entry(1)])


async def test_without_valkey_they_are_lost_and_nobody_is_held_up(
    valkey: str, engines: Engines
) -> None:
    async with (
        redis_client.connect(valkey) as client,
        wake_ups_valkey.open_wake_up_channel(client) as wake_ups,
        listening(valkey, client) as listener,
    ):
        await asyncio.to_thread(engines.stop, "valkey")
        try:
            wake_ups.announce([entry(1)])
            await wake_ups.close()
        finally:
            await asyncio.to_thread(engines.start, "valkey")

        async def received() -> bool:
            wake_ups.announce([entry(2)])
            await wake_ups.close()
            return entry(2) in listener.entries

        await eventually(received)

    assert entry(1) not in listener.entries
