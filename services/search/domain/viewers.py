"""The relations of those who search: whom they follow, and whose posts they do not see.

They are part of every search of a signed-in user, so they are kept in the process for a short time.
Without them, nothing is found: a search that did not know the blocks would find too much.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple, Protocol

from prometheus_client import Counter

from services.chassis.runtime import deadline
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded, RoostError
from services.search.domain.posts.model import ANONYMOUS, Viewer

# How long relations are used after they were read. Changes are announced, so that this matters only
# if an announcement is lost.
LIFETIME_SECONDS = 30.0
# For one reading, which several callers may wait for.
LOAD_SECONDS = 2.0
# The ids that are kept of all viewers together, about 60 bytes each.
MAX_IDS = 1_000_000
# What a viewer without relations counts as.
_LEAST_WEIGHT = 20

_reads = Counter(
    "roost_search_viewers_total",
    "Viewers of searches, by where their relations came from",
    ["from"],
)
_kept, _read, _failed = (_reads.labels(each) for each in ("kept", "read", "failed"))


class Relations(Protocol):
    """GraphService."""

    async def of(self, user_id: int) -> Viewer:
        """The user with all relations. Raises Unavailable."""
        ...


class ViewerChanges(Protocol):
    """Announces to all processes that relations of users changed."""

    async def invalidate(self, user_ids: Collection[int]) -> None:
        """The next search of these users reads their relations again. Call it after the commit of
        the change. It never fails; an announcement may be lost."""
        ...


class Viewers:
    """Viewers by id. Callers who need the same one share one reading of it."""

    def __init__(self, relations: Relations, *, clock: Clock) -> None:
        self._relations = relations
        self._clock = clock
        # The least recently used first.
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._weight = 0
        self._loads: dict[int, asyncio.Task[Viewer]] = {}
        self._running: set[asyncio.Task[Viewer]] = set()

    async def get(self, user_id: int | None) -> Viewer:
        """The viewer; None is the anonymous one, for whom nothing is read.

        Raises Unavailable or DeadlineExceeded if the relations cannot be read.
        """
        if user_id is None:
            return ANONYMOUS
        kept = self._kept.get(user_id)
        if kept is not None:
            if self._clock.monotonic() < kept.expires:
                self._kept.move_to_end(user_id)
                _kept.inc()
                return kept.viewer
            self._drop(user_id)
        load = self._loads.get(user_id)
        if load is None:
            load = self._loads[user_id] = asyncio.create_task(self._load(user_id))
            self._running.add(load)
            load.add_done_callback(self._end)
        # The reading goes on for others if this caller gives up.
        done, _ = await asyncio.wait({load}, timeout=deadline.remaining())
        if not done:
            raise DeadlineExceeded
        return load.result()

    def forget(self, user_ids: Collection[int]) -> None:
        """The relations of these users changed: the next search reads them."""
        for user_id in user_ids:
            if user_id in self._kept:
                self._drop(user_id)
            # A reading that is under way may have begun before the change.
            self._loads.pop(user_id, None)

    async def close(self) -> None:
        """Ends readings that are under way."""
        for load in self._running:
            load.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _load(self, user_id: int) -> Viewer:
        task = asyncio.current_task()
        begun = self._clock.monotonic()
        try:
            with deadline.none(), deadline.within(LOAD_SECONDS):
                viewer = await self._relations.of(user_id)
            _read.inc()
            if self._loads.get(user_id) is task:
                self._keep(user_id, viewer, begun + LIFETIME_SECONDS)
            return viewer
        except RoostError:
            _failed.inc()
            raise
        finally:
            if self._loads.get(user_id) is task:
                del self._loads[user_id]

    def _end(self, load: "asyncio.Task[Viewer]") -> None:
        self._running.discard(load)
        if not load.cancelled():
            # A failure that nobody waits for any more is no error of the process.
            load.exception()

    def _keep(self, user_id: int, viewer: Viewer, expires: float) -> None:
        kept = _Kept(viewer, expires)
        self._kept[user_id] = kept
        self._weight += kept.weight
        while self._weight > MAX_IDS and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, user_id: int) -> None:
        self._weight -= self._kept.pop(user_id).weight


class _Kept(NamedTuple):
    viewer: Viewer
    # By the monotonic clock.
    expires: float

    @property
    def weight(self) -> int:
        viewer = self.viewer
        return _LEAST_WEIGHT + len(viewer.following) + len(viewer.blocked) + len(viewer.muted)
