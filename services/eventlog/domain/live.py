"""Live delivery: brings the log to those who are attached to this process, in sequence.

The log is the truth; wake-ups only say early what is in it. An entry that is next is handed on as
its wake-up comes. Everything else - somebody has just attached, a wake-up is missing, a stream has
no room - makes a place fall behind, and a place that is behind is brought forward from the log.
Once a second all places are compared with the log, which makes good whatever wake-ups were lost.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from prometheus_client import Counter, Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.eventlog.domain.bounded_queue import MAX_WAITING, Outlet
from services.eventlog.domain.errors import Stopping
from services.eventlog.domain.model import (
    Activity,
    Arrived,
    Gap,
    Logged,
)
from services.eventlog.domain.store import LogStore

SWEEP_SECONDS = 1.0
# Often enough that somebody who was there to the end is there for nearly all of GRACE after it.
STAY_SECONDS = 60.0

# What one look into the log brings forward: so many places, by so many entries each.
_PLACES, _ENTRIES = 200, 100
_CROWD = 1_000

_attached = Gauge("roost_log_attached", "People who are attached to this process, by stream")
_handed_on = Counter("roost_log_handed_on_total", "Entries handed on to streams", ["way"])
_live, _read = _handed_on.labels("live"), _handed_on.labels("read")
_gaps = Counter("roost_log_gaps_total", "Gaps that attached people were told of")


@dataclass(slots=True, eq=False)
class _Place:
    """How far somebody's log was handed on to one stream."""

    user_id: int
    outlet: Outlet
    delivered: int
    # The newest sequence that is known of. Beyond `delivered`, the place is behind.
    seen: int
    behind: bool = True
    gone: bool = False


@dataclass(slots=True)
class _Seat:
    """What one stream is attached to."""

    places: dict[int, _Place] = field(default_factory=dict)
    post_ids: set[int] = field(default_factory=set)


