"""Reads of caches in Redis: entries, and looking up keys of several caches in one trip.

An entry is one value in Redis: its kind, until when it is fresh, a token, the content. The token of
a value ends with the CRC-32 of the content, so that an entry that was damaged or written by another
program is recognised, and read as missing. All else in the token is random.

The first 17 bytes, the header, differ between any two writes, so an entry is recognised by it. They
are taken apart by slicing, as a page of 20 posts is 20 entries.
"""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar
from zlib import crc32

from prometheus_client import Counter

from services.chassis.cache.change_log import dependency
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger

K = TypeVar("K", bound=int | str)
V = TypeVar("V")

# A kind is the first byte.
VALUE = 1
ABSENT = 2  # known not to exist
LEASE = 3  # a process is loading it, and may store it while this entry exists

HEADER_BYTES = 17
_TIME = slice(1, 9)
_TOKEN_BYTES = 8
_SUM = slice(13, 17)

# What `_read` returns for an entry that is damaged, or not ours.
_UNREADABLE = object()

_reads = Counter("roost_cache_reads_total", "Keys read, by what was found", ["cache", "found"])


def pack(kind: int, *, fresh_until: int = 0, content: bytes = b"") -> bytes:
    """A new entry, with a token of its own; the time is in milliseconds since 1970."""
    if kind == VALUE:
        token = os.urandom(_TOKEN_BYTES - 4) + crc32(content).to_bytes(4)
    else:
        token = os.urandom(_TOKEN_BYTES)
    return bytes((kind,)) + moment(fresh_until) + token + content


def moment(milliseconds: int) -> bytes:
    """A time as entries hold it: it compares as the number does."""
    return milliseconds.to_bytes(8)


def kind_of(raw: bytes | None) -> int | None:
    """What an entry says of its key; None where nothing is there, or nothing that we wrote."""
    return raw[0] if raw is not None and len(raw) >= HEADER_BYTES else None


def is_stale(raw: bytes, now: bytes) -> bool:
    """Whether a value or an absence is past its time."""
    return raw[_TIME] <= now


def fresh_values(found: Iterable[bytes | None], now: bytes) -> list[bytes | None]:
    """Of each entry the encoded value, if it is one and not past its time; None for any other."""
    return [
        content
        if raw
        and raw[0] == VALUE
        and raw[_TIME] > now
        and len(raw) >= HEADER_BYTES
        and crc32(content := raw[HEADER_BYTES:]) == int.from_bytes(raw[_SUM])
        else None
        for raw in found
    ]


def is_whole(raw: bytes) -> bool:
    """Whether the content of a value is what was written."""
    return crc32(raw[HEADER_BYTES:]) == int.from_bytes(raw[_SUM])


def headers_of_values(found: Sequence[bytes | None]) -> bytes:
    """The headers of all entries, one after another; nothing unless each is a value."""
    headers = [
        raw[:HEADER_BYTES] for raw in found if raw and raw[0] == VALUE and len(raw) >= HEADER_BYTES
    ]
    return b"".join(headers) if len(headers) == len(found) else b""


def first_to_end(found: Iterable[bytes | None]) -> bytes:
    """The moment at which the first of the entries is past its time."""
    return min(raw[_TIME] for raw in found if raw)


def header_of(raw: bytes) -> bytes:
    """The bytes that identify this entry."""
    return raw[:HEADER_BYTES]


def content_of(raw: bytes) -> bytes:
    return raw[HEADER_BYTES:]


