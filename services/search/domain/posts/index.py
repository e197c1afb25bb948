"""The interface of the index of posts. Its implementations find the same posts, to the id.

**Transactions.** `apply` takes the transaction in which the caller records the events that it
handled. PostgreSQL and memory write inside it: the changes are committed with the record, or not at
all. An engine outside of PostgreSQL writes before the transaction commits, and raises if it fails,
so that the events are consumed again: each change happens at least once. Changes are therefore
idempotent, and their order is that of revisions and versions, not of arrival: a later revision
wins, and a deletion is final.

**Generations.** Posts are stored in generations. Queries read the live one. While another is built,
`apply` changes both, so that the new one lacks nothing when it replaces the live one. Accounts
belong to no generation.

**Segments.** A generation is divided into ranges of ids. `maintain` opens a new segment when the
newest is full.
"""

from collections.abc import Sequence
from typing import Protocol

from services.chassis.runtime.errors import WrongState
from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage.transaction import Transaction
from services.search.domain.posts.model import (
    Found,
    IndexedPost,
    PostChange,
    SegmentComparison,
    Viewer,
)
from services.search.domain.query.model import Expression


class GenerationRunning(WrongState):
    """Another generation is being built."""

    reason = "REINDEX_RUNNING"


class GenerationGone(Exception):
    """The generation is not being built: it was dropped, or it has replaced the live one."""


class PostIndex(Protocol):
    """Posts by their words, terms and properties, for those who may see them.

    Every method raises Unavailable where the engine does not answer.
    """

    # Queries.

    async def find(
        self, expression: Expression, viewer: Viewer, *, below: int = MAX_ID, limit: int
    ) -> list[Found]:
        """The matching posts with an id less than `below` that the viewer may find, newest first.

        Exact: fewer than `limit` only if there are no more. Protection and deletion of accounts
        count from the moment that they are committed.
        """
        ...

    async def ids_with(self, term: str, *, limit: int) -> list[int]:
        """The ids of the posts with this term, newest first, also of those that few may see.
        For the worker: `medium:42` leads to the posts with a medium."""
        ...

    # Changes.

    async def apply(self, transaction: Transaction, changes: Sequence[PostChange]) -> None:
        """Changes the live generation, and the one that is being built.

        Changes of several posts lock them in ascending order of id.
        """
        ...

    async def maintain(self) -> None:
        """Opens a segment if the newest is full, merges pending entries into the indexes, and
        deletes replaced and dropped generations. For a periodic job, in transactions of its own;
        what is locked is left for the next call."""
        ...

    # Generations. Their numbers ascend and are never used again.

    async def start_generation(self, transaction: Transaction) -> int:
        """Begins an empty generation, and returns its number. From the commit on, `apply` changes
        it too. It waits for running `apply`s, so the transaction must not hold locks that they
        wait for. Raises GenerationRunning."""
        ...

    async def load(self, generation: int, posts: Sequence[IndexedPost]) -> None:
        """Adds posts, read from their service, in a transaction of its own. Pages come in ascending
        order of id. A post is left out if the generation has it in the same revision or a later
        one, or if it was deleted; so a page may be loaded twice, and never undoes what `apply`
        changed. Raises GenerationGone."""
        ...

    async def finish(self, generation: int) -> None:
        """Builds the indexes of a loaded generation; may take minutes. Idempotent, and continues
        where an interrupted call stopped. Raises GenerationGone."""
        ...

    async def compare(self, generation: int) -> list[SegmentComparison]:
        """Compares each segment with the live generation, by ascending ids. Raises
        GenerationGone."""
        ...

    async def differing(
        self, generation: int, segment: SegmentComparison, *, limit: int
    ) -> list[int]:
        """The ids of the segment's posts that the two generations have in different forms, or that
        only one of them has; ascending. Their service decides which is right. Raises
        GenerationGone."""
        ...

    async def swap(self, transaction: Transaction, generation: int) -> None:
        """Makes a finished generation the live one at the commit. A running `find` ends with the
        generation that it began with, or begins again. As for locks, see `start_generation`.
        Raises GenerationGone, and ValueError where `finish` did not end."""
        ...

    async def drop(self, transaction: Transaction, generation: int) -> None:
        """Ends the building of a generation; `maintain` deletes it. Idempotent, and without effect
        on the live one. As for locks, see `start_generation`."""
        ...
