"""Search: an index of a million posts, and the index of a running stack that follows its posts."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from bench.bench import Bench
from bench.jobs import Kind
from bench.latency import Latency
from bench.measuring import Run
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.mix import mixed, saturation
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from bench.search_corpus import KINDS, Corpus, CorpusPost
from bench.wire import request
from services.chassis.deployment import migrations
from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database
from services.chassis.text import entities
from services.search.adapters.postgres import PostgresSearchStore
from services.search.adapters.postgres.post_index import PostgresPostIndex
from services.search.domain.analysis.model import Entity, Hashtag, Link, Mention
from services.search.domain.documents import document
from services.search.domain.posts.document import Medium, MediumKind, PostFacts
from services.search.domain.posts.model import (
    ANONYMOUS,
    Counts,
    IndexedPost,
    Upsert,
    Viewer,
    Visibility,
)
from services.search.domain.posts.ranking import MAX_CANDIDATES
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve
from services.search.domain.sources import SourcePost

POSTS = 1_000_000
END = 60_000_000_000  # of the corpus: about two years after the epoch of ids
PAGE = 2_000
LIVE_POSTS, LIVE_BATCH = 5_000, 50
QUERIES_EACH = 100
FOLLOWED = 300
RESULTS = 21  # a page of 20, and the first of the next
SHARE = 0.5  # of the saturation of the mix
PROBES = 40
PROBE_LIMIT_SECONDS = 20.0
POLL_SECONDS = 0.02
TYPEAHEAD_SECONDS = 8.0
TYPEAHEAD_RATE = 50.0
DATABASE = "bench_search"
GOALS = "The goals are 20 ms at p95 and 50 ms at p99 of database CPU for all kinds together."

_BYTES = "SELECT pg_database_size(current_database())"
_BACKEND = "SELECT pg_backend_pid()"


@dataclass
class Costs:
    """What queries took: wall time in seconds, and CPU of the database in seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, other: Costs) -> None:
        """Takes in what other queries took."""
        self.wall += other.wall
        self.cpu += other.cpu

    def cells(self) -> list[str]:
        """Quantiles of both, in milliseconds."""
        cpu, wall = Latency.of(self.cpu), Latency.of(self.wall)
        return [*map(number, (cpu.p50, cpu.p95, cpu.p99, wall.p50, wall.p95, wall.p99))]


async def run(bench: Bench) -> Report:
    """Measure the index alone at a million posts, then search on the stack."""
    report = Report()
    async with _index(bench) as (database, index):
        corpus = Corpus()
        loaded = await _load(bench, report, database, index, corpus)
        await _queries(bench, report, database, index, corpus)
        await _live(report, database, index, corpus, after=loaded)
    users = await bench.users()
    await _visibility(bench, report, users)
    await _edge(bench, report, users)
    return report


class _Users:
    """The users of the corpus: u42 has the id 42."""

    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        return {handle: int(handle[1:]) for handle in handles}


class _Bookmarks:
    """Nobody has bookmarks: no kind of query looks for them."""

    async def post_ids(self, user_id: int) -> Collection[int]:
        return []


@asynccontextmanager
async def _index(bench: Bench) -> AsyncIterator[tuple[Database, PostgresPostIndex]]:
    """An empty index in a database of its own on the stack's server, on one connection."""
    server = bench.stack.stack.postgres
    await server.create_database(DATABASE, owner="roost_search")
    url = server.url(DATABASE, role="roost_search")
    await migrations.apply(url, migrations.folders_of("search"))
    try:
        async with postgres.connect(url, min_size=1, max_size=1, name="bench") as database:
            yield database, PostgresPostIndex(database)
    finally:
        await server.drop_database(DATABASE)