class LiveDelivery:
    """The streams of this process, and where each stands."""

    def __init__(
        self, *, store: LogStore, clock: Clock, missed: bytes, max_waiting: int = MAX_WAITING
    ) -> None:
        self._store = store
        # What is logged for somebody who comes back after a long absence.
        self._missed = missed
        self._clock = clock
        self._max_waiting = max_waiting
        self._seats: dict[Outlet, _Seat] = {}
        self._places: dict[int, dict[Outlet, _Place]] = {}
        self._posts: dict[int, set[Outlet]] = {}
        self._behind: set[_Place] = set()
        self._woken = asyncio.Event()
        self._stopping = False

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._seats)

    def open(self) -> Outlet:
        """A stream begins. Raises Stopping."""
        if self._stopping:
            raise Stopping
        outlet = Outlet(room=self._woken.set, limit=self._max_waiting)
        self._seats[outlet] = _Seat()
        return outlet

    def close(self, outlet: Outlet) -> None:
        """A stream is over."""
        seat = self._seats[outlet]
        for user_id in list(seat.places):
            self.detach(outlet, user_id)
        for post_id in list(seat.post_ids):
            self.detach_post(outlet, post_id)
        del self._seats[outlet]

    async def attach(self, outlet: Outlet, after: Mapping[int, int]) -> None:
        """Hands on what comes after these sequences, by user id; after -1, from now on.

        A gap is told where the log does not reach back that far, or does not reach as far yet.
        """
        heads = await self._store.arrive(list(after), self._clock.now(), missed=self._missed)
        for user_id, sequence in after.items():
            head = heads[user_id]
            self.detach(outlet, user_id)
            outlet.put(Arrived(user_id, head.last))
            if sequence == -1:
                delivered = head.last
            elif head.first - 1 <= sequence <= head.last:
                delivered = sequence
            else:
                delivered = self._tell_gap(outlet, user_id, head.first)
            # Behind at first: only a look into the log tells what came since the one above.
            place = _Place(user_id, outlet, delivered=delivered, seen=delivered)
            self._seats[outlet].places[user_id] = place
            self._places.setdefault(user_id, {})[outlet] = place
            self._fall_behind(place)
            _attached.inc()

    def detach(self, outlet: Outlet, user_id: int) -> None:
        """Hands on nothing more of that person."""
        place = self._seats[outlet].places.pop(user_id, None)
        if place is None:
            return
        place.gone = True
        self._behind.discard(place)
        streams = self._places[user_id]
        del streams[outlet]
        if not streams:
            del self._places[user_id]
        _attached.dec()

    def attach_post(self, outlet: Outlet, post_id: int) -> None:
        """Tells of activity around a post."""
        self._seats[outlet].post_ids.add(post_id)
        self._posts.setdefault(post_id, set()).add(outlet)

    def detach_post(self, outlet: Outlet, post_id: int) -> None:
        """Tells of it no more."""
        self._seats[outlet].post_ids.discard(post_id)
        outlets = self._posts.get(post_id, set())
        outlets.discard(outlet)
        if not outlets:
            self._posts.pop(post_id, None)

    def on_events(self, entries: Sequence[Logged]) -> None:
        """Entries were committed: hands on those that are next."""
        for entry in entries:
            for place in self._places.get(entry.user_id, {}).values():
                if place.behind or entry.sequence > place.delivered + 1:
                    place.seen = max(place.seen, entry.sequence)
                    self._fall_behind(place)
                elif entry.sequence == place.delivered + 1:
                    if self._hand_on(place, entry):
                        _live.inc()
                    else:
                        place.seen = entry.sequence
                        self._fall_behind(place)

    def on_activities(self, activities: Sequence[Activity]) -> None:
        """Something happened around posts. A stream without room is not told."""
        for activity in activities:
            for outlet in self._posts.get(activity.post_id, ()):
                outlet.offer(activity)

    def stop(self) -> None:
        """Ends every stream, and opens no other."""
        self._stopping = True
        for outlet in self._seats:
            outlet.end(Stopping(retry_after=1.0))

    async def run(self) -> None:
        """Brings forward what is behind, for ever."""
        sweep_at = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, sweep_at - time.monotonic())):
                    await self._woken.wait()
            self._woken.clear()
            try:
                if time.monotonic() >= sweep_at:
                    sweep_at = time.monotonic() + SWEEP_SECONDS
                    await self._sweep()
                await self._bring_forward()
            except (Unavailable, DeadlineExceeded) as error:
                logger().warning("log_not_read", error=repr(error))
                self._woken.clear()

    async def stay(self) -> None:
        """Notes now and again that those who are attached are still there, for ever."""
        while True:
            await asyncio.sleep(STAY_SECONDS)
            user_ids = list(self._places)
            try:
                for start in range(0, len(user_ids), _CROWD):
                    await self._store.stay(user_ids[start : start + _CROWD], self._clock.now())
            except (Unavailable, DeadlineExceeded) as error:
                logger().warning("presence_not_noted", error=repr(error))

    async def _sweep(self) -> None:
        """Finds the places that the log has gone beyond."""
        known = {
            user_id: min(place.seen for place in streams.values())
            for user_id, streams in self._places.items()
        }
        if not known:
            return
        for user_id, head in (await self._store.ahead(known)).items():
            for place in self._places.get(user_id, {}).values():
                if head.last > place.seen:
                    place.seen = head.last
                    self._fall_behind(place)

    async def _bring_forward(self) -> None:
        for places in self._with_room():
            after: dict[int, int] = {}
            for place in places:
                after[place.user_id] = min(
                    place.delivered, after.get(place.user_id, place.delivered)
                )
            entries = await self._store.events(after, limit=_ENTRIES)
            found = {
                user_id: list(each) for user_id, each in groupby(entries, lambda each: each.user_id)
            }
            for place in places:
                if not place.gone:
                    self._forward(place, found.get(place.user_id, []))
            await self._look_for_gaps(
                [each for each in places if each.behind and not found.get(each.user_id)]
            )
        if any(place.outlet.has_room for place in self._behind):
            self._woken.set()

    def _with_room(self) -> Iterator[list[_Place]]:
        waiting = [place for place in self._behind if place.outlet.has_room]
        for start in range(0, len(waiting), _PLACES):
            yield [place for place in waiting[start : start + _PLACES] if not place.gone]

    def _forward(self, place: _Place, entries: Sequence[Logged]) -> None:
        for entry in entries:
            if entry.sequence <= place.delivered:
                continue
            if entry.sequence > place.delivered + 1:
                # A person's entries become visible in sequence, so those before are gone.
                place.delivered = self._tell_gap(place.outlet, place.user_id, entry.sequence)
            if not self._hand_on(place, entry):
                return
            _read.inc()
        if len(entries) < _ENTRIES and place.delivered >= place.seen:
            self._catch_up(place)

    async def _look_for_gaps(self, places: Sequence[_Place]) -> None:
        """The log says that there is more, and has nothing: it was cut, up to its very end."""
        if not places:
            return
        heads = await self._store.ahead({place.user_id: place.delivered for place in places})
        for place in places:
            head = heads.get(place.user_id)
            if place.gone:
                continue
            if head is not None and head.first > place.delivered + 1:
                place.delivered = self._tell_gap(place.outlet, place.user_id, head.first)
            if head is None or head.last <= place.delivered:
                self._catch_up(place)

    def _hand_on(self, place: _Place, entry: Logged) -> bool:
        if not place.outlet.offer(entry):
            return False
        place.delivered = entry.sequence
        place.seen = max(place.seen, entry.sequence)
        return True

    def _tell_gap(self, outlet: Outlet, user_id: int, first: int) -> int:
        """Says that the log begins later; gives what counts as delivered then."""
        outlet.put(Gap(user_id, first))
        _gaps.inc()
        return first - 1

    def _fall_behind(self, place: _Place) -> None:
        place.behind = True
        self._behind.add(place)
        self._woken.set()

    def _catch_up(self, place: _Place) -> None:
        place.behind = False
        place.seen = place.delivered
        self._behind.discard(place)
