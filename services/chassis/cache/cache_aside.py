"""Cache-aside: reads use Redis first and the loader for the rest; writes delete what they change.

A reader that finds no entry puts a lease in its place before loading, and may store only while that
lease is there; invalidation deletes any entry. So a reader that loaded the old row can never store
it after the write that changed it. (Leases: Nishtala et al., "Scaling Memcache at
Facebook", NSDI 2013, §3.2.1.)

A cache may have a change log (`change_log`). Invalidation then appends to it which entries it
deleted, so that clients that keep responses learn of it. In this order: a client that reads the log
and then asks again must not find the old entry.

A process may die between the commit of a change and the invalidation. The event of the change
repeats it therefore. A repetition costs all clients of the log what the change did. So an
invalidation leaves a receipt for each entry and event, after the report and in the slot of the
entry, and a repetition passes over entries with a receipt. A receipt proves that the server that
has it deleted the entry, and that the change was appended. One that is lost, or past its time,
costs a repetition and no more (docs/adr/0074-an-invalidation-leaves-a-receipt.md).
"""

import asyncio
import math
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any, Generic, TypeVar
from uuid import UUID

from prometheus_client import Counter

from services.chassis.cache.batch_lookup import (
    ABSENT,
    LEASE,
    VALUE,
    CacheReads,
    get_many_from,
    header_of,
    pack,
)
from services.chassis.cache.change_log import ChangeLog, dependency
from services.chassis.cache.redis_client import RedisClient, RedisUnavailable, Script
from services.chassis.cache.redis_connection import Argument, Command
from services.chassis.runtime import deadline
from services.chassis.runtime.backoff import spread
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded
from services.chassis.runtime.logs import logger

K = TypeVar("K", bound=int | str)
V = TypeVar("V")

TTL_SECONDS = 600.0
# Absent values are loaded again sooner: they may begin to exist.
ABSENT_SECONDS = 60.0
# How long after its time an entry is still served while one reader loads it again.
STALE_SECONDS = 30.0
# A load that takes longer is given up, and never stored.
LOAD_SECONDS = 3.0

# Keys that could not be forgotten wait for Redis's return; past so many, only TTL bounds them.
_MAX_PENDING_INVALIDATIONS = 100_000
_FORGET_AGAIN_SECONDS = 0.25

# How long receipts are kept: a thousand times as long as events take, and some 10 MB at 300 likes a
# second.
RECEIPT_SECONDS = 120.0
# A change with more of them leaves none, as there is one for each of its events and entries.
_MAX_RECEIPTS = 64
# ± so much, so that what was stored together does not expire together.
_JITTER = 0.1

_repeats = Counter(
    "roost_cache_repeats_total",
    "Invalidations that events repeat: done, or skipped because the write had done them",
    ["cache", "outcome"],
)

# Replaces an entry only if it is still the one that was seen, known by its header.
_STORE = Script("""
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
""")


class _Flight(Generic[V]):
    """A load of one key that several readers of this process may wait for."""

    def __init__(self) -> None:
        # The lease that was there when the load began: while it is there nothing was invalidated.
        self.lease = b""
        self.loads_from = math.inf
        self.result: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        # A failure that nobody waits for any more is no news.
        self.result.add_done_callback(lambda done: done.cancelled() or done.exception())