async def _load(
    bench: Bench, report: Report, database: Database, index: PostgresPostIndex, corpus: Corpus
) -> int:
    """Builds a generation as a reindex does, without the reading of posts; returns the last id."""
    bench.say(f"{POSTS:,} posts …")
    store = PostgresSearchStore(database)
    before: int = await database.fetchval(_BYTES)
    async with store.transaction() as transaction:
        generation = await index.start_generation(transaction)
    generated = analysed = 0.0
    began, last = time.monotonic(), 0
    database_began = await _cpu(database)
    posts = corpus.posts(POSTS, end=END)
    while True:
        started = time.process_time()
        page = list(itertools.islice(posts, PAGE))
        generated += time.process_time() - started
        if not page:
            break
        started = time.process_time()
        documents = [document(_source(each)) for each in page]
        analysed += time.process_time() - started
        await index.load(generation, documents)
        last = page[-1].post_id
    copied = time.monotonic() - generated
    await index.finish(generation)
    async with store.transaction() as transaction:
        await index.swap(transaction, generation)
    seconds = time.monotonic() - began - generated
    cpu = await _cpu(database) - database_began
    size = await database.fetchval(_BYTES) - before
    report.higher("reindex without reading", POSTS / seconds, "posts/s")
    report.lower("analysis", analysed / POSTS * 1e6, "µs of CPU a post")
    report.lower("database, rebuild", cpu / POSTS * 1e6, "µs of CPU a post")
    report.lower("index", size / POSTS, "bytes a post")
    report.table(
        f"building an index of {POSTS:,} posts",
        ["posts/s", "analysis CPU µs", "database CPU µs", "of it after the copy s", "bytes a post"],
        [
            [
                number(POSTS / seconds),
                number(analysed / POSTS * 1e6),
                number(cpu / POSTS * 1e6),
                number(time.monotonic() - generated - copied),
                number(size / POSTS),
            ]
        ],
    )
    return last


async def _queries(
    bench: Bench, report: Report, database: Database, index: PostgresPostIndex, corpus: Corpus
) -> None:
    """Ten kinds of queries, by strangers and by people who follow 300, in both orders."""
    dice = random.Random(3)
    rows, everything = [], Costs()
    for kind in KINDS:
        bench.say(f"{kind} …")
        costs = Costs()
        for _ in range(QUERIES_EACH):
            viewer = ANONYMOUS
            if kind == "following" or dice.random() < 0.5:
                viewer = Viewer(user_id=corpus.author_id(), following=corpus.authors(FOLLOWED))
            limit = dice.choice([RESULTS, MAX_CANDIDATES])
            resolved = await resolve(
                parse(corpus.query(kind).text),
                users=_Users(),
                bookmarks=_Bookmarks(),
                viewer_id=viewer.user_id,
                following=viewer.following,
            )
            cpu, wall = await _cpu(database), time.perf_counter()
            await index.find(resolved.expression, viewer, below=MAX_ID, limit=limit)
            costs.wall.append(time.perf_counter() - wall)
            costs.cpu.append(await _cpu(database) - cpu)
        rows.append([kind, *costs.cells()])
        everything.add(costs)
        report.lower(f"{kind}, p95", Latency.of(costs.cpu).p95, "ms of database CPU")
    rows.append(["together", *everything.cells()])
    together = Latency.of(everything.cpu)
    report.lower("queries, p50", together.p50, "ms of database CPU")
    report.lower("queries, p95", together.p95, "ms of database CPU")
    report.lower("queries, p99", together.p99, "ms of database CPU")
    report.table(
        f"queries of {POSTS:,} posts, a page of 20 or the 300 candidates of TOP",
        ["kind", "CPU p50 ms", "p95", "p99", "wall p50 ms", "p95", "p99"],
        rows,
    )
    report.notes.append(GOALS)


async def _live(
    report: Report, database: Database, index: PostgresPostIndex, corpus: Corpus, *, after: int
) -> None:
    """New posts in the batches of the consumer, and likes."""
    store = PostgresSearchStore(database)
    newer = corpus.posts(LIVE_POSTS, end=END + LIVE_POSTS * 600)
    documents = [document(_source(each)) for each in newer]
    assert documents[0].post_id > after  # noqa: S101 - the segments are those of a live index
    cpu = await _cpu(database)
    for batch in _batches(documents):
        async with store.transaction() as transaction:
            await index.apply(transaction, [Upsert(each) for each in batch])
    written = await _cpu(database)
    await index.maintain()
    merged = await _cpu(database)
    each = (written - cpu) / LIVE_POSTS * 1e6
    pending = (merged - written) / LIVE_POSTS * 1e6
    report.lower("database, live", each + pending, "µs of CPU a post")
    report.table(
        f"{LIVE_POSTS:,} new posts in batches of {LIVE_BATCH}",
        ["written, CPU µs a post", "pending entries merged", "together"],
        [[number(each), number(pending), number(each + pending)]],
    )


