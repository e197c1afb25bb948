"""The change log of a service: which of its dependencies changed, in the order of the changes.

A client that keeps responses asks what changed before it uses one again. A response names its
dependencies: numbers that stand for the cache entries, or the feeds, that it was made from. A write
changes those first, then appends their numbers here, then is answered. So a reader of the log finds
each write that was answered before, in any process.

The log is a stream in the Redis that has the caches. Redis may lose it at any time, in whole or in
part: it is trimmed, it may be evicted or flushed, a server without it may take the place of the
other. A reader therefore reads from its position on, the entry that it read last included. If that
entry is there, so is everything after it, as entries are removed from the oldest on. If it is not,
or if the connection is another one, the reader gets a reset instead of the changes. Each entry has
a random number besides its id: ids are times, and a new log may have one of them again.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from prometheus_client import Counter

from services.chassis.cache.redis_client import RedisClient, Script
from services.chassis.cache.redis_connection import Command

# Entries that Redis keeps at least: with a thousand writes a second those of 20 s. Most are of some
# 100 bytes.
MAX_ENTRIES = 20_000
# Who has missed more than that reads everything again at less cost.
MAX_CHANGED = 50_000
# Entries that one trip reads, so that no reply delays the other calls of the connection for long.
_STEP = 1_000

_ID_BYTES = 8
_NONCE_BYTES = 8
_FIELD = b"c"

# One entry for all that is due. KEYS: due, log. ARGV: entries to keep, field, nonce.
_APPEND_DUE = Script("""
local ids = redis.call('SMEMBERS', KEYS[1])
if #ids == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', ARGV[2], ARGV[3] .. table.concat(ids))
redis.call('DEL', KEYS[1])
return #ids
""")

_appended = Counter("roost_change_log_appended_total", "Dependencies appended to the change log")
_resets = Counter("roost_change_log_resets_total", "Reads of the change log that gave a reset")


@lru_cache(maxsize=65_536)
def dependency(name: str) -> bytes:
    """The number that stands for a cache key or a feed, in 8 bytes, little-endian.

    Two names may share a number. A change of one then counts as a change of both.
    """
    return blake2b(name.encode(), digest_size=_ID_BYTES).digest()


class Position(NamedTuple):
    """The entry that a reader read last, and the connections that its client had made by then."""

    entry_id: bytes
    nonce: bytes
    connections: int


class Changes(NamedTuple):
    """What changed since a position: dependencies one after another, of 8 bytes each.

    With `reset` they are unknown: everything may have changed up to `position`.
    """

    position: Position
    ids: bytes
    reset: bool


class ChangeLog:
    """The change log of that name. Raises RedisUnavailable where Redis is away."""

    def __init__(self, redis: RedisClient, name: str, *, max_entries: int = MAX_ENTRIES) -> None:
        self._redis = redis
        self._place = f"changes:{name}"
        # In the slot of the log.
        self._due = f"due:{{{self._place}}}"
        self._max_entries = max_entries
        self._before_reads: list[Callable[[], Awaitable[None]]] = []

    def before_reads(self, call: Callable[[], Awaitable[None]]) -> None:
        """Calls it before each read: it appends what could not be appended before."""
        self._before_reads.append(call)

    async def append(
        self, ids: Iterable[bytes], *, after: Sequence[Command] = (), then: Sequence[Command] = ()
    ) -> None:
        """Appends the dependencies as one entry, after some commands were executed, and then
        executes others.

        What they stand for must have changed before: by the commands `after`, or earlier.
        """
        content = b"".join(ids)
        if content:
            await self._redis.in_order(after, [self._entry(content)], then)
            _appended.inc(len(content) // _ID_BYTES)

    async def append_later(self, ids: Sequence[bytes], *, after: Sequence[Command] = ()) -> None:
        """Lets the next `append_due` of any process append them, after these commands were
        executed: for changes that clients may learn of later. At least one."""
        await self._redis.in_order(after, [("SADD", self._due, *ids)])

    async def append_due(self) -> None:
        """Appends all that `append_later` has collected, as one entry."""
        arguments = (self._max_entries, _FIELD, _nonce())
        _appended.inc(await self._redis.run(_APPEND_DUE, (self._due, self._place), arguments))

    async def read_after(self, position: Position | None) -> Changes:
        """What was appended since the position; a reset for None, and where that is unknown."""
        for call in self._before_reads:
            await call()
        changes = None if position is None else await self._since(position)
        if changes is None:
            _resets.inc()
            changes = Changes(await self._tail(), b"", reset=True)
        return changes

    async def _since(self, position: Position) -> Changes | None:
        """The changes since the position; None if some may be missing, or they are too many."""
        ids = b""
        while True:
            entries = await self._redis.execute(
                "XRANGE", self._place, position.entry_id, "+", "COUNT", _STEP + 1
            )
            # After the read: a server that took the place of another one was asked on a new
            # connection. It may have the entry and lack some that came after it.
            connections = self._redis.connections
            if not entries or _position_of(entries[0], connections) != position:
                return None
            ids += b"".join([_ids_of(entry) for entry in entries[1:]])
            if len(ids) > MAX_CHANGED * _ID_BYTES:
                return None
            position = _position_of(entries[-1], connections)
            if len(entries) <= _STEP:
                return Changes(position, ids, reset=False)

    async def _tail(self) -> Position:
        """The position of the newest entry. An empty log gets one, without dependencies."""
        while True:
            connections = self._redis.connections
            entries = await self._redis.execute("XREVRANGE", self._place, "+", "-", "COUNT", 1)
            if not entries:
                await self._redis.execute(*self._entry(b""))
            elif connections == self._redis.connections:
                return _position_of(entries[0], connections)

    def _entry(self, content: bytes) -> Command:
        entry = _nonce() + content
        return ("XADD", self._place, "MAXLEN", "~", self._max_entries, "*", _FIELD, entry)


def _nonce() -> bytes:
    return os.urandom(_NONCE_BYTES)


def _position_of(entry: Any, connections: int) -> Position:
    entry_id, (_, content) = entry
    return Position(entry_id, content[:_NONCE_BYTES], connections)


def _ids_of(entry: Any) -> bytes:
    _, (_, content) = entry
    ids: bytes = content[_NONCE_BYTES:]
    return ids
