"""Announcements of changed relations over Valkey's channels.

Valkey stores nothing: an announcement is lost while Valkey is away, and then a viewer's relations
are as old as `viewers.LIFETIME_SECONDS` at most.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from services.chassis.cache import redis_channels
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.search.domain.viewers import ViewerChanges

CHANNEL = "search:viewers"


class ValkeyViewerChanges:
    """See `viewers.ViewerChanges`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def invalidate(self, user_ids: Collection[int]) -> None:
        if not user_ids:
            return
        try:
            await self._client.execute("PUBLISH", CHANNEL, ",".join(map(str, sorted(user_ids))))
        except (Unavailable, DeadlineExceeded, RedisError) as error:
            logger().info("viewer_changes_lost", error=repr(error))


class ViewerChangesReceiver:
    """Receives the announcements: `run` is a job, and calls `forget` with the ids of users."""

    def __init__(
        self,
        url: str,
        *,
        forget: Callable[[Collection[int]], None],
        ca_file: Path | None = None,
    ) -> None:
        self._url = url
        self._ca_file = ca_file
        self._forget = forget

    async def run(self) -> None:
        """Receives announcements until cancelled. While Valkey is away it tries again."""
        async for _, content in redis_channels.messages(
            self._url, [CHANNEL], ca_file=self._ca_file
        ):
            self._forget([int(each) for each in content.split(b",") if each.isdigit()])


if TYPE_CHECKING:

    def _changes(changes: ValkeyViewerChanges) -> ViewerChanges:
        return changes
