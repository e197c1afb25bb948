"""The parts that a cluster has once, or that every node repeats: the cost of each event or row."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from bench import databases, sample_requests
from bench.bench import Bench
from bench.edges import second_edge
from bench.jobs import Listen
from bench.meter import MICROSECONDS, Meter
from bench.prewarmed_users import PrewarmedUser
from bench.processes import spent
from bench.report import Report, number
from bench.wire import request
from local.graph import Graph
from services.chassis.cache import redis_client as redis
from services.chassis.deployment import migrations, topics
from services.chassis.events import bus
from services.chassis.events.bus.partition import MAX_BATCH
from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.ids import FixedWorker, IdGenerator
from services.chassis.runtime.manifest import Process, deployed
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.relay import Relay
from services.eventlog.adapters.postgres import PostgresLogStore
from services.eventlog.adapters.wake_ups_valkey import EVENTS, pack_entries
from services.eventlog.domain.model import Arrival, Change, LogEntry
from services.eventlog.rpc.convert import arrival_content
from services.post.adapters.postgres import PostgresStore
from services.post.domain.model import AccountState, EngagementKind
from services.user.adapters.postgres import PostgresUserStore
from services.user.domain.model import Counts
from services.user.rpc.events import describe

OUTBOX_EVENTS = 10_000
# A PostCreated of a text of 88 characters, and the events of a transaction that fills the outbox.
PAYLOAD_BYTES, FILL = 400, 500
TOPIC = "bench.units"
RELAY_SECONDS = 120.0
POLL_SECONDS = 0.02

WAKE_UPS, ENTRIES_EACH = 300, 500
LOGS, APPENDED_BATCHES = 500, 40
COUNTED_BATCHES = 60
HOT_LIKES = 400
RECOUNTED, RECOUNTS = 100, 20
COMPARED = 500

EDGE, EDGE_SECONDS = "envoy, second edge", 30.0
SOCKETS = 2_000
SOCKET_PARTS = ("gateway", "envoy", "notification", "postgres")
# Reads that do not concern the sockets: the time for which they are idle.
IDLE_ACTS, IDLE_RATE, IDLE_SECONDS = 4, 0.1, 40.0

# The highest number: services lease from the lowest on.
_WORKER = 63
_CLOCK = SystemClock()
_BACKEND = "SELECT pg_backend_pid()"
_WRITTEN = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8"
_LOG_BYTES = "SELECT pg_total_relation_size('log_events')"


@dataclass(frozen=True)
class _Spent:
    """Seconds of CPU of this process and of one backend, wall seconds, and bytes of WAL."""

    own: float
    backend: float
    wall: float
    wal: float


async def run(bench: Bench) -> Report:
    """Measure one part after another."""
    report = Report()
    users = await bench.users()
    measured = await Meter.on(bench)
    bench.say(f"a relay with {OUTBOX_EVENTS:,} events …")
    await _relay(bench, report)
    bench.say("wake-ups of users who are attached elsewhere …")
    await _wake_ups(bench, report, measured)
    bench.say("appending to event logs …")
    await _append(bench, report)
    bench.say("counters, under their one lock …")
    await _counters(bench, report, users)
    bench.say("likes of one post, one after another …")
    await _hot_row(bench, report, users)
    bench.say("recounting, in one process …")
    await _recounts(bench, report)
    bench.say("one Envoy more …")
    await _one_edge_more(bench, report, measured)
    bench.say(f"{SOCKETS:,} idle sockets …")
    await _idle_sockets(bench, report, measured)
    return report


@asynccontextmanager
async def _database(bench: Bench, noun: str) -> AsyncIterator[Database]:
    """An empty database of a service beside the stack's own, on one connection."""
    server, name = bench.stack.stack.postgres, f"bench_{noun}"
    await server.create_database(name, owner=f"roost_{noun}")
    url = server.url(name, role=f"roost_{noun}")
    await migrations.apply(url, migrations.folders_of(noun))
    try:
        async with postgres.connect(url, min_size=1, max_size=1, name="bench") as database:
            yield database
    finally:
        await server.drop_database(name)


@asynccontextmanager
async def _own(bench: Bench, noun: str) -> AsyncIterator[Database]:
    """The stack's database of a service, on one connection."""
    url = bench.stack.stack.postgres.url(f"roost_{noun}")
    async with postgres.connect(url, min_size=1, max_size=1, name="bench") as database:
        yield database


async def _look(database: Database) -> _Spent:
    pid: int = await database.fetchval(_BACKEND)
    written: float = await database.fetchval(_WRITTEN)
    return _Spent(time.process_time(), databases.cpu_seconds(pid), time.perf_counter(), written)


