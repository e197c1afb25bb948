"""The timeline cache: the version of the celebrities, rankings, and rebuild permits.

All of it may vanish at any time. Raises RedisUnavailable where it cannot be reached.
"""

from collections.abc import Sequence
from typing import Protocol

from services.timeline.domain.model import Entry

# After this long the version is counted in the database again.
VERSION_SECONDS = 60
# How long a viewer may page through one ranking.
RANKING_SECONDS = 600
# Between two rebuilds of one home on demand.
REBUILD_SECONDS = 10


class TimelineCache(Protocol):
    """What is stored beside feeds, for a short time."""

    async def celebrity_version(self) -> int | None:
        """The size of the set of celebrities, if it is known."""
        ...

    async def raise_celebrity_version(self, version: int, *, announced: bool = False) -> None:
        """Stores a size; one below the stored size changes nothing.

        With `announced` it appends CELEBRITIES to the change log, where there is one, also if it
        changed nothing: the one who changed it may have died in between. Without, the size is one
        that was forgotten, and no page changes by it.
        """
        ...

    async def keep_ranking(self, viewer_id: int, name: str, entries: Sequence[Entry]) -> None:
        """Stores a viewer's ranking, until RANKING_SECONDS after it was last read."""
        ...

    async def ranking(self, viewer_id: int, name: str) -> list[Entry] | None:
        """The ranking of that name, in its order."""
        ...

    async def take_rebuild_permit(self, viewer_id: int) -> bool:
        """True once in REBUILD_SECONDS."""
        ...