class Cache(CacheReads[K, V]):
    """The values of `load`, by key, stored in Redis until they expire.

    After `forget` returned, no reader gets what was loaded before. The exception: while the process
    that invalidates cannot reach Redis, readers in other processes may get it, until Redis is back
    or the entry expires. While Redis is unavailable reads call `load`, and nothing fails.

    `load` takes distinct keys and returns the values that exist. It runs in tasks of its own, at
    most once at a time for a key in this process, so it must not depend on one caller. Redis stores
    bytes: `encode` and `decode` are the codec.
    """

    def __init__(
        self,
        *,
        name: str,
        redis: RedisClient,
        clock: Clock,
        load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        encode: Callable[[V], bytes],
        decode: Callable[[bytes], V],
        ttl: float = TTL_SECONDS,
        stale: float = STALE_SECONDS,
        absent_ttl: float = ABSENT_SECONDS,
        changes: ChangeLog | None = None,
    ) -> None:
        """`name` begins every key: change it (`user.2`) whenever the encoding changes. `changes` is
        the log of what is invalidated, in the same Redis."""
        super().__init__(name=name, redis=redis, clock=clock, decode=decode)
        self._load = load
        self._encode = encode
        self._ttl = ttl
        self._stale = stale
        self._absent_ttl = absent_ttl
        self._changes = changes
        if changes is not None:
            changes.before_reads(self._forget_pending)
        self._flights: dict[K, _Flight[V]] = {}
        self._refreshing: set[K] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """The value, or None where there is none. Raises what `load` raises."""
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Iterable[K]) -> dict[K, V]:
        """The values of the keys that have one: one trip to Redis, one load of what it lacks.

        Raises what `load` raises, and DeadlineExceeded.
        """
        (found,) = await get_many_from((self, keys))
        return found

    async def forget(self, *keys: K, event_ids: Collection[UUID] = ()) -> None:
        """Deletes the keys' entries. Call it after the commit of their change. It never fails.

        `event_ids` are the events of the change that call `forget_unless_done`. Give them only if
        the change is known to be committed, as they do not repeat it then.

        While Redis is unavailable the keys are stored here: this process reads nothing from the
        cache and the change log before they are deleted, and deletes them once Redis is back.
        """
        await forget_from((self, keys), event_ids=event_ids)

    async def forget_counts(self, *keys: K) -> None:
        """`forget` after a change that clients of the change log may learn of later, by the next
        `ChangeLog.append_due`."""
        await forget_from((self, keys), later=True)

    async def forget_unless_done(self, repeated: Collection[tuple[K, UUID]]) -> list[K]:
        """Repeats `forget` by events of the changes, where no receipt says that it was done.

        Takes pairs of a key and an event, and returns the keys that it deleted. It never fails.
        """
        (deleted,) = await forget_unless_done((self, repeated))
        return deleted

    async def close(self) -> None:
        """Ends the loads and refreshes that are under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fill(self, values: dict[K, V], missing: Mapping[K, bytes], since: int) -> None:
        values.update(await self._fly(missing, since, lease=True))

    async def _load_uncached(self, wanted: Sequence[K], since: int) -> dict[K, V]:
        if not wanted:
            return {}
        self._found["skipped"].inc(len(wanted))
        return await self._fly(dict.fromkeys(wanted, b""), since, lease=False)

    async def _fly(self, seen: Mapping[K, bytes], since: int, *, lease: bool) -> dict[K, V]:
        """Joins the loads of the keys that are under way, and begins one for the others.

        A load that began before this read (`since`) may be of an older row. Such a one is joined
        only if it has a lease and that was seen, so that nothing was invalidated since. Without
        leases, while Redis is away, loads are joined as they are: they are short.
        """
        flights: dict[K, _Flight[V]] = {}
        begun: dict[K, _Flight[V]] = {}
        for key, header in seen.items():
            flight = self._flights.get(key)
            older = lease and flight is not None and flight.loads_from < since
            if flight is None or (older and not (flight.lease and flight.lease == header)):
                flight = begun[key] = self._flights[key] = _Flight()
            flights[key] = flight
        if begun:
            self._start(self._load_flights(begun, lease=lease))
        results = {key: flight.result for key, flight in flights.items()}
        # Waiting leaves the results whole for others when this reader gives up.
        _, late = await asyncio.wait(set(results.values()), timeout=deadline.remaining())
        if late:
            raise DeadlineExceeded
        values = {key: result.result() for key, result in results.items()}
        return {key: value for key, value in values.items() if value is not None}

    async def _load_flights(self, flights: Mapping[K, _Flight[V]], *, lease: bool) -> None:
        leases: dict[K, bytes] = {}
        try:
            with deadline.none(), deadline.within(LOAD_SECONDS):
                if lease:
                    leases = await self._lease(flights)
                moment = self._next_moment()
                for flight in flights.values():
                    flight.loads_from = moment
                async with asyncio.timeout(LOAD_SECONDS):
                    loaded = await self._load(list(flights))
            for key, flight in flights.items():
                flight.result.set_result(loaded.get(key))
            await self._store(leases, loaded)
        except BaseException as error:
            shown = error if isinstance(error, Exception) else DeadlineExceeded()
            for flight in flights.values():
                if not flight.result.done():
                    flight.result.set_exception(shown)
            if not isinstance(error, Exception):
                raise
        finally:
            # Not before it is stored: who looked before that still joins.
            for key, flight in flights.items():
                if self._flights.get(key) is flight:
                    del self._flights[key]

    async def _lease(self, flights: Mapping[K, _Flight[V]]) -> dict[K, bytes]:
        """Puts a lease where no entry is, and stores in each flight the lease that is there.

        Gives the leases that are ours, by key.
        """
        lease = pack(LEASE)
        lasting = round(LOAD_SECONDS * 1000)
        commands: list[Command] = [
            ("SET", self._at(key), lease, "NX", "GET", "PX", lasting) for key in flights
        ]
        try:
            found = await self._redis.pipeline(commands)
        except RedisUnavailable:
            return {}
        ours: dict[K, bytes] = {}
        for (key, flight), there in zip(flights.items(), found, strict=True):
            if there is None:
                ours[key] = lease
            flight.lease = lease if there is None else header_of(there)
        return ours

    def _refresh(self, stale: Mapping[K, bytes]) -> None:
        """Loads stale entries again in the background, one reader a key and process."""
        mine = {key: header for key, header in stale.items() if key not in self._refreshing}
        if mine:
            self._refreshing.update(mine)
            self._start(self._reload(mine))

    async def _reload(self, stale: Mapping[K, bytes]) -> None:
        try:
            with deadline.none(), deadline.within(LOAD_SECONDS):
                async with asyncio.timeout(LOAD_SECONDS):
                    loaded = await self._load(list(stale))
                await self._store(stale, loaded)
        except Exception as error:
            # The stale entry expires soon, and reads after that raise the failure.
            logger().warning("cache_refresh_failed", cache=self._name, error=repr(error))
        finally:
            self._refreshing.difference_update(stale)

    async def _store(self, seen: Mapping[K, bytes], loaded: Mapping[K, V]) -> None:
        """Stores what was loaded where the entry is still the one whose header was seen."""
        if not seen:
            return
        calls = [
            ((self._at(key),), self._replacement(header, loaded.get(key)))
            for key, header in seen.items()
        ]
        try:
            await self._redis.run_each(_STORE, calls)
        except RedisUnavailable:
            return

    def _replacement(self, header: bytes, value: V | None) -> tuple[Argument, ...]:
        if value is None:
            kind, ttl, content = ABSENT, self._absent_ttl, b""
        else:
            kind, ttl, content = VALUE, self._ttl, self._encode(value)
        ttl = spread(ttl, _JITTER)
        fresh_until = self._now() + round(ttl * 1000)
        replacement = pack(kind, fresh_until=fresh_until, content=content)
        return header, replacement, round((ttl + self._stale) * 1000)

    def _postpone(self, keys: Iterable[K]) -> None:
        waiting = bool(self._pending_invalidations)
        self._pending_invalidations.update(dict.fromkeys(keys, self._next_moment()))
        if len(self._pending_invalidations) > _MAX_PENDING_INVALIDATIONS:
            logger().error("cache_invalidations_lost", cache=self._name)
            self._pending_invalidations.clear()
        elif not waiting:
            self._start(self._forget_later())

    async def _forget_later(self) -> None:
        while self._pending_invalidations:
            await asyncio.sleep(_FORGET_AGAIN_SECONDS)
            try:
                await self._forget_again()
            except RedisUnavailable:
                continue

    async def _forget_pending(self) -> None:
        if self._pending_invalidations:
            await self._forget_again()

    async def _forget_again(self) -> None:
        known = dict(self._pending_invalidations)
        # Without receipts: the events of these changes repeat them.
        await _delete([(self, known)])
        for key, change in known.items():
            if self._pending_invalidations.get(key) == change:
                del self._pending_invalidations[key]

    def _at(self, key: K) -> str:
        (place,) = self._places((key,))
        return place

    def _receipt(self, key: K, event_id: UUID) -> str:
        return f"{self._at(key)}:{event_id.hex}"

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


# Caches that share a Redis and a change log, each with its keys.
_Keys = Sequence[tuple[Cache[Any, Any], Collection[Any]]]


async def forget_from(
    *forgotten: tuple[Cache[Any, Any], Collection[Any]],
    event_ids: Collection[UUID] = (),
    later: bool = False,
) -> None:
    """`Cache.forget` of caches that share a Redis and a change log: one trip, and one entry of the
    log. With `later` it is `Cache.forget_counts`."""
    changed = [(cache, keys) for cache, keys in forgotten if keys]
    if not changed:
        return
    for cache, keys in changed:
        for key in keys:
            cache._flights.pop(key, None)
    (first, _), *_ = changed
    # A task of its own: the change is committed, so this must happen though the caller goes.
    await asyncio.shield(first._start(_forget(changed, event_ids, later)))


async def forget_unless_done(
    *repeated: tuple[Cache[K, Any], Collection[tuple[K, UUID]]],
) -> list[list[K]]:
    """`Cache.forget_unless_done` of caches that share a Redis and a change log: one trip if all
    was done, and two if not."""
    (first, _), *_ = repeated
    asked = [(cache, key, event_id) for cache, each in repeated for key, event_id in each]
    if not asked:
        return [[] for _ in repeated]
    try:
        with deadline.none():
            receipts = await first._redis.mget(
                [cache._receipt(key, id_) for cache, key, id_ in asked]
            )
    except RedisUnavailable:
        receipts = [None] * len(asked)
    undone: dict[Cache[K, Any], dict[K, None]] = {cache: {} for cache, _ in repeated}
    for (cache, key, _), receipt in zip(asked, receipts, strict=True):
        if receipt is None:
            undone[cache][key] = None
        _repeats.labels(cache._name, "done" if receipt is None else "skipped").inc()
    await forget_from(*undone.items())
    return [list(keys) for keys in undone.values()]


async def _forget(forgotten: _Keys, event_ids: Collection[UUID], later: bool) -> None:
    try:
        with deadline.none():
            await _delete(forgotten, event_ids, later=later)
    except RedisUnavailable:
        for cache, keys in forgotten:
            cache._postpone(keys)


async def _delete(
    forgotten: _Keys, event_ids: Collection[UUID] = (), *, later: bool = False
) -> None:
    (first, _), *_ = forgotten
    places = [place for cache, keys in forgotten for place in cache._places(keys)]
    deletions: list[Command] = [("DEL", place) for place in places]
    receipts = _receipts(forgotten, event_ids)
    if first._changes is None:
        await first._redis.in_order(deletions, receipts)
    elif later:
        await first._changes.append_later(list(map(dependency, places)), after=deletions)
    else:
        await first._changes.append(map(dependency, places), after=deletions, then=receipts)


def _receipts(forgotten: _Keys, event_ids: Collection[UUID]) -> list[Command]:
    if len(event_ids) * sum(len(keys) for _, keys in forgotten) > _MAX_RECEIPTS:
        return []
    lasting = round(RECEIPT_SECONDS * 1000)
    return [
        ("SET", cache._receipt(key, event_id), b"", "PX", lasting)
        for cache, keys in forgotten
        for key in keys
        for event_id in event_ids
    ]
