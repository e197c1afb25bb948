"""Connections to PostgreSQL, as the services see them."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Note, Panel, Row, Unit
from local.dashboards.queries import CHOSEN, Query, highest, p99, percentiles, rates, share, total
from services.chassis.runtime.manifest import Process, deployed


def _waits() -> Query:
    """The 99th percentile of the waits; 0 if no call had to wait."""
    waits = p99("roost_postgres_pool_wait_seconds", by="job,process", where=CHOSEN)
    none = "0 * sum by (job,process) (roost_postgres_pool_connections{" + CHOSEN + "})"
    return Query(f"{waits.expr} or {none}", waits.legend)


def _numbered() -> list[str]:
    """The selectors of the processes that hold a worker number."""
    return [
        f'{CHOSEN}, job=~"roost-({"|".join(nouns)})", process="{process}"'
        for process in Process
        if (nouns := [each.noun for each in deployed() if process in each.worker_numbers])
    ]


POOLS = Row(
    "Pools",
    [
        Panel(
            "How full is the fullest pool?",
            Unit.SHARE,
            [
                Query(
                    "max by (job, process)"
                    f" (roost_postgres_pool_connections_in_use{{{CHOSEN}}}"
                    f" / roost_postgres_pool_connections_max{{{CHOSEN}}})",
                    "{{job}} {{process}}",
                )
            ],
            normal="Below 50 %.",
            action="See how long connections are held. More of them rarely help a slow database.",
            alert="RoostPostgresPoolExhausted",
            limit=0.9,
        ),
        Panel(
            "How many calls wait for a connection?",
            Unit.NUMBER,
            [total("roost_postgres_pool_waiting", by="job,process", where=CHOSEN)],
            normal="0.",
            action="They fail after 2 s. Add processes, or find the statement that holds long.",
            alert="RoostPostgresPoolExhausted",
        ),
        Panel(
            "How long do calls wait that have to, p99?",
            Unit.SECONDS,
            [_waits()],
            normal="0, or some milliseconds to open a connection.",
            action="Above 0.1 s users notice it.",
            limit=0.1,
        ),
        Panel(
            "How many calls get no connection in time?",
            Unit.OPERATIONS,
            [rates("roost_postgres_pool_timeouts_total", by="job,process", where=CHOSEN)],
            normal="0.",
            action="These calls fail. PostgreSQL is away, or a transaction holds locks.",
            alert="RoostPostgresPoolExhausted",
        ),
        Panel(
            "How long is a connection held?",
            Unit.SECONDS,
            percentiles("roost_postgres_pool_held_seconds", where=CHOSEN),
            normal="p50 below 5 ms, p99 below 100 ms.",
            action="The next panel names the service. Its slow statements are in PostgreSQL's log.",
        ),
        Panel(
            "Which service holds connections long, p99?",
            Unit.SECONDS,
            [p99("roost_postgres_pool_held_seconds", by="job,process", where=CHOSEN)],
            normal="`serve` below 100 ms; `work` up to some seconds in full scans.",
            action="All at once: the disk, a checkpoint or a lock. One: a statement of it.",
        ),
        Panel(
            "How often is a connection used?",
            Unit.OPERATIONS,
            [
                rates(
                    "roost_postgres_pool_held_seconds_count",
                    by="job,process",
                    where=CHOSEN,
                )
            ],
            normal="Follows the calls of the service that miss its caches.",
            action="Rises alone: see the dashboard Caches.",
        ),
        Panel(
            "How many connections are open?",
            Unit.NUMBER,
            [total("roost_postgres_pool_connections", by="job,process", where=CHOSEN)],
            normal="A few for each process. docs/connections.md has the sum that is needed.",
            action="Near max_connections of the server: use fewer processes, or a pooler.",
        ),
    ],
)

REPLICAS = Row(
    "Read replicas, where there are any",
    [
        Panel(
            "Where are the lists that strangers read from?",
            Unit.OPERATIONS,
            [rates("roost_replica_reads_total", by="outcome", where=CHOSEN)],
            normal="Nearly all `replica`; the primary answers the others. 0 without a replica.",
            action="`failed` and `circuit_open`: the replica is away or slow. "
            "`unknown_position`: Redis.",
        ),
        Panel(
            "What share of them does the replica answer?",
            Unit.SHARE,
            [
                share(
                    "roost_replica_reads_total",
                    'outcome="replica"',
                    by="job",
                    where=f'{CHOSEN}, outcome!="own"',
                )
            ],
            normal="Above 90 % of those that are not the reader's own.",
            action="The panel before says why the primary answers.",
            alert="RoostReplicaBehind",
        ),
        Panel(
            "How far is the replica behind?",
            Unit.SECONDS,
            [highest("roost_replica_lag_seconds", by="job", where=CHOSEN)],
            normal="Up to 1 s, the interval of measuring. 0 without a replica.",
            action="Above 5 s the primary answers. See `pg_stat_replication` there.",
            alert="RoostReplicaBehind",
            limit=5.0,
        ),
        Panel(
            "How much of the log has the replica not replayed?",
            Unit.BYTES,
            [highest("roost_replica_lag_bytes", by="job", where=CHOSEN)],
            normal="Some kilobytes. 0 without a replica.",
            action="It grows: the replica is away, or replays more slowly than the primary writes.",
            alert="RoostReplicaBehind",
        ),
        Panel(
            "How many processes do not try the replica?",
            Unit.NUMBER,
            [total("roost_replica_circuit_open", by="job", where=CHOSEN)],
            normal="0.",
            action="It failed three times in a row. The primary answers, so see how full its pools "
            "are.",
            alert="RoostReplicaBehind",
        ),
    ],
)

NUMBERS_FOR_NEW_IDS = Row(
    "Numbers for new ids, leased in each database",
    [
        Panel(
            "How many worker numbers are taken?",
            Unit.SHARE,
            [
                Query(
                    f"max by (job) (roost_worker_leases_taken{{{CHOSEN}}}"
                    f" / roost_worker_leases_max{{{CHOSEN}}})",
                    "{{job}}",
                )
            ],
            normal="One for each process that makes ids, twice that during a release.",
            action="Without a free number a new process does not become ready.",
            alert="RoostWorkerNumbersShort",
            limit=0.8,
        ),
        Panel(
            "For how long may processes make ids without PostgreSQL?",
            Unit.SECONDS,
            [
                Query(
                    f"min by (job, process) (roost_worker_lease_remaining_seconds{{{where}}})",
                    "{{job}} {{process}}",
                )
                for where in _numbered()
            ],
            normal="Between 10 and 30 s, renewed again and again.",
            action="Falls to 0: the database does not answer, and writes fail.",
        ),
        Note(
            "PostgreSQL itself",
            "Locks, slow statements, autovacuum, replication, checkpoints and disks are in the "
            "metrics of `postgres_exporter`. Begin with `pg_stat_activity` if connections are held "
            "long.",
            width=8,
        ),
    ],
)

DASHBOARD = Dashboard(
    name="postgres",
    title="PostgreSQL",
    description="The pools of connections of the services. Each service has a database of its own.",
    rows=(
        POOLS,
        REPLICAS,
        NUMBERS_FOR_NEW_IDS,
    ),
)