async def _visibility(bench: Bench, report: Report, users: list[PrewarmedUser]) -> None:
    """The time from sending a post to finding it, alone and beside the mix."""
    bench.say("from a post to its search, alone …")
    alone = await _probe(bench, users[0], users[1])
    rate = await saturation(bench, users) * SHARE
    bench.say(f"beside {rate:.0f} requests/s of the mix …")
    async with asyncio.TaskGroup() as group:
        load = group.create_task(bench.opened(mixed(users), rate=rate, seconds=25.0))
        beside = group.create_task(_probe(bench, users[2], users[3]))
    rows = []
    for title, delays in (("alone", alone), (f"beside {number(rate)}/s", beside.result())):
        took = Latency.of(delays)
        name = title.split()[0]
        report.lower(f"searchable, {name}, p50", took.p50, "ms")
        report.lower(f"searchable, {name}, p99", took.p99, "ms")
        rows.append([title, *map(number, (took.count, took.p50, took.p90, took.p99, took.worst))])
    report.table(
        "from sending a post to finding it",
        ["", "posts", "p50 ms", "p90 ms", "p99 ms", "worst ms"],
        rows,
    )
    report.neither("rate beside it", load.result().outcome.rate, "requests/s")
    report.notes.append("The goal is that a post is found within 2 s at p99, beside the mix.")


async def _probe(bench: Bench, author: PrewarmedUser, reader: PrewarmedUser) -> list[float]:
    delays = []
    async with bench.stack.edge() as edge:
        for probe in range(PROBES):
            word = f"q{author.id}x{time.monotonic_ns()}n{probe}"
            started = time.monotonic()
            await edge.post(author.account, f"Looking for {word}")
            path = f"/v2/search/posts?q={quote(word)}&order=latest"
            async with asyncio.timeout(PROBE_LIMIT_SECONDS):
                while not (await edge.call("GET", path, by=reader.account))["items"]:
                    await asyncio.sleep(POLL_SECONDS)
            delays.append(time.monotonic() - started)
    return delays


async def _edge(bench: Bench, report: Report, users: list[PrewarmedUser]) -> None:
    """Searches and suggestions through the edge, over the posts of the other scenarios."""
    bench.say("through the edge …")
    kinds = {
        "typeahead": [_get(f"/v2/search/typeahead?q={each}", users) for each in _beginnings(users)],
        "search, LATEST": [_get("/v2/search/posts?q=coffee&order=latest", users)],
        "search, TOP": [_get("/v2/search/posts?q=coffee", users)],
        "hashtag": [_get("/v2/hashtags/birds/posts", users)],
    }
    rows: list[list[str]] = []
    runs: dict[str, Run] = {}
    for title, requests in kinds.items():
        runs[title] = await bench.opened(
            [Kind(title, requests)], rate=TYPEAHEAD_RATE, seconds=TYPEAHEAD_SECONDS
        )
        took = Latency.of(runs[title].outcome.measured[title].latencies)
        report.lower(f"{title}, p99", took.p99, "ms")
        report.lower(f"{title}, CPU", total(runs[title]), "µs a request")
        rows.append([title, *latency_row(runs[title].outcome, title)])
    report.table(f"at {TYPEAHEAD_RATE:.0f} requests/s", ["", *LATENCY_COLUMNS], rows)
    report.table("CPU µs a request", ["process", *runs], cost_rows(runs))


def _get(path: str, users: list[PrewarmedUser]) -> bytes:
    return request("GET", path, token=users[0].token)


def _beginnings(users: Sequence[PrewarmedUser]) -> list[str]:
    """What somebody has typed so far: beginnings of handles and of words."""
    handles = [user.handle[:size] for user in users[:40] for size in (2, 4)]
    return [*handles, "bi", "gard", "%23ch"]


def _source(post: CorpusPost) -> SourcePost:
    """The post as the worker gets it from an event."""
    found = tuple(_entity(each) for each in entities.find(post.text))
    media = (Medium(post.post_id, MediumKind.PICTURE, has_alt_text=False),)
    return SourcePost(
        facts=PostFacts(
            post_id=post.post_id,
            author_id=post.author_id,
            revision=1,
            language=post.language,
            visibility=Visibility(post.visibility),
            reply_to_post_id=1 if post.reply_to_author_id else 0,
            reply_to_author_id=post.reply_to_author_id,
            mentioned_ids=frozenset({post.mentioned_id} - {0}),
            has_links=bool(post.url),
            media=media if post.has_picture else (),
            counts=Counts(likes=post.likes),
        ),
        text=post.text,
        entities=found,
    )


def _entity(found: entities.Found) -> Entity:
    match found:
        case entities.FoundTag(start, end, tag):
            return Hashtag(start, end, tag)
        case entities.FoundLink(start, end, url):
            return Link(start, end, url)
        case entities.FoundHandle(start, end):
            return Mention(start, end)


async def _cpu(database: Database) -> float:
    """The CPU seconds of the one backend, so far."""
    pid: int = await database.fetchval(_BACKEND)
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return int(nanoseconds) / 1e9


def _batches(documents: Iterable[IndexedPost]) -> Iterable[list[IndexedPost]]:
    waiting = iter(documents)
    while batch := list(itertools.islice(waiting, LIVE_BATCH)):
        yield batch
