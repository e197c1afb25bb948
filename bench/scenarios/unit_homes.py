"""Homes: their bytes in Valkey, and what celebrities and missing homes cost a read."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Mapping, Sequence

from bench import meter, sample_requests
from bench.bench import Bench
from bench.meter import Meter, OperationCost
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from local.graph import Graph
from services.chassis.cache import redis_client as redis
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres
from services.timeline.adapters.feeds_valkey import ValkeyFeeds, change_log
from services.timeline.adapters.postgres import PostgresTimelineStore
from services.timeline.adapters.timeline_cache_valkey import ValkeyTimelineCache
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.model import MAX_HOME, TOP, Entry, home_of

# Entries of a home that is not full.
SIZES = (0, 20, 100, 400)
LISTPACK, LISTPACK_ENTRIES = "zset-max-listpack-entries", 1_024
FULL_HOMES, ADDED, READ, PAGE = 300, 30, 20, 21
# Above all ids of the stack.
FIRST_ID, AUTHOR_ID = 1 << 61, 1 << 60

# Celebrities that a reader follows.
MERGED = (0, 5, 20, 40)
READERS, AUTHORS, POSTS_EACH = 60, 30, 3
READS = 1_000
ROUNDS = 3


async def run(bench: Bench) -> Report:
    """Measure the sizes of homes, then reads of homes by celebrities that are merged."""
    report = Report()
    async with redis.connect(bench.stack.stack.valkey.url, call_seconds=10.0) as valkey:
        await _sizes(bench, report, valkey)
        await _compact(bench, report, valkey)
        await _reads(bench, report, valkey)
    return report


async def _sizes(bench: Bench, report: Report, valkey: RedisClient) -> None:
    bench.say("homes by their entries …")
    rows = []
    for size in SIZES:
        each = await _bytes_of_home(valkey, size)
        report.lower(f"home of {size} entries", each, "bytes")
        rows.append([str(size), number(each), number(each / size) if size else "–"])
    report.table("bytes of a home in Valkey", ["entries", "bytes", "bytes an entry"], rows)


async def _compact(bench: Bench, report: Report, valkey: RedisClient) -> None:
    """Full homes as Valkey stores them by default, and each as one compact list."""
    rows = []
    before = await _listpack_entries(valkey, LISTPACK_ENTRIES)
    for title, limit in (("by default", before), ("compact", LISTPACK_ENTRIES)):
        bench.say(f"full homes, {title} …")
        await _listpack_entries(valkey, limit)
        size = await _bytes_of_home(valkey, MAX_HOME)
        added, read = await _costs_of_full_homes(bench, valkey)
        report.lower(f"full home, {title}", size, "bytes")
        report.lower(f"full home, {title}, entry added", added, "µs of CPU")
        report.lower(f"full home, {title}, page read", read, "µs of CPU")
        rows.append([title, *map(number, (size, added, read))])
    await _listpack_entries(valkey, before)
    report.table(
        f"homes of {MAX_HOME} entries in Valkey",
        ["", "bytes", "an entry added, CPU µs", "a page read, CPU µs"],
        rows,
    )


async def _costs_of_full_homes(bench: Bench, valkey: RedisClient) -> tuple[float, float]:
    """Microseconds of Valkey's CPU for an entry that is added, and for a page that is read."""
    feeds = ValkeyFeeds(valkey, changes=change_log(valkey))
    names = [home_of(FIRST_ID + place) for place in range(FULL_HOMES)]
    for name in names:
        await _fill(feeds, name, MAX_HOME)

    def used() -> float:
        return bench.stack.usage()["valkey"].cpu_seconds

    began = used()
    for place in range(ADDED):
        await feeds.add(_entry(MAX_HOME + place), names)
    added = used() - began
    began = used()
    for _ in range(READ):
        await feeds.read_many(names, before=TOP, limit=PAGE)
    read = used() - began
    for name in names:
        await feeds.drop(name)
    each = meter.MICROSECONDS / FULL_HOMES
    return added / ADDED * each, read / READ * each


async def _listpack_entries(valkey: RedisClient, entries: int) -> int:
    """Set up to how many entries a sorted set is one compact list; returns the earlier number."""
    _, before = await valkey.execute("CONFIG", "GET", LISTPACK)
    await valkey.execute("CONFIG", "SET", LISTPACK, entries)
    return int(before)


