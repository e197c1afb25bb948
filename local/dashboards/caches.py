"""Caches in Redis or Valkey, and whether it answers."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Note, Panel, Row, Unit, View
from local.dashboards.queries import CHOSEN, Query, events, highest, p99, rate, rates, share

# A cached absence is an answer as well.
FOUND = 'found=~"fresh|stale|absent"'

REDIS = Row(
    "Redis",
    [
        Panel(
            "Is Redis away?",
            Unit.NONE,
            [highest("roost_redis_circuit_open", by="job,process", where=CHOSEN)],
            normal="0. At 1 a process does not try: it reads from PostgreSQL instead.",
            action="Look at Redis, and at the network. Homes are rebuilt when it returns.",
            alert="RoostRedisCircuitOpen",
            limit=1,
        ),
        Panel(
            "How many trips fail?",
            Unit.OPERATIONS,
            [events("roost_redis_failures_total", by="outcome", where=CHOSEN)],
            normal="0.",
            action="`skipped`: the circuit was open. `failed` alone: Redis is too slow or full.",
            alert="RoostRedisCircuitOpen",
        ),
        Panel(
            "How long does a trip take, p99?",
            Unit.SECONDS,
            [p99("roost_redis_trip_seconds", by="job", where=CHOSEN)],
            normal="Below 5 ms. A trip fails after 0.5 s.",
            action="Slow for one service: its event loop is late. For all: Redis itself.",
            limit=0.1,
        ),
        Panel(
            "How many trips does each service make?",
            Unit.OPERATIONS,
            [rates("roost_redis_trip_seconds_count", by="job", where=CHOSEN)],
            normal="Follows the calls of the service. A trip may carry many commands.",
            action="0 with calls: the circuit is open.",
        ),
        Note(
            "Redis itself",
            "Memory, evictions and replication are in the metrics of `redis_exporter`. Roost needs "
            "no data of Redis to be kept: caches and homes are rebuilt.",
            width=16,
        ),
    ],
)

CACHES_OF_THE_POST_SERVICE = Row(
    "Caches of the Post service",
    [
        Panel(
            "How many keys are found?",
            Unit.SHARE,
            [share("roost_cache_reads_total", FOUND, by="cache")],
            normal="Above 80 % after some minutes of traffic.",
            action="Falls: Redis lost its data or evicts keys, or a release changed the format.",
        ),
        Panel(
            "What is found?",
            Unit.OPERATIONS,
            [rates("roost_cache_reads_total", by="found")],
            normal="`fresh` leads; `stale` is shown and refreshed; `absent` is a known absence.",
            action="`skipped`: Redis is away. `unreadable`: another version wrote it.",
            view=View.STACK,
        ),
        Panel(
            "How many keys are read from PostgreSQL?",
            Unit.OPERATIONS,
            [
                Query(
                    rate(
                        "roost_cache_reads_total",
                        by="cache",
                        where='found=~"miss|skipped|unreadable"',
                    ),
                    "{{cache}}",
                )
            ],
            normal="Below a fifth of all keys.",
            action="This is the load that the database gets beyond the writes.",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="caches",
    title="Caches",
    description="What caches save, and whether Redis or Valkey answers.",
    rows=(
        REDIS,
        CACHES_OF_THE_POST_SERVICE,
    ),
)
