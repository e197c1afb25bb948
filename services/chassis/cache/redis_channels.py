"""Messages over Redis' channels, which keep nothing: for news that can be had otherwise, later."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import RedisClusterException, RedisError

from services.chassis.cache.redis_client import CONNECT_SECONDS, is_cluster, without_cluster
from services.chassis.cache.redis_connection import Address
from services.chassis.runtime.logs import logger

_RETRY_SECONDS = 0.25
# A connection on which nothing comes is tried so often, so that a silent loss is noticed.
_HEARTBEAT_SECONDS = 5.0


async def messages(
    url: str, channels: Sequence[str], *, ca_file: Path | None = None
) -> AsyncIterator[tuple[str, bytes]]:
    """What is published to the channels, each message with its channel, without end.

    It is lost what is published before the first message is asked for, and while the server or the
    connection is away; that is waited for. Of a cluster any node that answers is listened to: every
    node has all messages.
    """
    known: list[ClusterNode] = []
    while True:
        # Made anew after each failure, since a client of a cluster reads the nodes only once. All
        # nodes that were known may be gone, and the node of the URL may be, too.
        client = _client(url, ca_file, known)
        try:
            listener = await _listener(client)
            if isinstance(client, RedisCluster):
                known = client.get_nodes()
            async with listener as listening:
                await listening.subscribe(*channels)
                while True:
                    _end_if_cancelled()
                    message = await listening.get_message(timeout=_HEARTBEAT_SECONDS)
                    if message is not None:
                        yield message["channel"].decode(), message["data"]
        except (RedisError, RedisClusterException, OSError) as error:
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


async def _listener(client: Redis | RedisCluster) -> PubSub:
    if isinstance(client, Redis):
        return client.pubsub(ignore_subscribe_messages=True)
    await client.initialize()
    # redis-py would choose the node that has the name of the channel as a key, and no other.
    return client.pubsub(node=client.get_random_node(), ignore_subscribe_messages=True)


def _client(url: str, ca_file: Path | None, known: Sequence[ClusterNode]) -> Redis | RedisCluster:
    kind: type[Redis] | type[RedisCluster] = Redis
    options: dict[str, Any] = {}
    if is_cluster(url):
        kind = RedisCluster
        options["startup_nodes"] = [ClusterNode(each.host, each.port) for each in known]
    if ca_file is not None and Address.parse(without_cluster(url)).encrypted:
        # redis-py makes the same context of it as `tls_context`.
        options["ssl_ca_certs"] = str(ca_file)
    return kind.from_url(
        without_cluster(url),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_keepalive=True,
        health_check_interval=_HEARTBEAT_SECONDS,
        **options,
    )
