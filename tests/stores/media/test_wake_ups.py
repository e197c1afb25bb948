"""Wake-ups over Valkey, which may lose them. Announcing never fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from services.media.adapters.wake_ups import CHANNEL, ValkeyWakeUps
from tests.engines import Engines
from tests.waiting import eventually


@asynccontextmanager
async def running(url: str, client: RedisClient) -> AsyncIterator[ValkeyWakeUps]:
    wake_ups = ValkeyWakeUps(client, url=url)
    task = asyncio.create_task(wake_ups.run())

    async def listens() -> bool:
        with suppress(RedisUnavailable):
            _, count = await client.execute("PUBSUB", "NUMSUB", CHANNEL)
            return bool(count)
        return False

    try:
        await eventually(listens)
        yield wake_ups
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_announcement_wakes_the_calls_that_wait_for_the_medium(valkey_servers: str) -> None:
    async with (
        redis_client.connect(valkey_servers) as client,
        running(valkey_servers, client) as wake_ups,
    ):
        with (
            wake_ups.waiting(5) as first,
            wake_ups.waiting(5) as second,
            wake_ups.waiting(6) as other,
        ):
            await ValkeyWakeUps(client, url=valkey_servers).announce(5)

            await eventually(lambda: first.is_set() and second.is_set())
            assert not other.is_set()


async def test_call_that_has_ended_is_not_remembered(valkey: str) -> None:
    async with redis_client.connect(valkey) as client:
        wake_ups = ValkeyWakeUps(client, url=valkey)
        with wake_ups.waiting(5):
            pass

        assert wake_ups._waiting == {}


async def test_message_of_another_form_is_ignored(valkey: str) -> None:
    async with redis_client.connect(valkey) as client, running(valkey, client) as wake_ups:
        with wake_ups.waiting(5) as announced:
            for message in ("", "five", "-5", "9" * 40):
                await client.execute("PUBLISH", CHANNEL, message)
            await wake_ups.announce(5)

            await eventually(announced.is_set)


async def test_announcing_does_not_fail_while_valkey_is_away() -> None:
    nowhere = "redis://127.0.0.1:1"
    async with redis_client.connect(nowhere) as client:
        await ValkeyWakeUps(client, url=nowhere).announce(5)


async def test_announcements_arrive_again_after_valkey_was_away(
    engines: Engines, valkey: str
) -> None:
    async with redis_client.connect(valkey) as client, running(valkey, client) as wake_ups:
        engines.stop("valkey")
        engines.start("valkey")

        with wake_ups.waiting(5) as announced:

            async def woken() -> bool:
                await wake_ups.announce(5)
                return announced.is_set()

            await eventually(woken)