async def _bytes_of_home(valkey: RedisClient, size: int) -> int:
    """The memory that Valkey counts for the keys of a home, its note included."""
    feeds, feed = ValkeyFeeds(valkey, changes=change_log(valkey)), home_of(FIRST_ID)
    await _fill(feeds, feed, size)
    keys = [f"{kind}:{{{feed}}}" for kind in ("feed", "note")]
    sizes = await valkey.pipeline([("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys])
    await feeds.drop(feed)
    return sum(sizes)


async def _fill(feeds: ValkeyFeeds, feed: str, size: int) -> None:
    """Build a home of so many entries."""
    builder = secrets.token_bytes(16)
    entries = [_entry(place) for place in reversed(range(size))]
    await feeds.begin(feed, builder, rebuild=True)
    await feeds.finish(feed, builder, entries, complete=True, merge_note=bytes(16))


def _entry(place: int) -> Entry:
    return Entry(FIRST_ID + place, AUTHOR_ID, FIRST_ID + place, AUTHOR_ID)


async def _reads(bench: Bench, report: Report, valkey: RedisClient) -> None:
    """Homes of readers who follow the same ordinary authors, and more or fewer celebrities."""
    most = max(MERGED)
    authors, stars = range(AUTHORS), range(AUTHORS, AUTHORS + most)
    spare = range(AUTHORS + most, AUTHORS + most + ROUNDS)
    first = spare.stop
    groups = {
        merged: range(first + at * READERS, first + (at + 1) * READERS)
        for at, merged in enumerate(MERGED)
    }
    follows = {
        (reader, followee)
        for merged, readers in groups.items()
        for reader in readers
        for followee in (*authors, *stars[:merged])
    }
    graph = Graph(first + len(MERGED) * READERS, tuple(sorted(follows)))
    people = await bench.prewarmed_users.create("star", graph)
    writers = [people[place] for place in (*authors, *stars)]
    await bench.once(sample_requests.posts_by(writers, each=POSTS_EACH))
    measured = await Meter.on(bench)
    url = bench.stack.stack.postgres.url("roost_timeline")
    async with postgres.connect(url, min_size=1, max_size=1, name="bench") as database:
        celebrities = Celebrities(
            store=PostgresTimelineStore(database),
            cache=ValkeyTimelineCache(valkey, changes=change_log(valkey)),
            clock=SystemClock(),
        )
        for star in stars:
            await celebrities.promote(people[star].id, followers=READERS)
        costs = {}
        for merged, readers in groups.items():
            bench.say(f"homes with {merged} celebrities …")
            homes = sample_requests.homes([people[reader] for reader in readers])
            await bench.once(homes)
            costs[merged], _ = await measured.requests(
                list(itertools.islice(itertools.cycle(homes), READS))
            )
        titled = {f"{merged} celebrities": cost for merged, cost in costs.items()}
        reader_homes = [people[reader] for readers in groups.values() for reader in readers]
        bench.say("homes after a promotion …")
        stale = [
            await _after(measured, reader_homes, _promotion(celebrities, people[author].id))
            for author in spare
        ]
        bench.say("homes that are missing …")
        missing = [
            await _after(measured, reader_homes, _loss(valkey, reader_homes)) for _ in range(ROUNDS)
        ]
    titled["note is stale"], titled["home is missing"] = map(meter.mean, (stale, missing))
    meter.table(report, "reading a home, above an idle stack", titled)
    for title in ("note is stale", "home is missing"):
        titled[title].figures(report, f"home, {title}")
    for process in ("timeline", "valkey"):
        by_number = {merged: cost.cpu.get(process, 0.0) for merged, cost in costs.items()}
        without = by_number.pop(0)
        any_, each = _line(by_number)
        report.lower(f"celebrities merged, {process}", max(any_ - without, 0.0), "µs of CPU a home")
        report.lower(f"celebrity merged, {process}", max(each, 0.0), "µs of CPU each")


async def _after(
    measured: Meter, readers: Sequence[PrewarmedUser], change: Awaitable[None]
) -> OperationCost:
    """The cost of the first read of each home after a change."""
    await change
    await measured.quiet()
    cost, _ = await measured.requests(sample_requests.homes(readers))
    return cost


async def _promotion(celebrities: Celebrities, author_id: int) -> None:
    """One celebrity more, whom nobody follows: the note of each home is out of date."""
    await celebrities.promote(author_id, followers=READERS)


async def _loss(valkey: RedisClient, readers: Sequence[PrewarmedUser]) -> None:
    feeds = ValkeyFeeds(valkey, changes=change_log(valkey))
    for reader in readers:
        await feeds.drop(home_of(reader.id))


def _line(costs: Mapping[int, float]) -> tuple[float, float]:
    """The least squares line of a cost by the number of celebrities: its cost at none, and each."""
    mean_x, mean_y = sum(costs) / len(costs), sum(costs.values()) / len(costs)
    over = sum((each - mean_x) * (cost - mean_y) for each, cost in costs.items())
    slope = over / sum((each - mean_x) ** 2 for each in costs)
    return mean_y - slope * mean_x, slope
