"""Wake-ups over Valkey's channels.

Valkey stores nothing: an announcement is lost while nobody listens or while Valkey is away. Calls
that wait read the medium each second in any case.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.exceptions import RedisError

from services.chassis.cache import redis_channels
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger

CHANNEL = "media:processed"


class ValkeyWakeUps:
    """See `ports.WakeUps`. `run` receives the announcements; without it, none arrive."""

    def __init__(self, client: RedisClient, *, url: str, ca_file: Path | None = None) -> None:
        self._client = client
        self._url = url
        self._ca_file = ca_file
        self._waiting: dict[int, set[asyncio.Event]] = {}

    async def announce(self, medium_id: int) -> None:
        try:
            await self._client.execute("PUBLISH", CHANNEL, str(medium_id))
        except (Unavailable, DeadlineExceeded, RedisError) as error:
            logger().info("wake_up_lost", error=repr(error))

    @contextmanager
    def waiting(self, medium_id: int) -> Iterator[asyncio.Event]:
        announced = asyncio.Event()
        events = self._waiting.setdefault(medium_id, set())
        events.add(announced)
        try:
            yield announced
        finally:
            events.discard(announced)
            if not events:
                self._waiting.pop(medium_id, None)

    async def run(self) -> None:
        """Receives announcements until cancelled. While Valkey is away it tries again."""
        async for _, content in redis_channels.messages(
            self._url, [CHANNEL], ca_file=self._ca_file
        ):
            if content.isdigit():
                for announced in self._waiting.get(int(content), ()):
                    announced.set()