def _between(before: _Spent, after: _Spent) -> _Spent:
    return _Spent(
        after.own - before.own,
        after.backend - before.backend,
        after.wall - before.wall,
        after.wal - before.wal,
    )


async def _relay(bench: Bench, report: Report) -> None:
    """Publish a full outbox, with a relay of this process."""
    broker = bench.stack.stack.broker
    await asyncio.to_thread(topics.create, broker.connection, [TOPIC])
    async with (
        _database(bench, "post") as database,
        bus.publisher(connection=broker.connection, client_id="bench") as publisher,
    ):
        before = await _look(database)
        await _fill_outbox(database)
        filled = _between(before, await _look(database))
        server = await databases.usage(bench.stack)
        usage, own, began = bench.stack.usage(), time.process_time(), time.perf_counter()
        relay = Relay(
            database_url=database.url,
            publisher=publisher,
            clock=_CLOCK,
            shard_key=ShardKey.BUCKET,
        )
        running = asyncio.create_task(relay.run())
        async with asyncio.timeout(RELAY_SECONDS):
            while await database.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                await asyncio.sleep(POLL_SECONDS)
        wall, own = time.perf_counter() - began, time.process_time() - own
        cpu = spent(usage, bench.stack.usage())
        wal = (await databases.usage(bench.stack)).wal_bytes - server.wal_bytes
        running.cancel()
        await asyncio.wait({running})
    each = MICROSECONDS / OUTBOX_EVENTS
    report.higher("relay", OUTBOX_EVENTS / wall, "events/s")
    report.lower("relay, process", own * each, "µs of CPU an event")
    report.lower("relay, database", cpu["postgres"] * each, "µs of CPU an event")
    report.lower("relay, WAL", (wal + filled.wal) / OUTBOX_EVENTS, "bytes an event")
    report.neither("relay, payload", PAYLOAD_BYTES, "bytes an event")
    report.table(
        f"one relay and {OUTBOX_EVENTS:,} events of {PAYLOAD_BYTES} bytes",
        ["events/s", "its CPU µs", "PostgreSQL CPU µs", "broker and store CPU µs", "WAL bytes"],
        [
            [
                number(OUTBOX_EVENTS / wall),
                number(own * each),
                number(cpu["postgres"] * each),
                number((cpu["broker"] + cpu["seaweedfs"]) * each),
                number((wal + filled.wal) / OUTBOX_EVENTS),
            ]
        ],
    )


async def _fill_outbox(database: Database) -> None:
    for start in range(0, OUTBOX_EVENTS, FILL):
        async with database.transaction(PostgresTransaction) as transaction:
            for number_ in range(start, start + FILL):
                payload = os.urandom(PAYLOAD_BYTES)
                await transaction.publish(
                    OutboxMessage(topic=TOPIC, key=str(number_), type="bench", payload=payload)
                )


async def _wake_ups(bench: Bench, report: Report, measured: Meter) -> None:
    """Publish entries of users who are not attached: every serving process reads all of them."""
    content = arrival_content(_arrival())
    first = 1 << 60  # above all ids of users
    messages = [
        pack_entries(
            [
                LogEntry(first + place, 1, _CLOCK.now(), content)
                for place in range(start, start + ENTRIES_EACH)
            ]
        )
        for start in range(0, WAKE_UPS * ENTRIES_EACH, ENTRIES_EACH)
    ]
    before = await measured.read()
    async with redis.connect(bench.stack.stack.valkey.url, call_seconds=10.0) as valkey:
        for message in messages:
            await valkey.execute("PUBLISH", EVENTS, message)
    await measured.quiet()
    cost = measured.cost(before, await measured.read(), WAKE_UPS * ENTRIES_EACH)
    size = sum(map(len, messages)) / (WAKE_UPS * ENTRIES_EACH)
    report.lower("wake-up, notification", cost.cpu["notification"], "µs of CPU an entry")
    report.lower("wake-up", size, "bytes an entry")
    report.table(
        f"{WAKE_UPS * ENTRIES_EACH:,} entries of logs of users who are attached elsewhere",
        ["CPU µs of one serving process", "bytes"],
        [[number(cost.cpu["notification"]), number(size)]],
    )


def _arrival() -> Arrival:
    post_id = 1 << 61
    return Arrival(entry_id=post_id, post_id=post_id, author_id=1 << 60, reposter_id=0, user_ids=())


