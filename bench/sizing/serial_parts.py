"""The parts that more processes do not make faster, each with its ceiling and its demand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.sizing import demand
from bench.sizing.assumptions import Assumptions
from bench.sizing.demand import Audience
from bench.sizing.unit_costs import Cost, UnitCosts
from services.chassis.events.bus.partition import MAX_BATCH
from services.chassis.runtime.ids import BUCKETS, WORKERS
from services.chassis.runtime.manifest import Manifest, Process, deployed
from services.chassis.storage.relay import BATCH
from services.user.worker.counters import INTERVAL_SECONDS

MICROSECONDS = 1e6
SHARDS = "shards"
# A rolling update starts one process more, and one may be ending.
SURGE = 2


@dataclass(frozen=True)
class SerialPart:
    """A part that exists once, or that every node repeats."""

    name: str
    unit: str
    demand: float
    ceiling: float
    # What is done when it is full, and whether that exists.
    remedy: str
    exists: bool

    @property
    def utilisation(self) -> float:
        """Demand by ceiling: above 1 it breaks."""
        return self.demand / self.ceiling


@dataclass(frozen=True)
class Load:
    """What the parts are derived from."""

    audience: Audience
    rates: Mapping[str, float]
    total: Cost
    processes: Mapping[str, int]
    edges: int
    # Bytes that each database stores.
    stored: Mapping[str, float]
    homes_bytes: float


def serial_parts(load: Load, units: UnitCosts, assume: Assumptions) -> list[SerialPart]:
    """All of them, the fullest first."""
    found = [
        *_events(load, units, assume),
        *_scans(load, units),
        *_hot_rows(load, units, assume),
        *_valkey(load, assume),
        *_edges(load, units),
        *_databases(load, assume),
        *_coordinators(load, units, assume),
        *_processes(load, assume),
    ]
    return sorted(found, key=lambda part: -part.utilisation)


def _events(load: Load, units: UnitCosts, assume: Assumptions) -> Iterator[SerialPart]:
    rates = load.rates
    relayed = units.figure("unit-events", "relay, process") + units.figure(
        "unit-events", "relay, database"
    )
    # A full batch is read, acknowledged by the broker, and deleted, before the next is read.
    waits = (assume.acknowledgement + assume.commit) / BATCH
    relay = 1 / (relayed / MICROSECONDS + waits)
    posts = rates[demand.POST] + rates[demand.LIKE] + rates[demand.REPOST]
    for noun, events in (("post", posts), ("user", rates[demand.FOLLOW])):
        yield SerialPart(
            f"relay of the outbox of {noun}",
            "events/s",
            events,
            relay,
            "slices of the outbox, each with a relay: `ROOST_RELAY_SLICES`",
            exists=True,
        )
    # Pictures are processed by leased rows, which are not bound to partitions.
    for noun in ("post", "user", "timeline", "notification", "search"):
        cores = load.total.cpu.get(f"{noun}-work", 0.0) / MICROSECONDS
        yield SerialPart(
            f"consumers of {noun}, one process a partition",
            "cores",
            cores,
            assume.partitions,
            "more partitions, chosen before the first event",
            exists=True,
        )
    wake_up = units.figure("unit-events", "wake-up, notification")
    yield SerialPart(
        "wake-ups, which every serving process of notification reads",
        "entries/s",
        rates[demand.LOG_ENTRY],
        MICROSECONDS / wake_up,
        "a channel for each part of the users",
        exists=False,
    )
    copies = load.processes["notification"]
    yield SerialPart(
        "wake-ups, which one Valkey server sends to each such process",
        "MB/s",
        rates[demand.LOG_ENTRY] * units.figure("unit-events", "wake-up") * copies / 1e6,
        assume.valkey_network / 1e6,
        "the same; in a cluster each node has all of them, too",
        exists=False,
    )
    locked = units.figure("unit-events", "counters, under the lock, database") / MICROSECONDS
    yield SerialPart(
        "counters of users, changed under one lock",
        "events/s",
        rates[demand.POST] * assume.public_share + rates[demand.FOLLOW],
        1 / (locked + assume.commit / MAX_BATCH),
        "rows locked in ascending order instead",
        exists=False,
    )
    indexed = units.operation("post")
    searching = (
        indexed.cpu.get("search-work", 0.0) + indexed.database_cpu.get("search", 0.0)
    ) / MICROSECONDS
    yield SerialPart(
        "usage of hashtags, under one lock (at most)",
        "posts/s",
        rates[demand.POST],
        1 / searching,
        "a lock for each hashtag",
        exists=False,
    )


def _scans(load: Load, units: UnitCosts) -> Iterator[SerialPart]:
    touched = sum(load.rates[each] for each in (demand.POST, demand.LIKE, demand.REPOST))
    yield SerialPart(
        "recount of posts that changed, by one process (at most)",
        "posts/s",
        touched,
        MICROSECONDS / units.figure("unit-events", "recount of a post"),
        "a share of the buckets for each process",
        exists=False,
    )
    yield SerialPart(
        f"recount of all users within {INTERVAL_SECONDS / 60:.0f} minutes, by one process",
        "people",
        load.audience.people,
        INTERVAL_SECONDS * MICROSECONDS / units.figure("unit-events", "recount of a user"),
        "users whose counters changed, or a longer interval",
        exists=False,
    )


def _hot_rows(load: Load, units: UnitCosts, assume: Assumptions) -> Iterator[SerialPart]:
    engagements = load.rates[demand.LIKE] + load.rates[demand.REPOST]
    held = units.figure("unit-events", "like of one post, under its lock") / MICROSECONDS
    yield SerialPart(
        "likes of the hottest post, which wait for one row",
        "likes/s",
        engagements * assume.hottest_post,
        1 / (held + assume.commit),
        "likes counted by a consumer, in batches",
        exists=False,
    )
    reads = sum(load.rates[each] for each in (demand.HOME, demand.CHANGED_HOME))
    merged = units.figure("unit-homes", "celebrity merged, valkey")
    yield SerialPart(
        "feed of the most followed celebrity, one key of one server",
        "reads/s",
        reads * assume.most_followed,
        MICROSECONDS / merged,
        "a copy for a moment in each process, or replicas that are read",
        exists=False,
    )


def _valkey(load: Load, assume: Assumptions) -> Iterator[SerialPart]:
    yield SerialPart(
        "one Valkey server: its one thread",
        "cores",
        load.total.cpu["valkey"] / MICROSECONDS,
        1.0,
        "a cluster: `redis+cluster://`",
        exists=True,
    )
    yield SerialPart(
        "one Valkey server: memory of homes",
        "GB",
        load.homes_bytes / 1e9,
        assume.valkey_bytes / 1e9,
        "`zset-max-listpack-entries 1024`, then a cluster: `redis+cluster://`",
        exists=True,
    )


def _edges(load: Load, units: UnitCosts) -> Iterator[SerialPart]:
    """Each Envoy checks each process every second, a gateway in each of its clusters."""
    remedy = "fewer, larger Envoys: `MAX_CONNECTIONS`, and more files"
    yield SerialPart(
        "health checks of all Envoys, at each gateway",
        "cores",
        load.edges * units.figure("unit-events", "one Envoy more, gateway") / MICROSECONDS,
        1.0,
        remedy,
        exists=True,
    )
    yield SerialPart(
        "health checks of all processes, in each Envoy (at most)",
        "cores",
        load.processes["gateway"]
        * units.figure("unit-events", "one Envoy more, itself")
        / MICROSECONDS,
        1.0,
        remedy,
        exists=True,
    )


def _coordinators(load: Load, units: UnitCosts, assume: Assumptions) -> Iterator[SerialPart]:
    """Where a database is on Citus, all its statements pass through the coordinator, which plans
    them, and writes of two users are its transactions of two phases. The factor of writes is the
    least, since lists of posts cost it more.
    """
    written = {demand.POST: "post", demand.LIKE: "like"}
    calls = sum(load.rates[rate] for rate in written)
    factor = (
        sum(
            load.rates[rate] * units.figure(SHARDS, f"{kind}, coordinator ÷ one PostgreSQL")
            for rate, kind in written.items()
        )
        / calls
    )
    for manifest in deployed():
        if manifest.sharding is None or manifest.noun not in load.total.database_cpu:
            continue
        yield SerialPart(
            f"coordinator of {manifest.noun}, if it is on Citus: CPU (at least)",
            "cores",
            load.total.database_cpu[manifest.noun] * factor / MICROSECONDS,
            assume.database_cores,
            "processes connected to any node, queues and leases elsewhere",
            exists=False,
        )


def _databases(load: Load, assume: Assumptions) -> Iterator[SerialPart]:
    shards = "tables distributed over several nodes (ADR 64)"
    # Distribution relieves disks at once. The coordinator's CPU is a part of its own.
    larger = "a larger server; for lists of strangers a read replica (ADR 66)"
    distributed = {each.noun for each in deployed() if each.sharding is not None}
    worst = 0.0
    for noun in sorted(load.total.database_cpu):
        lines = [
            ("CPU", "cores", load.total.database_cpu[noun] / MICROSECONDS, assume.database_cores),
            (
                "WAL",
                "MB/s",
                load.total.wal_bytes.get(noun, 0.0) / 1e6,
                assume.database_wal / 1e6,
            ),
            ("size", "GB", load.stored.get(noun, 0.0) / 1e9, assume.database_bytes / 1e9),
        ]
        for what, unit, demanded, ceiling in lines:
            worst = max(worst, demanded / ceiling)
            yield SerialPart(
                f"database of {noun}: {what}",
                unit,
                demanded,
                ceiling,
                larger if what == "CPU" else shards,
                exists=what == "CPU" or noun in distributed,
            )
    yield SerialPart(
        "buckets, of which a shard has at least one",
        "shards",
        math.ceil(worst),
        BUCKETS,
        "none: ids have 9 bits for it",
        exists=False,
    )
    yield SerialPart(
        "posts that PostgreSQL searches, of a year",
        "posts",
        load.rates[demand.POST] / assume.peak_to_mean * demand.SECONDS_A_DAY * demand.DAYS_A_YEAR,
        assume.postgres_search,
        "OpenSearch (ADR 48)",
        exists=True,
    )


def _processes(load: Load, assume: Assumptions) -> Iterator[SerialPart]:
    for manifest in deployed():
        running = processes_of(manifest, load.processes)
        if not running:
            continue
        connections = sum(
            (number + SURGE) * (assume.pool + manifest.dedicated_connections.get(kind, 0))
            for kind, number in running.items()
        )
        yield SerialPart(
            f"connections to the database of {manifest.noun}",
            "connections",
            connections,
            assume.database_connections,
            "a smaller pool, or PgBouncer in session mode; then shards",
            exists=True,
        )
        numbered = [running[kind] + SURGE for kind in manifest.worker_numbers if kind in running]
        if numbered:
            yield SerialPart(
                f"worker numbers of {manifest.noun}",
                "processes",
                sum(numbered),
                WORKERS,
                "several databases, each with its numbers",
                exists=False,
            )


def processes_of(manifest: Manifest, processes: Mapping[str, int]) -> dict[Process, int]:
    """How many processes of each kind a service has."""
    names = {Process.SERVE: manifest.noun, Process.WORK: f"{manifest.noun}-work"}
    return {kind: processes[names[kind]] for kind in manifest.processes}