class CacheReads(ABC, Generic[K, V]):
    """The half of a cache that reads: all that a read of fresh values runs.

    The other half (`cache_aside.Cache`) loads what is missing, and invalidates.
    """

    def __init__(
        self, *, name: str, redis: RedisClient, clock: Clock, decode: Callable[[bytes], V]
    ) -> None:
        self._name = name
        self._redis = redis
        self._clock = clock
        self._decode = decode
        # By key, the moment of the change that Redis does not know of.
        self._pending_invalidations: dict[K, int] = {}
        self._moment = 0
        self._found = {
            found: _reads.labels(name, found)
            for found in ("fresh", "stale", "absent", "miss", "skipped", "unreadable")
        }

    @abstractmethod
    async def _fill(self, values: dict[K, V], missing: Mapping[K, bytes], since: int) -> None:
        """Adds the values of the missing keys, of which the headers were seen."""

    @abstractmethod
    async def _load_uncached(self, wanted: Sequence[K], since: int) -> dict[K, V]:
        """The values of the keys while Redis is away."""

    @abstractmethod
    def _refresh(self, stale: Mapping[K, bytes]) -> None:
        """Loads stale entries again in the background."""

    @abstractmethod
    async def _forget_again(self) -> None:
        """Deletes the keys that could not be deleted before. Raises RedisUnavailable."""

    def _sort(
        self, wanted: Sequence[K], raw: Sequence[bytes | None]
    ) -> tuple[dict[K, V], dict[K, bytes]]:
        """The values that were found, and the headers of what is to be loaded."""
        now = moment(self._now())
        decode = self._decode
        # By far the most are such, and a page of posts is some 60 of them.
        fresh = list(zip(wanted, fresh_values(raw, now), strict=True))
        try:
            values = {key: decode(content) for key, content in fresh if content is not None}
        except Exception:
            # Whatever a codec raises: what it cannot read is sorted out below, one by one.
            values = {}
        count = len(values)
        if count:
            self._found["fresh"].inc(count)
        if count == len(wanted):
            return values, {}
        return values, self._sort_rest(wanted, raw, now, values)

    def _sort_rest(
        self, wanted: Sequence[K], raw: Sequence[bytes | None], now: bytes, values: dict[K, V]
    ) -> dict[K, bytes]:
        """Adds the values that are not fresh; returns what is to be loaded."""
        # By key, the header of what is there.
        missing: dict[K, bytes] = {}
        stale: dict[K, bytes] = {}
        absent = 0
        for key, content in zip(wanted, raw, strict=True):
            if key in values:
                continue
            if content is None or kind_of(content) == LEASE:
                missing[key] = b"" if content is None else header_of(content)
                continue
            value = self._read(content)
            if value is _UNREADABLE:
                # A load stores only where no entry is, so it is replaced in the background.
                missing[key] = stale[key] = header_of(content)
                continue
            if is_stale(content, now):
                stale[key] = header_of(content)
            if value is not None:
                values[key] = value
            elif key not in stale:
                absent += 1
        if absent:
            self._found["absent"].inc(absent)
        if stale:
            self._found["stale"].inc(len(stale))
            self._refresh(stale)
        if missing:
            self._found["miss"].inc(len(missing))
        return missing

    def _read(self, raw: bytes) -> Any:
        """The value of an entry, None for an absence, or _UNREADABLE."""
        kind = kind_of(raw)
        if kind == ABSENT:
            return None
        if kind == VALUE and is_whole(raw):
            try:
                return self._decode(content_of(raw))
            except Exception as wrong:
                # Whatever a codec raises.
                logger().warning("cache_entry_undecodable", cache=self._name, error=repr(wrong))
        self._found["unreadable"].inc()
        return _UNREADABLE

    def _places(self, keys: Iterable[K]) -> list[str]:
        # The hash tag lets a cluster spread the keys, and keep what belongs to one together.
        name = self._name
        return [f"{name}:{{{key}}}" for key in keys]

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def _next_moment(self) -> int:
        """Orders what happens in this cache of this process."""
        self._moment += 1
        return self._moment


class Validator(NamedTuple):
    """The headers of the entries that a lookup found, all values, and until when all are fresh."""

    headers: bytes
    fresh_until: bytes


