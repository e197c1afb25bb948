"""Home sources: the authors and hashtags that a home consists of, by graph, mutes, celebrities."""

import asyncio
from dataclasses import dataclass

from services.timeline.domain.celebrities import Celebrities, MergedFeeds, merge_note_of
from services.timeline.domain.ports import Graph
from services.timeline.domain.store import TimelineStore


@dataclass(frozen=True, slots=True)
class HomeSources:
    """The authors and hashtags of a viewer's home. Nobody is in two of the lists of authors."""

    viewer_id: int
    # Followed users whose entries are delivered by fan-out.
    followed: list[int]
    # Followed users whose entries are merged when the home is read.
    celebrities: list[int]
    # Users whose entries are not shown, followed or not.
    muted: list[int]
    # Followed hashtags, whose posts are merged when the home is read.
    tags: list[str]
    # The version of the celebrities; those here may be of a later one.
    version: int

    @property
    def delivered(self) -> list[int]:
        """The authors of the entries in the home feed; the viewer too, who may be a celebrity."""
        return [self.viewer_id, *self.followed]

    @property
    def merged(self) -> MergedFeeds:
        """The feeds that are merged when the home is read."""
        return MergedFeeds(self.celebrities, self.tags)

    def merge_note(self) -> bytes:
        """The merge note to store with the home."""
        return merge_note_of(self.version, self.merged)


class HomeSourceQueries:
    """Reads home sources from the graph, the mutes and the celebrities."""

    def __init__(self, *, graph: Graph, store: TimelineStore, celebrities: Celebrities) -> None:
        self._graph = graph
        self._store = store
        self._celebrities = celebrities

    async def of(self, viewer_id: int) -> HomeSources:
        """The viewer's home sources.

        The version is read first: a promotion that happens during this is noticed later, as the
        merge note is then older than the set.
        """
        version = await self._celebrities.version()
        following, muted, tags = await asyncio.gather(
            self._graph.following(viewer_id),
            self._store.muted_by(viewer_id),
            self._store.hashtags_of(viewer_id),
        )
        promoted = await self._celebrities.known_since(version)
        hidden = frozenset(muted)
        seen = [each for each in following if each not in hidden]
        return HomeSources(
            viewer_id=viewer_id,
            followed=[each for each in seen if each not in promoted],
            celebrities=[each for each in seen if each in promoted],
            muted=muted,
            tags=tags,
            version=version,
        )

    async def all_of(self, viewer_id: int) -> tuple[list[int], list[str]]:
        """All authors whose entries the viewer sees, celebrities or not, and followed hashtags."""
        following, muted, tags = await asyncio.gather(
            self._graph.following(viewer_id),
            self._store.muted_by(viewer_id),
            self._store.hashtags_of(viewer_id),
        )
        hidden = frozenset(muted)
        return [viewer_id, *(each for each in following if each not in hidden)], tags