async def _append(bench: Bench, report: Report) -> None:
    """Append arrivals to logs, as the consumer does: many logs in one transaction."""
    content = arrival_content(_arrival())
    appended = LOGS * APPENDED_BATCHES
    async with _database(bench, "notification") as database:
        store = PostgresLogStore(database, announce=lambda _: None)
        changes = [Change(user_id, content) for user_id in range(1, LOGS + 1)]
        empty: int = await database.fetchval(_LOG_BYTES)
        before = await _look(database)
        for _ in range(APPENDED_BATCHES):
            async with store.transaction() as transaction:
                await transaction.append_events(changes, _CLOCK.now())
        used = _between(before, await _look(database))
        size = (await database.fetchval(_LOG_BYTES) - empty) / appended
        began = await _look(database)
        while await store.trim(_CLOCK.now() + timedelta(seconds=1), limit=LOGS):
            pass
        trimmed = _between(began, await _look(database))
    each = MICROSECONDS / appended
    report.lower("log entry, row", size, "bytes")
    report.lower("log entry, database", used.backend * each, "µs of CPU")
    report.lower("log entry, trimmed, database", trimmed.backend * each, "µs of CPU")
    report.lower("log entry, WAL", used.wal / appended, "bytes")
    report.table(
        f"{appended:,} entries appended to {LOGS} logs at a time",
        ["bytes a row", "PostgreSQL CPU µs", "… to trim it", "WAL bytes", "process CPU µs"],
        [
            [
                number(size),
                number(used.backend * each),
                number(trimmed.backend * each),
                number(used.wal / appended),
                number(used.own * each),
            ]
        ],
    )


async def _counters(bench: Bench, report: Report, users: Sequence[PrewarmedUser]) -> None:
    """Change counters as the consumer does: one lock, one statement, one commit for a batch."""
    steps = itertools.cycle(users)
    events = MAX_BATCH * COUNTED_BATCHES
    async with _own(bench, "user") as database:
        store = PostgresUserStore(database, describe=describe)
        before = await _look(database)
        for _ in range(COUNTED_BATCHES):
            event_ids = [uuid4() for _ in range(MAX_BATCH)]
            # A follow changes the counters of two users. Zero changes keep the figures right.
            changes = {each.id: Counts() for each in itertools.islice(steps, 2 * MAX_BATCH)}
            async with store.transaction() as transaction:
                await transaction.first_seen_of("bench", event_ids)
                await transaction.change_counts(changes)
        used = _between(before, await _look(database))
    each = MICROSECONDS / events
    report.lower("counters, under the lock, database", used.backend * each, "µs of CPU an event")
    report.lower("counters, under the lock", used.wall * each, "µs an event")
    report.lower("counters, WAL", used.wal / events, "bytes an event")
    report.table(
        f"{events:,} events that change two users' counters, {MAX_BATCH} in a transaction",
        ["CPU µs of PostgreSQL", "µs, with the waits for the disk", "WAL bytes"],
        [[number(used.backend * each), number(used.wall * each), number(used.wal / events)]],
    )


async def _hot_row(bench: Bench, report: Report, users: Sequence[PrewarmedUser]) -> None:
    """Like one post: its row is locked from the statement to the end of the commit."""
    author, *others = users[:HOT_LIKES]
    async with bench.stack.edge() as edge:
        post = await edge.post(author.account, "The one that everybody likes")
    post_id = int(post["id"])
    ids = IdGenerator(clock=_CLOCK, worker=FixedWorker(_WORKER))
    account = AccountState(protected=False, update_time=_CLOCK.now())
    async with _own(bench, "post") as database:
        store = PostgresStore(database)
        before = await _look(database)
        for each in others:
            async with store.transaction() as transaction:
                await transaction.engage(
                    EngagementKind.LIKE,
                    user_id=each.id,
                    account=account,
                    post_id=post_id,
                    author_id=author.id,
                    engagement_id=await ids.make(0),
                )
        used = _between(before, await _look(database))
    each_ = MICROSECONDS / len(others)
    report.lower("like of one post, under its lock", (used.own + used.backend) * each_, "µs of CPU")
    report.lower("like of one post, database", used.backend * each_, "µs of CPU")
    report.lower("like of one post, with its commit", used.wall * each_, "µs")
    report.table(
        f"{len(others)} likes of one post, one after another",
        [
            "CPU µs of both ends",
            "PostgreSQL CPU µs",
            "µs, with the waits for the disk",
            "WAL bytes",
        ],
        [
            [
                number((used.own + used.backend) * each_),
                number(used.backend * each_),
                number(used.wall * each_),
                number(used.wal / len(others)),
            ]
        ],
    )


