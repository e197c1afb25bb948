"""Rebuilds of the index of posts: how one begins and ends, and what is stored of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol, Self

from services.chassis.runtime.errors import NotFound, WrongState
from services.chassis.storage.transaction import Transaction
from services.search.domain.analysis import VERSION
from services.search.domain.posts.index import PostIndex


class ReindexRunning(WrongState):
    """A rebuild runs; there is one at a time."""

    reason = "REINDEX_RUNNING"
    message = "The index is being rebuilt already."


class ReindexNotFound(NotFound):
    """There is no rebuild with this id, or none at all."""

    reason = "REINDEX_NOT_FOUND"
    message = "There is no such rebuild."


class ReindexState(IntEnum):
    """Numbered as in the contract."""

    COPYING = 1
    VERIFYING = 2
    DONE = 3
    CANCELLED = 4
    FAILED = 5


_ENDED = frozenset({ReindexState.DONE, ReindexState.CANCELLED, ReindexState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex:
    """A rebuild and how far it has come. `id` is the generation that it builds."""

    id: int
    state: ReindexState = ReindexState.COPYING
    start_time: datetime
    end_time: datetime | None = None
    posts_scanned: int = 0
    # As estimated at its start.
    posts_total: int = 0
    segments_equal: int = 0
    segments_repaired: int = 0
    failure: str = ""
    # The checkpoint: users are read first.
    users_read: bool = False
    last_user_id: int = 0
    last_post_id: int = 0
    # The worker that holds it.
    holder: str = ""
    # The end of its lease, or the time of the next attempt.
    run_after: datetime
    # Failures since the last page.
    failures: int = 0
    # The version of the analyzer that makes the documents.
    analyzer: int

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do but to clear."""
        return self.state in _ENDED

    def changed(self, **changes: Any) -> Self:
        """The same rebuild with changes."""
        return replace(self, **changes)


class ReindexStore(Protocol):
    """Rebuilds. A method without a transaction is its own."""

    async def reindex(self, reindex_id: int) -> Reindex | None:
        """The rebuild; for 0 the latest."""
        ...

    async def add_reindex(self, transaction: Transaction, reindex: Reindex) -> bool:
        """Stores a new rebuild; False while another one runs, or if the id is taken."""
        ...

    async def lock_reindex(self, transaction: Transaction, reindex_id: int) -> Reindex | None:
        """The rebuild, which no other transaction can change before this one ends."""
        ...

    async def save_reindex(self, transaction: Transaction, reindex: Reindex) -> None:
        """Stores a rebuild that is locked."""
        ...

    async def lease_reindex(
        self, holder: str, *, now: datetime, lease_end: datetime
    ) -> Reindex | None:
        """Leases the rebuild that runs, if nobody holds it and it is due."""
        ...

    async def renew_reindex(self, reindex_id: int, holder: str, lease_end: datetime) -> bool:
        """Extends a lease; False if it was lost, or the rebuild has ended."""
        ...

    async def was_started(self, analyzer: int) -> bool:
        """Whether a rebuild with this version of the analyzer was ever started."""
        ...

    async def users_were_read(self) -> bool:
        """Whether a rebuild has read all users."""
        ...


async def start(
    index: PostIndex, store: ReindexStore, transaction: Transaction, *, now: datetime
) -> Reindex:
    """Begins a rebuild; the worker does the work. Raises ReindexRunning.

    The transaction must hold no locks that changes of the index wait for.
    """
    generation = await index.start_generation(transaction)
    reindex = Reindex(id=generation, start_time=now, run_after=now, analyzer=VERSION)
    if not await store.add_reindex(transaction, reindex):
        raise ReindexRunning
    return reindex


async def get(store: ReindexStore, reindex_id: int) -> Reindex:
    """The rebuild; for 0 the latest. Raises ReindexNotFound."""
    reindex = await store.reindex(reindex_id)
    if reindex is None:
        raise ReindexNotFound
    return reindex


async def cancel(
    index: PostIndex,
    store: ReindexStore,
    transaction: Transaction,
    reindex_id: int,
    *,
    now: datetime,
) -> Reindex:
    """Ends a rebuild that runs, and drops what it built. One that has ended stays as it is. Raises
    ReindexNotFound."""
    found = await store.reindex(reindex_id)
    if found is not None and not found.ended:
        # Before the row is locked: it waits for changes of the index, which may wait for the row.
        await index.drop(transaction, reindex_id)
    reindex = await store.lock_reindex(transaction, reindex_id)
    if reindex is None:
        raise ReindexNotFound
    if not reindex.ended:
        reindex = reindex.changed(state=ReindexState.CANCELLED, end_time=now)
        await store.save_reindex(transaction, reindex)
    return reindex
