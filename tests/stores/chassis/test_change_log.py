"""A reader of the change log gets everything that was appended since its position, or a reset."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
import redis

from services.chassis.cache import change_log, redis_client
from services.chassis.cache.cache_aside import Cache
from services.chassis.cache.change_log import ChangeLog, Changes, dependency
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from services.chassis.runtime.clock import ManualClock
from tests.waiting import LIMIT

ONE, TWO, THREE = dependency("one"), dependency("two"), dependency("three")


@pytest.fixture
async def client(valkey_servers: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey_servers, call_seconds=LIMIT) as made:
        # A connection that is made later resets readers: here all nodes of a cluster have one.
        await made.mget([f"key {number}" for number in range(100)])
        yield made


@pytest.fixture
def log(client: RedisClient) -> ChangeLog:
    return ChangeLog(client, "test")


async def start(log: ChangeLog) -> Changes:
    found = await log.read_after(None)
    assert (found.reset, found.ids) == (True, b"")
    return found


async def test_a_reader_begins_with_a_reset_and_gets_the_changes_in_order(log: ChangeLog) -> None:
    await log.append([ONE])
    found = await start(log)

    await log.append([TWO, THREE])
    await log.append([ONE])

    more = await log.read_after(found.position)
    assert (more.reset, more.ids) == (False, TWO + THREE + ONE)


async def test_what_was_read_is_not_read_again(log: ChangeLog) -> None:
    found = await start(log)
    await log.append([ONE])
    found = await log.read_after(found.position)

    again = await log.read_after(found.position)

    assert (again.reset, again.ids, again.position) == (False, b"", found.position)


async def test_each_reader_has_its_own_position(log: ChangeLog) -> None:
    early = await start(log)
    await log.append([ONE])
    late = await start(log)
    await log.append([TWO])

    assert (await log.read_after(early.position)).ids == ONE + TWO
    assert (await log.read_after(late.position)).ids == TWO


async def test_logs_of_other_names_are_others(client: RedisClient, log: ChangeLog) -> None:
    found = await start(log)

    await ChangeLog(client, "other").append([ONE])

    assert (await log.read_after(found.position)).ids == b""


async def test_a_long_backlog_is_read_in_steps(
    log: ChangeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "_STEP", 3)
    found = await start(log)
    appended = [dependency(str(number)) for number in range(10)]
    for each in appended:
        await log.append([each])

    more = await log.read_after(found.position)

    assert (more.reset, more.ids) == (False, b"".join(appended))
    assert (await log.read_after(more.position)).ids == b""


async def test_a_trimmed_log_gives_a_reset(client: RedisClient) -> None:
    log = ChangeLog(client, "test", max_entries=1)
    found = await start(log)
    # Redis trims whole nodes of some hundred entries.
    await asyncio.gather(*(log.append([ONE]) for _ in range(300)))

    more = await log.read_after(found.position)

    assert (more.reset, more.ids) == (True, b"")
    await log.append([TWO])
    assert (await log.read_after(more.position)).ids == TWO


async def test_too_many_changes_give_a_reset(
    log: ChangeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "MAX_CHANGED", 2)
    found = await start(log)
    await log.append([ONE, TWO, THREE])

    more = await log.read_after(found.position)

    assert (more.reset, more.ids) == (True, b"")


@pytest.mark.parametrize("after", [[], [ONE]], ids=["empty", "begun again"])
async def test_a_lost_log_gives_a_reset(
    client: RedisClient, log: ChangeLog, after: list[bytes]
) -> None:
    await log.append([ONE])
    found = await start(log)
    await client.execute("DEL", "changes:test")
    await log.append(after)

    more = await log.read_after(found.position)

    assert more.reset
    assert not (await log.read_after(more.position)).reset


async def test_another_log_with_an_entry_of_the_same_id_gives_a_reset(
    client: RedisClient, log: ChangeLog
) -> None:
    await log.append([ONE])
    found = await start(log)
    await client.execute("DEL", "changes:test")
    await client.execute("XADD", "changes:test", found.position.entry_id, "c", b"another1")

    assert (await log.read_after(found.position)).reset


async def test_a_new_connection_gives_a_reset(valkey: str) -> None:
    """The server may have restarted from an older copy, or another one may have its place."""
    async with redis_client.connect(valkey, call_seconds=LIMIT) as client:
        log = ChangeLog(client, "test")
        found = await start(log)
        with redis.Redis.from_url(valkey) as operator:
            operator.execute_command("CLIENT KILL TYPE normal SKIPME yes")
            # Until the client has noticed it, a call may fail.
            while True:
                try:
                    more = await log.read_after(found.position)
                    break
                except RedisUnavailable:
                    continue

    assert more.reset


async def test_an_unreachable_log_is_unavailable() -> None:
    async with redis_client.connect("redis://127.0.0.1:1") as nowhere:
        with pytest.raises(RedisUnavailable):
            await ChangeLog(nowhere, "test").read_after(None)


def caching(client: RedisClient, log: ChangeLog) -> Cache[int, str]:
    async def load(keys: Sequence[int]) -> Mapping[int, str]:
        return {key: str(key) for key in keys}

    return Cache(
        name="row",
        redis=client,
        clock=ManualClock(),
        load=load,
        encode=str.encode,
        decode=bytes.decode,
        changes=log,
    )


async def test_what_a_cache_forgets_is_appended(client: RedisClient, log: ChangeLog) -> None:
    cache = caching(client, log)
    found = await start(log)

    await cache.forget(1, 2)

    more = await log.read_after(found.position)
    assert more.ids == dependency("row:{1}") + dependency("row:{2}")
    assert await client.mget(["row:{1}", "row:{2}"]) == [None, None]
    await cache.close()


async def test_what_could_not_be_appended_is_appended_before_this_process_reads_the_log(
    client: RedisClient, log: ChangeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RedisUnavailable

    cache = caching(client, log)
    found = await start(log)
    with monkeypatch.context() as outage:
        outage.setattr(client, "in_order", away)
        await cache.forget(1)
        with pytest.raises(RedisUnavailable):
            await log.read_after(found.position)

    more = await log.read_after(found.position)

    assert dependency("row:{1}") in more.ids
    await cache.close()