async def _recounts(bench: Bench, report: Report) -> None:
    """The scans of the leader: posts whose counts changed, and all users."""
    async with _own(bench, "post") as database:
        rows = await database.fetch(
            "SELECT id FROM post_states ORDER BY likes DESC, id LIMIT $1", RECOUNTED
        )
        post_ids = sorted(row["id"] for row in rows)
        posts = PostgresStore(database)
        before = await _look(database)
        for _ in range(RECOUNTS):
            await posts.recount(post_ids)
        recounted = _between(before, await _look(database))
    async with _own(bench, "user") as database:
        users = PostgresUserStore(database, describe=describe)
        compared = 0
        before = await _look(database)
        for _ in range(RECOUNTS):
            seen, _ = await users.compared_counts(after_id=0, limit=COMPARED)
            compared += len(seen)
        counted = _between(before, await _look(database))
    post_cost = (recounted.own + recounted.backend) / (RECOUNTS * len(post_ids)) * MICROSECONDS
    user_cost = (counted.own + counted.backend) / compared * MICROSECONDS
    report.lower("recount of a post", post_cost, "µs of CPU")
    report.lower("recount of a user", user_cost, "µs of CPU")
    report.table(
        "the scans of the process whose relay is active",
        ["a post, CPU µs", "a user, CPU µs, without the count of their posts"],
        [[number(post_cost), number(user_cost)]],
    )


async def _one_edge_more(bench: Bench, report: Report, measured: Meter) -> None:
    """The health checks of another Envoy: each checks every process, in each of its clusters."""
    services = [each.noun for each in deployed() if Process.SERVE in each.processes]
    await measured.quiet()
    without = await _used_at_rest(bench, {})
    async with second_edge(bench.stack) as edge:
        # The configuration is read by then.
        await measured.quiet()
        with_ = await _used_at_rest(bench, {EDGE: edge.pid})
    gateway = max(with_["gateway"] - without["gateway"], 0.0)
    service = max(sum(with_[noun] - without[noun] for noun in services) / len(services), 0.0)
    report.lower("one Envoy more, gateway", gateway, "µs of CPU a second")
    report.lower("one Envoy more, a service", service, "µs of CPU a second")
    report.lower("one Envoy more, itself", with_[EDGE], "µs of CPU a second")
    report.table(
        "one Envoy more, without a request",
        ["process", "CPU µs a second"],
        [
            ["the gateway", number(gateway)],
            [f"each of {len(services)} services", number(service)],
            ["itself", number(with_[EDGE])],
        ],
    )


async def _used_at_rest(bench: Bench, also: Mapping[str, int]) -> dict[str, float]:
    """Microseconds of CPU a second of each process, while nothing is requested."""
    before, began = bench.stack.usage(also), time.perf_counter()
    await asyncio.sleep(EDGE_SECONDS)
    used, seconds = spent(before, bench.stack.usage(also)), time.perf_counter() - began
    return {name: each / seconds * MICROSECONDS for name, each in used.items()}


async def _idle_sockets(bench: Bench, report: Report, measured: Meter) -> None:
    """Sockets on which nothing arrives, but heartbeats and the comparison with the log."""
    follows = tuple((person, 0) for person in range(1, SOCKETS + 1))
    _, *listeners = await bench.prewarmed_users.create("idle", Graph(SOCKETS + 1, follows))
    users = await bench.users()
    read = sample_requests.posts_of(users[0], users[1])
    await measured.quiet()
    # The same reads without sockets, just before.
    without = await _at_rest(bench, [], read)
    with_ = await _at_rest(bench, listeners, read)
    above = {part: max(with_[part] - without[part], 0.0) / SOCKETS for part in SOCKET_PARTS}
    for part in SOCKET_PARTS:
        report.lower(f"idle socket, {part}", above[part], "µs of CPU a second")
    report.table(
        f"{SOCKETS:,} sockets on which nothing arrives",
        ["process", "CPU µs a second and socket"],
        [[part, number(above[part])] for part in sorted(above, key=lambda part: -above[part])],
    )


async def _at_rest(
    bench: Bench, listeners: Sequence[PrewarmedUser], read: bytes
) -> dict[str, float]:
    """Microseconds of CPU a second of each process, beside a few reads."""
    job = Listen(
        edges=[bench.stack.address],
        tickets=[request("POST", "/v1/stream/tickets", token=each.token) for each in listeners],
        topics=["home", "notifications", "account"],
        acts=[read] * IDLE_ACTS,
        each_to=0,
        rate=IDLE_RATE,
        seconds=IDLE_SECONDS,
    )
    run_ = await bench.listen(job)
    return {name: used / run_.outcome.seconds * MICROSECONDS for name, used in run_.cpu.items()}