class BatchLookup:
    """Keys of several caches, looked up in one trip to the Redis that they share."""

    def __init__(self, *lookups: tuple[CacheReads[Any, Any], Iterable[Any]]) -> None:
        self.asked = [(cache, list(dict.fromkeys(keys))) for cache, keys in lookups]
        self._places = [place for cache, wanted in self.asked for place in cache._places(wanted)]

    @cached_property
    def dependencies(self) -> list[bytes]:
        """Of each key its dependency, see `change_log`."""
        return list(map(dependency, self._places))

    async def lookup(self) -> "BatchLookupResult":
        """The entries that are there now. It may be called again."""
        # Taken before the lookup: a load that began later is current.
        moments = [cache._next_moment() for cache, _ in self.asked]
        raw: list[bytes | None] | None = []
        if self._places:
            try:
                for cache, _ in self.asked:
                    if cache._pending_invalidations:
                        await cache._forget_again()
                raw = await self.asked[0][0]._redis.mget(self._places)
            except RedisUnavailable:
                raw = None
        return BatchLookupResult(self, moments, raw)


class BatchLookupResult:
    """What one command found; nothing of it is decoded yet."""

    def __init__(
        self, lookups: BatchLookup, moments: Sequence[int], raw: list[bytes | None] | None
    ) -> None:
        self._lookups = lookups
        self._asked = list(zip(lookups.asked, moments, strict=True))
        self._raw = raw
        # Of each cache the keys that had to be loaded, and exist.
        self._loaded: list[Collection[Any]] = [()] * len(self._asked)

    def validator(self) -> Validator | None:
        """The validator of these entries; None unless all keys were found."""
        headers = headers_of_values(self._raw or ())
        return None if not headers else Validator(headers, first_to_end(self._raw or ()))

    def validates(self, validator: Validator) -> bool:
        """Whether the same entries are still there, all fresh: nothing was invalidated since, and
        what was computed from them would be computed from them again."""
        if not self._raw or headers_of_values(self._raw) != validator.headers:
            return False
        ((first, _), _), *_ = self._asked
        if moment(first._now()) >= validator.fresh_until:
            return False
        for (cache, wanted), _ in self._asked:
            cache._found["fresh"].inc(len(wanted))
        return True

    def dependencies(self) -> list[dict[Any, bytes]]:
        """Of each cache, by key, the dependency of each fresh value that was found, or that
        `values` loaded.

        A value that was loaded is as good as one that was found: it was read after the lookup, and
        each later change appends to the change log, whether the entry is there or not. What is
        absent is left out, as nothing is invalidated when it begins to exist. So is what was past
        its time.
        """
        if not self._raw:
            return [{} for _ in self._asked]
        ((first, _), _), *_ = self._asked
        now = moment(first._now())
        ids = [
            id_
            if raw and raw[0] == VALUE and len(raw) >= HEADER_BYTES and raw[_TIME] > now
            else None
            for id_, raw in zip(self._lookups.dependencies, self._raw, strict=True)
        ]
        found, end = [], 0
        for ((cache, wanted), _), loaded in zip(self._asked, self._loaded, strict=True):
            begin, end = end, end + len(wanted)
            pairs = zip(wanted, ids[begin:end], strict=True)
            known = {key: id_ for key, id_ in pairs if id_ is not None}
            known.update(zip(loaded, map(dependency, cache._places(loaded)), strict=True))
            found.append(known)
        return found

    async def values(self) -> list[dict[Any, Any]]:
        """The results of `get_many` of each cache. Missing values are loaded concurrently."""
        if self._raw is None:
            return await asyncio.gather(
                *(cache._load_uncached(wanted, since) for (cache, wanted), since in self._asked)
            )
        found, filling, end = [], {}, 0
        for place, ((cache, wanted), since) in enumerate(self._asked):
            begin, end = end, end + len(wanted)
            values, missing = cache._sort(wanted, self._raw[begin:end])
            found.append(values)
            if missing:
                filling[place] = missing, cache._fill(values, missing, since)
        if filling:
            await asyncio.gather(*[fill for _, fill in filling.values()])
        for place, (missing, _) in filling.items():
            self._loaded[place] = missing.keys() & found[place].keys()
        return found


async def get_many_from(
    *lookups: tuple[CacheReads[Any, Any], Iterable[Any]],
) -> list[dict[Any, Any]]:
    """The results of `get_many` of each cache, with one command to the Redis that they share.

    Missing values are loaded concurrently.
    """
    return await (await BatchLookup(*lookups).lookup()).values()
