"""Live delivery: sends the log entries of attached users to their streams, in sequence.

The log is authoritative; wake-ups announce its entries early. If the next entry of a cursor arrives
by a wake-up, it is sent immediately. In all other cases (a user has just attached, a wake-up is
missing, a stream has no room) the cursor falls behind, and a cursor that is behind is caught up
from the log. Once a second all cursors are compared with the log, which recovers lost wake-ups.
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
from services.eventlog.domain.bounded_queue import MAX_WAITING, BoundedQueue
from services.eventlog.domain.errors import Stopping
from services.eventlog.domain.model import (
    Attached,
    Gap,
    HashtagActivity,
    LogEntry,
    PostActivity,
)
from services.eventlog.domain.store import LogStore

SWEEP_SECONDS = 1.0
# Short against PRESENCE_GRACE, which begins with the last renewal.
PRESENCE_RENEWAL_SECONDS = 60.0

# One read of the log catches up this many cursors, by this many entries each.
_CURSORS, _ENTRIES = 200, 100
_BATCH_SIZE = 1_000

_attached = Gauge(
    "roost_eventlog_attached_users", "Users attached to this process, counted for each stream"
)
_open = Gauge("roost_eventlog_streams", "Open streams of this process")
_sent = Counter("roost_eventlog_entries_sent_total", "Entries sent to streams", ["source"])
_live, _read = _sent.labels("live"), _sent.labels("log")
_gaps = Counter("roost_eventlog_gaps_total", "Gaps sent to streams")


@dataclass(slots=True, eq=False)
class _UserCursor:
    """How far a user's log was sent to one stream."""

    user_id: int
    queue: BoundedQueue
    delivered: int
    # The newest known sequence. If it is above `delivered`, the cursor is behind.
    seen: int
    behind: bool = True
    gone: bool = False


@dataclass(slots=True)
class _StreamState:
    """The users, posts and hashtags of one stream."""

    cursors: dict[int, _UserCursor] = field(default_factory=dict)
    post_ids: set[int] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)


