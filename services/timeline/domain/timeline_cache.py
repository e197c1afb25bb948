"""Short-lived things beside feeds: the version of the celebrities, rankings, and a brake.

All of it may vanish at any time. Raises RedisUnavailable where it cannot be reached.
"""

from collections.abc import Sequence
from typing import Protocol

from services.timeline.domain.model import Entry

# After this long the version is counted anew in the database, whatever happened to the cache.
VERSION_SECONDS = 60
# How long somebody may page through one ranking.
RANKING_SECONDS = 600
# Between two rebuilds of one home on demand.
REBUILD_SECONDS = 10


class TimelineCache(Protocol):
    """See the module."""

    async def celebrity_version(self) -> int | None:
        """The size of the set of celebrities, if it is known."""
        ...

    async def raise_celebrity_version(self, version: int) -> None:
        """Notes a size; a smaller one than is known changes nothing."""
        ...

    async def keep_ranking(self, viewer_id: int, name: str, entries: Sequence[Entry]) -> None:
        """Keeps what was ranked for a viewer, for RANKING_SECONDS since it was last read."""
        ...

    async def ranking(self, viewer_id: int, name: str) -> list[Entry] | None:
        """The ranking of that name, in its order."""
        ...

    async def take_rebuild_permit(self, viewer_id: int) -> bool:
        """True once in REBUILD_SECONDS."""
        ...
