"""Messages over Redis' channels, which keep nothing: for news that can be had otherwise, later."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.chassis.cache.redis_client import CONNECT_SECONDS, is_cluster, without_cluster
from services.chassis.cache.redis_cluster import Node, slots_of
from services.chassis.cache.redis_connection import Address
from services.chassis.runtime.logs import logger

_RETRY_SECONDS = 0.25
# A connection on which nothing comes is tried so often, so that a silent loss is noticed.
_HEARTBEAT_SECONDS = 5


async def messages(
    url: str, channels: Sequence[str], *, ca_file: Path | None = None
) -> AsyncIterator[tuple[str, bytes]]:
    """What is published to the channels, each message with its channel, without end.

    It is lost what is published before the first message is asked for, and while the server or the
    connection is away; that is waited for. Of a cluster any node that answers is listened to: every
    node has all messages. A client of the whole cluster would not do: redis-py's needs more than
    one node to begin.
    """
    address = Address.parse(without_cluster(url))
    named = Node(address.host, address.port)
    known: set[Node] = set()
    while True:
        # All nodes that were known may be gone, and the node of the URL may be, too.
        node = random.choice([named, *known])  # noqa: S311 - spreads load
        client = _client(address._replace(host=node.host, port=node.port), ca_file)
        try:
            if is_cluster(url):
                known = await _nodes(client, node)
            async with client.pubsub(ignore_subscribe_messages=True) as listening:
                await listening.subscribe(*channels)
                while True:
                    _end_if_cancelled()
                    message = await listening.get_message(timeout=_HEARTBEAT_SECONDS)
                    if message is not None:
                        yield message["channel"].decode(), message["data"]
        except (RedisError, OSError) as error:
            logger().warning("redis_channels_lost", error=repr(error))
            await asyncio.sleep(_RETRY_SECONDS)
        finally:
            await client.aclose()


def _end_if_cancelled() -> None:
    """redis-py calls asyncio.wait_for, which before Python 3.12 may lose a cancellation that comes
    in the moment in which it ends. The task counts it all the same."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _nodes(client: Redis, asked: Node) -> set[Node]:
    reply = await client.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
    return {node for node in slots_of(reply, asked=asked) if node is not None}


def _client(address: Address, ca_file: Path | None) -> Redis:
    return Redis(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=address.password,
        ssl=address.encrypted,
        # redis-py makes the same context of it as `tls_context`.
        ssl_ca_certs=None if ca_file is None else str(ca_file),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_keepalive=True,
        health_check_interval=_HEARTBEAT_SECONDS,
    )