class LiveDelivery:
    """The streams of this process, with the cursors of their users."""

    def __init__(
        self, *, store: LogStore, clock: Clock, missed: bytes, max_waiting: int = MAX_WAITING
    ) -> None:
        self._store = store
        # The content of the entry for a user who returns after a long absence.
        self._missed = missed
        self._clock = clock
        self._max_waiting = max_waiting
        self._streams: dict[BoundedQueue, _StreamState] = {}
        self._cursors: dict[int, dict[BoundedQueue, _UserCursor]] = {}
        self._posts: dict[int, set[BoundedQueue]] = {}
        self._hashtags: dict[str, set[BoundedQueue]] = {}
        self._behind: set[_UserCursor] = set()
        self._woken = asyncio.Event()
        self._stopping = False

    @property
    def streams(self) -> int:
        """The number of open streams."""
        return len(self._streams)

    def open(self) -> BoundedQueue:
        """Opens a stream. Raises Stopping."""
        if self._stopping:
            raise Stopping
        queue = BoundedQueue(room=self._woken.set, limit=self._max_waiting)
        self._streams[queue] = _StreamState()
        _open.inc()
        return queue

    def close(self, queue: BoundedQueue) -> None:
        """Closes a stream, and detaches its users, posts and hashtags."""
        state = self._streams[queue]
        for user_id in list(state.cursors):
            self.detach(queue, user_id)
        for post_id in list(state.post_ids):
            self.detach_post(queue, post_id)
        for tag in list(state.tags):
            self.detach_hashtag(queue, tag)
        del self._streams[queue]
        _open.dec()

    async def attach(self, queue: BoundedQueue, after: Mapping[int, int]) -> None:
        """Sends the entries after these sequences, by user id; -1 stands for the end of the log.

        A gap is sent if the log starts after that sequence, or ends before it.
        """
        heads = await self._store.attach_users(list(after), self._clock.now(), missed=self._missed)
        for user_id, sequence in after.items():
            head = heads[user_id]
            self.detach(queue, user_id)
            queue.put(Attached(user_id, head.last))
            if sequence == -1:
                delivered = head.last
            elif head.first - 1 <= sequence <= head.last:
                delivered = sequence
            else:
                delivered = self._send_gap(queue, user_id, head.first)
            # Behind at first: entries may have been appended since the read above.
            cursor = _UserCursor(user_id, queue, delivered=delivered, seen=delivered)
            self._streams[queue].cursors[user_id] = cursor
            self._cursors.setdefault(user_id, {})[queue] = cursor
            self._mark_behind(cursor)
            _attached.inc()

    def detach(self, queue: BoundedQueue, user_id: int) -> None:
        """Sends nothing more of that user."""
        cursor = self._streams[queue].cursors.pop(user_id, None)
        if cursor is None:
            return
        cursor.gone = True
        self._behind.discard(cursor)
        streams = self._cursors[user_id]
        del streams[queue]
        if not streams:
            del self._cursors[user_id]
        _attached.dec()

    def attach_post(self, queue: BoundedQueue, post_id: int) -> None:
        """Sends activity around a post."""
        self._streams[queue].post_ids.add(post_id)
        self._posts.setdefault(post_id, set()).add(queue)

    def detach_post(self, queue: BoundedQueue, post_id: int) -> None:
        """Sends no more activity around the post."""
        self._streams[queue].post_ids.discard(post_id)
        queues = self._posts.get(post_id, set())
        queues.discard(queue)
        if not queues:
            self._posts.pop(post_id, None)

    def attach_hashtag(self, queue: BoundedQueue, tag: str) -> None:
        """Sends new posts with the hashtag."""
        self._streams[queue].tags.add(tag)
        self._hashtags.setdefault(tag, set()).add(queue)

    def detach_hashtag(self, queue: BoundedQueue, tag: str) -> None:
        """Sends no more posts with the hashtag."""
        self._streams[queue].tags.discard(tag)
        queues = self._hashtags.get(tag, set())
        queues.discard(queue)
        if not queues:
            self._hashtags.pop(tag, None)

    def on_events(self, entries: Sequence[LogEntry]) -> None:
        """Sends those committed entries that are next, and marks other cursors as behind."""
        for entry in entries:
            for cursor in self._cursors.get(entry.user_id, {}).values():
                if cursor.behind or entry.sequence > cursor.delivered + 1:
                    cursor.seen = max(cursor.seen, entry.sequence)
                    self._mark_behind(cursor)
                elif entry.sequence == cursor.delivered + 1:
                    if self._send(cursor, entry):
                        _live.inc()
                    else:
                        cursor.seen = entry.sequence
                        self._mark_behind(cursor)

    def on_activities(self, activities: Sequence[PostActivity]) -> None:
        """Sends activity around posts. A stream without room does not get it."""
        for activity in activities:
            for queue in self._posts.get(activity.post_id, ()):
                queue.offer(activity)

    def on_hashtags(self, activities: Sequence[HashtagActivity]) -> None:
        """Sends new posts with hashtags. A stream without room does not get them."""
        for activity in activities:
            for queue in self._hashtags.get(activity.tag, ()):
                queue.offer(activity)

    def stop(self) -> None:
        """Ends every stream; `open` raises from now on."""
        self._stopping = True
        for queue in self._streams:
            queue.end(Stopping(retry_after=1.0))

    async def run(self) -> None:
        """Catches up cursors that are behind, until it is cancelled."""
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
                await self._catch_up_all()
            except (Unavailable, DeadlineExceeded) as error:
                logger().warning("event_log_read_failed", error=repr(error))
                self._woken.clear()

    async def renew_presence(self) -> None:
        """Refreshes the presence of attached users."""
        user_ids = list(self._cursors)
        for start in range(0, len(user_ids), _BATCH_SIZE):
            await self._store.renew_presence(
                user_ids[start : start + _BATCH_SIZE], self._clock.now()
            )

    async def _sweep(self) -> None:
        """Marks cursors as behind whose log has newer entries."""
        known = {
            user_id: min(cursor.seen for cursor in streams.values())
            for user_id, streams in self._cursors.items()
        }
        if not known:
            return
        for user_id, head in (await self._store.newer_than(known)).items():
            for cursor in self._cursors.get(user_id, {}).values():
                if head.last > cursor.seen:
                    cursor.seen = head.last
                    self._mark_behind(cursor)

    async def _catch_up_all(self) -> None:
        for cursors in self._with_room():
            after: dict[int, int] = {}
            for cursor in cursors:
                after[cursor.user_id] = min(
                    cursor.delivered, after.get(cursor.user_id, cursor.delivered)
                )
            entries = await self._store.events(after, limit=_ENTRIES)
            found = {
                user_id: list(each) for user_id, each in groupby(entries, lambda each: each.user_id)
            }
            for cursor in cursors:
                if not cursor.gone:
                    self._forward(cursor, found.get(cursor.user_id, []))
            await self._send_missing_gaps(
                [each for each in cursors if each.behind and not found.get(each.user_id)]
            )
        if any(cursor.queue.has_room for cursor in self._behind):
            self._woken.set()

    def _with_room(self) -> Iterator[list[_UserCursor]]:
        waiting = [cursor for cursor in self._behind if cursor.queue.has_room]
        for start in range(0, len(waiting), _CURSORS):
            yield [cursor for cursor in waiting[start : start + _CURSORS] if not cursor.gone]

    def _forward(self, cursor: _UserCursor, entries: Sequence[LogEntry]) -> None:
        for entry in entries:
            if entry.sequence <= cursor.delivered:
                continue
            if entry.sequence > cursor.delivered + 1:
                # A user's entries become visible in sequence, so the ones before are deleted.
                cursor.delivered = self._send_gap(cursor.queue, cursor.user_id, entry.sequence)
            if not self._send(cursor, entry):
                return
            _read.inc()
        if len(entries) < _ENTRIES and cursor.delivered >= cursor.seen:
            self._catch_up(cursor)

    async def _send_missing_gaps(self, cursors: Sequence[_UserCursor]) -> None:
        """Handles cursors for which the log has a higher last sequence but no entry: it was trimmed
        up to its end."""
        if not cursors:
            return
        heads = await self._store.newer_than(
            {cursor.user_id: cursor.delivered for cursor in cursors}
        )
        for cursor in cursors:
            head = heads.get(cursor.user_id)
            if cursor.gone:
                continue
            if head is not None and head.first > cursor.delivered + 1:
                cursor.delivered = self._send_gap(cursor.queue, cursor.user_id, head.first)
            if head is None or head.last <= cursor.delivered:
                self._catch_up(cursor)

    def _send(self, cursor: _UserCursor, entry: LogEntry) -> bool:
        if not cursor.queue.offer(entry):
            return False
        cursor.delivered = entry.sequence
        cursor.seen = max(cursor.seen, entry.sequence)
        return True

    def _send_gap(self, queue: BoundedQueue, user_id: int, first: int) -> int:
        """Sends a gap up to `first`; returns the sequence that counts as delivered then."""
        queue.put(Gap(user_id, first))
        _gaps.inc()
        return first - 1

    def _mark_behind(self, cursor: _UserCursor) -> None:
        cursor.behind = True
        self._behind.add(cursor)
        self._woken.set()

    def _catch_up(self, cursor: _UserCursor) -> None:
        cursor.behind = False
        cursor.seen = cursor.delivered
        self._behind.discard(cursor)
