"""The Redis client: commands, scripts, and a server that is away or does not answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY
from redis.exceptions import ResponseError

from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable, Script
from services.chassis.cache.redis_connection import Address
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from tests.engines import Engines
from tests.waiting import LIMIT, eventually

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
async def client(valkey: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey, call_seconds=LIMIT) as made:
        yield made


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Accepts connections and never answers."""
    ended = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        ended.set()
        server.close()
        await server.wait_closed()


async def test_replies_come_in_the_order_of_their_commands(client: RedisClient) -> None:
    replies = await client.pipeline(
        [("SET", "a", b"\x00\xff"), ("GET", "a"), ("GET", "none"), ("RPUSH", "l", 1, "two")]
    )

    assert replies == [b"OK", b"\x00\xff", None, 2]


async def test_many_keys_are_read_at_once(client: RedisClient) -> None:
    await client.execute("SET", "a", b"1")

    assert await client.mget(["a", "b"]) == [b"1", None]


async def test_calls_side_by_side_get_their_own_replies(client: RedisClient) -> None:
    async def echo(number: int) -> bool:
        reply = await client.execute("ECHO", str(number))
        return bool(reply == str(number).encode())

    assert all(await asyncio.gather(*(echo(number) for number in range(200))))


async def test_refused_command_raises_and_the_others_still_run(client: RedisClient) -> None:
    with pytest.raises(ResponseError):
        await client.pipeline([("SET", "a", "text"), ("INCR", "a"), ("SET", "b", 1)])

    assert await client.mget(["b"]) == [b"1"]
    assert not client.away


async def test_refusals_can_stand_among_the_replies(client: RedisClient) -> None:
    replies = await client.pipeline([("NONSENSE",), ("PING",)], raise_errors=False)

    assert isinstance(replies[0], ResponseError)
    assert replies[1] == b"PONG"


async def test_script_is_loaded_where_it_is_not_known(client: RedisClient) -> None:
    await client.execute("SCRIPT", "FLUSH")

    first = await client.run(ADD, ["n"], [2])
    each = await client.run_each(ADD, [(["n"], [3]), (["m"], [4])])
    await client.execute("SCRIPT", "FLUSH")
    again = await client.run_each(ADD, [(["n"], [1]), (["m"], [1])])

    assert (first, each, again) == (2, [5, 4], [6, 5])


async def test_caller_that_gives_up_leaves_the_connection_whole(client: RedisClient) -> None:
    for number in range(50):
        with deadline.within(0.0001 * number):
            try:
                await client.execute("ECHO", "late")
            except DeadlineExceeded:
                continue

    assert await client.execute("ECHO", "mine") == b"mine"
    assert not client.away


async def test_server_that_does_not_answer_costs_a_few_calls_then_nothing() -> None:
    async with silent_server() as url, redis_client.connect(url, call_seconds=0.2) as client:
        for _ in range(3):
            with pytest.raises(RedisUnavailable):
                await client.execute("PING")

        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(RedisUnavailable):
                await client.execute("PING")

        assert client.away
        assert time.monotonic() - started < 10.0  # of the 20 s that waiting would take


async def test_hurried_caller_says_nothing_about_the_server() -> None:
    async with silent_server() as url, redis_client.connect(url) as client:
        for _ in range(10):
            with deadline.within(0.01), pytest.raises(DeadlineExceeded):
                await client.execute("PING")

        assert not client.away


async def test_client_serves_again_soon_after_the_server_is_back(
    engines: Engines, valkey: str
) -> None:
    async with redis_client.connect(valkey) as client:
        await client.execute("PING")
        engines.stop("valkey")
        try:
            for _ in range(4):
                with pytest.raises(RedisUnavailable):
                    await client.execute("PING")
            assert client.away
        finally:
            engines.start("valkey")

        await eventually(lambda: not client.away)
        assert await client.execute("PING") == b"PONG"


async def test_metrics_follow_trips_failures_and_the_circuit(engines: Engines, valkey: str) -> None:
    async with redis_client.connect(valkey) as client:
        trips = metric("roost_redis_trip_seconds_count")
        await client.execute("PING")
        answered, closed = metric("roost_redis_trip_seconds_count"), circuit()
        engines.stop("valkey")
        try:
            for _ in range(3):
                with pytest.raises(RedisUnavailable):
                    await client.execute("PING")
            opened, skipped = circuit(), failures("skipped")
            with pytest.raises(RedisUnavailable):
                await client.execute("PING")
        finally:
            engines.start("valkey")

        assert (answered - trips, closed, opened) == (1, 0, 1)
        assert failures("skipped") == skipped + 1
        await eventually(lambda: circuit() == 0)


async def test_client_that_is_closed_while_its_server_is_away_leaves_no_open_circuit() -> None:
    async with silent_server() as url, redis_client.connect(url, call_seconds=0.05) as client:
        for _ in range(3):
            with pytest.raises(RedisUnavailable):
                await client.execute("PING")
        assert circuit() == 1

    assert circuit() == 0


def circuit() -> float:
    return metric("roost_redis_circuit_open")


def failures(outcome: str) -> float:
    return metric("roost_redis_failures_total", outcome=outcome)


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_restarted_server_costs_no_call(engines: Engines, valkey: str) -> None:
    async with redis_client.connect(valkey) as client:
        await client.execute("PING")

        await asyncio.to_thread(engines.stop, "valkey")
        await asyncio.to_thread(engines.start, "valkey")

        assert await client.execute("PING") == b"PONG"


async def test_session_that_the_server_refuses_counts_as_away(valkey: str) -> None:
    url = valkey.replace("redis://", "redis://somebody:wrong@")

    async with redis_client.connect(url) as client:
        with pytest.raises(RedisUnavailable):
            await client.execute("PING")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache:1/2", Address("cache", 1, 2, None, None, encrypted=False)),
        ("redis://cache", Address("cache", 6379, 0, None, None, encrypted=False)),
        ("rediss://me:p%40ss@cache:1", Address("cache", 1, 0, "me", "p@ss", encrypted=True)),
        ("redis://:pass@cache:1", Address("cache", 1, 0, None, "pass", encrypted=False)),
    ],
)
def test_address_is_read_from_its_url(url: str, address: Address) -> None:
    assert Address.parse(url) == address


def test_url_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="redis://"):
        Address.parse("http://cache:6379")


async def test_a_server_that_takes_no_writes_for_now_is_as_good_as_away(
    client: RedisClient,
) -> None:
    await client.execute("REPLICAOF", "127.0.0.1", 1)
    try:
        with pytest.raises(RedisUnavailable):
            await client.execute("SET", "key", 1)
        with pytest.raises(RedisUnavailable):
            await client.run(ADD, ["key"], [1])
    finally:
        await client.execute("REPLICAOF", "NO", "ONE")
