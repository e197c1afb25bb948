"""Whose entries a home consists of, by the truth: graph, mutes and celebrities of this moment."""

import asyncio
from dataclasses import dataclass

from services.timeline.domain.celebrities import Celebrities, merge_note_of
from services.timeline.domain.ports import Graph
from services.timeline.domain.store import TimelineStore


@dataclass(frozen=True, slots=True)
class HomeSources:
    """A viewer's people. Nobody is in two of these."""

    viewer_id: int
    # Followed people whose entries are delivered.
    followed: list[int]
    # Followed people whose entries are merged when the home is read.
    celebrities: list[int]
    # People whose entries the viewer wants to see nothing of, followed or not.
    muted: list[int]
    # The version of the celebrities; those here may be of a later one.
    version: int

    @property
    def delivered(self) -> list[int]:
        """Whose entries stand in the viewer's home: also the viewer's own, who may be famous."""
        return [self.viewer_id, *self.followed]

    @property
    def all_author_ids(self) -> list[int]:
        """Whose entries the viewer sees."""
        return [self.viewer_id, *self.followed, *self.celebrities]

    def merge_note(self) -> bytes:
        """What is left with a home: whom to merge, and by which version of the celebrities."""
        return merge_note_of(self.version, self.celebrities)


class HomeSourceQueries:
    """Asks for home_sources."""

    def __init__(self, *, graph: Graph, store: TimelineStore, celebrities: Celebrities) -> None:
        self._graph = graph
        self._store = store
        self._celebrities = celebrities

    async def of(self, viewer_id: int) -> HomeSources:
        """The viewer's circle. The version is read first: a promotion meanwhile is noticed later,
        as the note is then older than the set."""
        version = await self._celebrities.version()
        following, muted = await asyncio.gather(
            self._graph.following(viewer_id), self._store.muted_by(viewer_id)
        )
        famous = await self._celebrities.known_since(version)
        hidden = frozenset(muted)
        seen = [each for each in following if each not in hidden]
        return HomeSources(
            viewer_id=viewer_id,
            followed=[each for each in seen if each not in famous],
            celebrities=[each for each in seen if each in famous],
            muted=muted,
            version=version,
        )

    async def all_author_ids(self, viewer_id: int) -> list[int]:
        """Whose entries the viewer sees, without asking who of them is a celebrity."""
        following, muted = await asyncio.gather(
            self._graph.following(viewer_id), self._store.muted_by(viewer_id)
        )
        hidden = frozenset(muted)
        return [viewer_id, *(each for each in following if each not in hidden)]
