"""The timeline cache in Valkey."""

from collections.abc import Sequence

from services.chassis.cache.change_log import ChangeLog, dependency
from services.chassis.cache.redis_client import RedisClient, Script
from services.timeline.domain.model import CELEBRITIES, Entry, Unreadable, packed_all, unpacked
from services.timeline.domain.timeline_cache import (
    RANKING_SECONDS,
    REBUILD_SECONDS,
    VERSION_SECONDS,
)

_VERSION = "celebrities"

_RAISE = Script(
    """
    -- KEYS: version. ARGV: version, seconds to live.
    if tonumber(ARGV[1]) >= (tonumber(redis.call('GET', KEYS[1]) or '0') or 0) then
      redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
    end
    """
)


class ValkeyTimelineCache:
    """See `timeline_cache.TimelineCache`."""

    def __init__(self, redis: RedisClient, *, changes: ChangeLog) -> None:
        self._redis = redis
        self._changes = changes

    async def celebrity_version(self) -> int | None:
        version = await self._redis.execute("GET", _VERSION)
        try:
            return None if version is None else max(0, int(version))
        except ValueError:
            # As good as none: it is counted again and overwritten.
            return None

    async def raise_celebrity_version(self, version: int, *, announced: bool = False) -> None:
        await self._redis.run(_RAISE, (_VERSION,), (version, VERSION_SECONDS))
        if announced:
            await self._changes.append([dependency(CELEBRITIES)])

    async def keep_ranking(self, viewer_id: int, name: str, entries: Sequence[Entry]) -> None:
        await self._redis.execute(
            "SET", _ranking(viewer_id, name), packed_all(entries), "EX", RANKING_SECONDS
        )

    async def ranking(self, viewer_id: int, name: str) -> list[Entry] | None:
        content = await self._redis.execute(
            "GETEX", _ranking(viewer_id, name), "EX", RANKING_SECONDS
        )
        try:
            return None if content is None else unpacked(content)
        except Unreadable:
            return None

    async def take_rebuild_permit(self, viewer_id: int) -> bool:
        key = f"rebuilt:{viewer_id}"
        return await self._redis.execute("SET", key, 1, "NX", "EX", REBUILD_SECONDS) is not None


def _ranking(viewer_id: int, name: str) -> str:
    return f"ranking:{viewer_id}:{name}"
