"""Feeds in Valkey: a sorted set each, changed by Lua scripts of one feed.

All scores are 0, so members are ordered by their bytes, which is the order of entry ids (see
`model`). Beside entries a set may hold two members of another length: BOTTOM means that nothing
older exists, and one that begins with 0xff, above all entries, that the feed is being built and
by whom. A feed's three keys share a hash tag, so they are together on a cluster:

    feed:{home:7}     the set
    hidden:{home:7}   actors (8 bytes) and entries (16) that must not be added, each scored by
                      the millisecond until which, or +inf
    note:{home:7}     the merge note

Feeds are appended to the change log by their names, after they changed and in one entry for all
feeds of an operation. `add` leaves out the feeds that exist and did not take the entry.
"""

from collections.abc import Sequence
from importlib import resources

from services.chassis.cache.change_log import ChangeLog, dependency
from services.chassis.cache.redis_client import RedisClient, Script
from services.chassis.runtime.logs import logger
from services.timeline.domain.feeds import (
    BUILD_SECONDS,
    HIDE_SECONDS,
    IDLE_SECONDS,
    Begun,
    Reading,
    State,
)
from services.timeline.domain.model import (
    MAX_HOME,
    Entry,
    Unreadable,
    packed,
    packed_all,
    packed_id,
    packed_ids,
    unpacked,
)

# Scripts of one pipeline: enough to amortize the trip, few enough not to delay other callers.
_CHUNK = 500

# A feed's expiry is set this much further than needed, so that not every read has to set it.
_SLACK_SECONDS = 12 * 3600

# Entries of the change log. One has the homes of a page of followers: 8 kB, and 32 MB all of them.
_MAX_CHANGES = 4_000

_BEGUN = (Begun.SOMEBODY_ELSES, Begun.READY_ALREADY, Begun.YOURS)


def _script(name: str) -> Script:
    return Script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())


_READ = _script("read")
_BEGIN = _script("begin")
_FINISH = _script("finish")
_ADD = _script("add")
_REMOVE = _script("remove")
_SHOW = _script("show")
_HIDE = _script("hide")
_MERGE = _script("merge")
_SET_NOTE = _script("set_merge_note")
_RENEW_NOTE = _script("renew_merge_note")


def change_log(redis: RedisClient) -> ChangeLog:
    """The change log of the Timeline service."""
    return ChangeLog(redis, "timeline", max_entries=_MAX_CHANGES)


