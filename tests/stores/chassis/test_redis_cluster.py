"""The Redis client and a cluster: slots, redirections, and a node that is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import ResponseError

from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import (
    RedisClient,
    RedisUnavailable,
    Script,
    without_cluster,
)
from services.chassis.cache.redis_cluster import Cluster, Node
from services.chassis.cache.redis_connection import Address
from tests.valkey_cluster import NODES, ValkeyCluster
from tests.waiting import LIMIT, eventually

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
async def client(valkey_cluster: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey_cluster, call_seconds=LIMIT) as made:
        yield made


def key_on(cluster: ValkeyCluster, node: int) -> str:
    """A key that the node of a new cluster has."""
    return next(key for key in map(str, range(100)) if cluster.node_of(key) == node)


async def works(client: RedisClient, key: str) -> bool:
    try:
        return bool(await client.execute("SET", key, 1))
    except RedisUnavailable:
        return False


async def test_one_call_takes_keys_of_any_slot(client: RedisClient) -> None:
    keys = [f"row:{{{number}}}" for number in range(20)]
    await client.pipeline([("SET", key, key) for key in keys])

    values = await client.mget([*keys, "none"])
    sums = await client.run_each(ADD, [((key,), (1,)) for key in ("{a}", "{b}", "{c}")])

    assert values == [*(key.encode() for key in keys), None]
    assert sums == [1, 1, 1]


async def test_hundreds_of_calls_share_one_connection_a_node(client: RedisClient) -> None:
    sums = await asyncio.gather(*(client.run(ADD, [str(number)], [1]) for number in range(500)))

    assert sums == [1] * 500
    assert not client.away


async def test_keys_of_two_slots_in_one_command_are_refused(client: RedisClient) -> None:
    with pytest.raises(ResponseError, match="CROSSSLOT"):
        await client.run(Script("return 1"), ["{a}", "{b}"])

    assert not client.away


async def test_key_whose_slot_has_moved_is_found_on_its_new_node(
    client: RedisClient, running_cluster: ValkeyCluster
) -> None:
    key = key_on(running_cluster, 1)
    await client.execute("SET", key, "value")
    await asyncio.to_thread(running_cluster.move, key, 2)
    try:
        first = await client.mget([key, key_on(running_cluster, 0)])
        again = await client.execute("GET", key)
    finally:
        await asyncio.to_thread(running_cluster.move, key, 1)

    assert (first, again) == ([b"value", None], b"value")
    assert await client.execute("GET", key) == b"value"


async def test_key_that_moves_is_found_on_either_node(
    client: RedisClient, running_cluster: ValkeyCluster
) -> None:
    tag = key_on(running_cluster, 1)
    key = f"{{{tag}}}:moves"
    await client.execute("SET", key, "value")
    await asyncio.to_thread(running_cluster.move, tag, 2, finish=False)
    try:
        moved = await client.execute("GET", key)
        await client.execute("SET", f"{{{tag}}}:new", "new")
        new = await client.execute("GET", f"{{{tag}}}:new")
    finally:
        await asyncio.to_thread(running_cluster.move, tag, 2)
        await asyncio.to_thread(running_cluster.move, tag, 1)

    assert (moved, new) == (b"value", b"new")


async def test_node_that_is_away_is_named_and_the_client_works_again_after_its_return(
    client: RedisClient, running_cluster: ValkeyCluster
) -> None:
    keys = [key_on(running_cluster, node) for node in range(NODES)]
    await client.pipeline([("SET", key, 1) for key in keys])
    await asyncio.to_thread(running_cluster.stop_node, 1)
    try:
        with pytest.raises(RedisUnavailable):
            await client.mget(keys)
        with pytest.raises(RedisUnavailable):
            await client.execute("GET", keys[1])
        with pytest.raises(RedisUnavailable):
            await client.run(ADD, [keys[1]], [1])
        await eventually(lambda: client.away)

        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(RedisUnavailable):
                await client.mget(keys)
        assert time.monotonic() - began < 10.0
    finally:
        running_cluster.start()

    await eventually(lambda: works(client, keys[1]))
    assert not client.away


async def test_client_finds_the_cluster_although_the_node_of_its_url_has_died(
    client: RedisClient, running_cluster: ValkeyCluster
) -> None:
    keys = [key_on(running_cluster, node) for node in range(NODES)]
    await client.pipeline([("SET", key, 1) for key in keys])
    await asyncio.to_thread(running_cluster.stop_node, 0)
    try:
        with pytest.raises(RedisUnavailable):
            await client.execute("GET", keys[0])
        # The cluster still has all slots for some seconds.
        assert await client.execute("GET", keys[2]) in (b"1", None)
    finally:
        running_cluster.start()

    await eventually(lambda: works(client, keys[0]))


async def test_server_that_is_no_node_of_a_cluster_counts_as_away(valkey: str) -> None:
    url = valkey.replace("redis://", "redis+cluster://")

    async with redis_client.connect(url, call_seconds=LIMIT) as client:
        with pytest.raises(RedisUnavailable):
            await client.execute("GET", "key")


async def test_client_finds_nodes_that_have_new_addresses(valkey_cluster: str) -> None:
    """The nodes that it knew take connections, and never answer."""
    async with silent_nodes(3) as gone:
        address = Address.parse(without_cluster(valkey_cluster))
        cluster = Cluster(address, connect_seconds=0.1)
        await cluster.ping()
        cluster._known = gone

        async def is_found() -> bool:
            # As the client does while its circuit is open.
            await cluster.close()
            try:
                async with asyncio.timeout(0.15):
                    await cluster.ping()
            except (OSError, TimeoutError):
                return False
            return True

        await eventually(is_found)
        await cluster.close()


async def test_closed_cluster_reads_no_slots(valkey_cluster: str) -> None:
    cluster = Cluster(Address.parse(without_cluster(valkey_cluster)), connect_seconds=1.0)
    await cluster.ping()
    waiting = asyncio.create_task(cluster.send([("WAIT", 3, 0), ("SET", "key", 1)]))
    await asyncio.sleep(0)

    await cluster.close()
    await asyncio.wait([waiting], timeout=LIMIT)

    assert isinstance(waiting.exception(), OSError)
    assert "redis slots" not in {each.get_name() for each in asyncio.all_tasks()}


@asynccontextmanager
async def silent_nodes(count: int) -> AsyncIterator[set[Node]]:
    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    servers = [await asyncio.start_server(keep_silent, "127.0.0.1", 0) for _ in range(count)]
    try:
        yield {Node("127.0.0.1", each.sockets[0].getsockname()[1]) for each in servers}
    finally:
        for each in servers:
            each.close()
            await each.wait_closed()
