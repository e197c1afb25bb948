"""The timeline cache in memory, for tests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.timeline.domain.model import Entry
from services.timeline.domain.timeline_cache import (
    RANKING_SECONDS,
    REBUILD_SECONDS,
    VERSION_SECONDS,
    TimelineCache,
)


class MemoryTimelineCache:
    """See `cache.TimelineCache`."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._version: tuple[int, float] | None = None
        self._rankings: dict[tuple[int, str], tuple[list[Entry], float]] = {}
        self._rebuilt: dict[int, float] = {}

    async def celebrity_version(self) -> int | None:
        if self._version is None or self._version[1] <= self._clock.monotonic():
            return None
        return self._version[0]

    async def raise_celebrity_version(self, version: int, *, announced: bool = False) -> None:
        if version >= (await self.celebrity_version() or 0):
            self._version = version, self._clock.monotonic() + VERSION_SECONDS

    async def keep_ranking(self, viewer_id: int, name: str, entries: Sequence[Entry]) -> None:
        till = self._clock.monotonic() + RANKING_SECONDS
        self._rankings[viewer_id, name] = list(entries), till

    async def ranking(self, viewer_id: int, name: str) -> list[Entry] | None:
        entries, till = self._rankings.get((viewer_id, name), ([], 0.0))
        if till <= self._clock.monotonic():
            return None
        await self.keep_ranking(viewer_id, name, entries)
        return entries

    async def take_rebuild_permit(self, viewer_id: int) -> bool:
        now = self._clock.monotonic()
        if self._rebuilt.get(viewer_id, 0.0) > now:
            return False
        self._rebuilt[viewer_id] = now + REBUILD_SECONDS
        return True


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[TimelineCache] = MemoryTimelineCache