class ValkeyFeeds:
    """See `feeds.Feeds`."""

    def __init__(
        self,
        redis: RedisClient,
        *,
        changes: ChangeLog,
        max_entries: int = MAX_HOME,
        idle_seconds: int = IDLE_SECONDS,
        build_seconds: float = BUILD_SECONDS,
    ) -> None:
        self._redis = redis
        self._changes = changes
        self._max = max_entries
        self._idle = idle_seconds
        self._life = idle_seconds + _SLACK_SECONDS
        self._build_milliseconds = round(build_seconds * 1000)

    async def read(self, feed: str, *, before: int, limit: int) -> Reading:
        return _reading(await self._redis.run(_READ, _keys(feed), self._page(before, limit)))

    async def read_many(self, feeds: Sequence[str], *, before: int, limit: int) -> list[Reading]:
        arguments = self._page(before, limit)
        replies = await self._redis.run_each(_READ, [(_keys(feed), arguments) for feed in feeds])
        return [_reading(reply) for reply in replies]

    async def begin(self, feed: str, builder: bytes, *, rebuild: bool = False) -> Begun:
        arguments = (builder, self._build_milliseconds, int(rebuild))
        begun = _BEGUN[await self._redis.run(_BEGIN, (_set(feed), _merge_note(feed)), arguments)]
        if begun is Begun.YOURS and rebuild:
            await self._append([feed])
        return begun

    async def finish(
        self,
        feed: str,
        builder: bytes,
        entries: Sequence[Entry],
        *,
        complete: bool,
        hidden: Sequence[int] = (),
        merge_note: bytes = b"",
    ) -> int | None:
        size: int = await self._redis.run(
            _FINISH,
            _keys(feed),
            (
                builder,
                packed_all(entries),
                int(complete),
                packed_ids(hidden),
                merge_note,
                self._max,
                self._life,
            ),
        )
        if size < 0:
            return None
        await self._append([feed])
        return size

    async def add(self, entry: Entry, feeds: Sequence[str]) -> int:
        replies = await self._each(_ADD, feeds, (packed(entry), self._max))
        await self._append([feed for feed, reply in zip(feeds, replies, strict=True) if reply])
        return replies.count(1)

    async def remove(self, entry: Entry, feeds: Sequence[str]) -> int:
        arguments = (packed(entry), round(HIDE_SECONDS * 1000), self._life)
        replies = await self._each(_REMOVE, feeds, arguments)
        await self._append(feeds)
        return sum(replies)

    async def show(self, feed: str, actor_id: int, *, muted_too: bool = False) -> bool:
        arguments = (packed_id(actor_id), int(muted_too))
        return bool(await self._redis.run(_SHOW, _keys(feed)[:2], arguments))

    async def hide(self, feed: str, actor_id: int, *, for_good: bool) -> None:
        how_long = "+inf" if for_good else round(HIDE_SECONDS * 1000)
        await self._redis.run(_HIDE, _keys(feed)[:2], (packed_id(actor_id), how_long, self._life))
        await self._append([feed])

    async def merge(self, feed: str, entries: Sequence[Entry], *, complete: bool) -> None:
        if entries:
            arguments = (packed_all(entries), int(complete), self._max)
            await self._redis.run(_MERGE, _keys(feed)[:2], arguments)
            await self._append([feed])

    async def drop(self, feed: str) -> None:
        await self._redis.execute("DEL", _set(feed), _merge_note(feed))
        await self._append([feed])

    async def set_merge_note(self, feed: str, merge_note: bytes) -> None:
        await self._redis.run(_SET_NOTE, (_set(feed), _merge_note(feed)), (merge_note, self._life))
        await self._append([feed])

    async def renew_merge_note(self, feed: str, *, seen: bytes, merge_note: bytes) -> bool:
        # No page changes by it: the one that is made now is made by the new note already, and what
        # made the note invalid was appended.
        arguments = (seen, merge_note, self._life)
        return bool(await self._redis.run(_RENEW_NOTE, (_set(feed), _merge_note(feed)), arguments))

    def _page(self, before: int, limit: int) -> tuple[bytes, int, int, int]:
        return packed_id(before), limit, self._idle, self._life

    async def _each(
        self, script: Script, feeds: Sequence[str], arguments: Sequence[bytes | int]
    ) -> list[int]:
        replies: list[int] = []
        for at in range(0, len(feeds), _CHUNK):
            calls = [(_keys(feed)[:2], arguments) for feed in feeds[at : at + _CHUNK]]
            replies += await self._redis.run_each(script, calls)
        return replies

    async def _append(self, feeds: Sequence[str]) -> None:
        await self._changes.append(map(dependency, feeds))


def _set(feed: str) -> str:
    return f"feed:{{{feed}}}"


def _merge_note(feed: str) -> str:
    return f"note:{{{feed}}}"


def _keys(feed: str) -> tuple[str, str, str]:
    return f"feed:{{{feed}}}", f"hidden:{{{feed}}}", f"note:{{{feed}}}"


def _reading(reply: list[object]) -> Reading:
    match reply:
        case [2, bytes(entries), int(exhausted), bytes(merge_note)]:
            try:
                return Reading(State.READY, unpacked(entries), bool(exhausted), merge_note)
            except Unreadable as wrong:
                # It is built again, like a missing one.
                logger().warning("feed_undecodable", error=str(wrong))
                return Reading(State.MISSING, [])
        case [1]:
            return Reading(State.BUILDING, [])
        case _:
            return Reading(State.MISSING, [])
