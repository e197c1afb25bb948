"""Messages over Redis' channels, which keep nothing: for news that can be had otherwise, later."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.chassis.cache.redis_client import CONNECT_SECONDS
from services.chassis.runtime.logs import logger

_RETRY_SECONDS = 0.25
# A connection on which nothing comes is tried so often, so that a silent loss is noticed.
_HEARTBEAT_SECONDS = 5.0


async def messages(url: str, channels: Sequence[str]) -> AsyncIterator[tuple[str, bytes]]:
    """What is published to the channels, each message with its channel, without end.

    It is lost what is published before the first message is asked for, and while the server or the
    connection is away; that is waited for. Of a cluster the node that the URL names is listened
    to: every node has all messages.
    """
    client = Redis.from_url(
        url.replace("+cluster://", "://", 1),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_keepalive=True,
        health_check_interval=_HEARTBEAT_SECONDS,
    )
    try:
        while True:
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as listening:
                    await listening.subscribe(*channels)
                    while True:
                        message = await listening.get_message(timeout=_HEARTBEAT_SECONDS)
                        if message is not None:
                            yield message["channel"].decode(), message["data"]
            except (RedisError, OSError) as error:
                logger().warning("redis_channels_lost", error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)
    finally:
        await client.aclose()
