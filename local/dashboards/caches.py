"""Caches in Redis or Valkey, and whether it answers."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Note, Panel, Row, Unit, View
from local.dashboards.queries import (
    CHOSEN,
    Query,
    events,
    highest,
    p99,
    rate,
    rates,
    share,
    total,
)

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

KEPT_PAGES = Row(
    "Pages that gateways keep",
    [
        Panel(
            "Which reads come from memory?",
            Unit.OPERATIONS,
            [rates("roost_kept_reads_total", by="outcome")],
            normal="`kept` leads. `changed` grows with what is posted and liked.",
            action="`unproven`: a service answers its checks late, or not at all.",
            view=View.STACK,
        ),
        Panel(
            "How much of a home that is read has changed?",
            Unit.OPERATIONS,
            [rates("roost_kept_parts_total", by="source")],
            normal="`page` leads: most items are those of the page before.",
            action="`service` leads: readers are new, or gateways lose their streams.",
            view=View.STACK,
        ),
        Panel(
            "How often do events repeat invalidations?",
            Unit.OPERATIONS,
            [rates("roost_cache_repeats_total", by="outcome")],
            normal="`skipped`: the writes have done them.",
            action="`done` leads: Redis loses keys, or processes end before they invalidate.",
        ),
        Panel(
            "How much do gateways keep?",
            Unit.BYTES,
            [total("roost_kept_bytes", legend="bytes")],
            normal="At most ROOST_KEPT_BYTES for each gateway process.",
            action="At the limit with many `absent` reads: give gateways more.",
        ),
        Panel(
            "How many pages do gateways keep?",
            Unit.NUMBER,
            [total("roost_kept_pages", legend="pages")],
            normal="Follows the readers of the last ten minutes.",
            action="0: no stream of InvalidationService is open, or the setting is 0.",
        ),
        Panel(
            "How long does a check take, p99?",
            Unit.SECONDS,
            [
                p99("roost_kept_check_seconds", by="service", legend="gateway: {{service}}"),
                p99("roost_change_log_check_seconds", by="job", legend="{{job}} itself"),
            ],
            normal="Below 10 ms. Reads wait 100 ms for it.",
            action="Slow in the service itself: Redis, or its event loop.",
            limit=0.1,
        ),
        Panel(
            "How much changes?",
            Unit.OPERATIONS,
            [rates("roost_change_log_appended_total", by="job")],
            normal="Follows the writes; a post changes a home of each follower.",
            action="0 with writes: Redis is away.",
        ),
        Panel(
            "How often is all that a gateway keeps discarded?",
            Unit.OPERATIONS,
            [rates("roost_change_log_resets_total", by="job")],
            normal="Once for each gateway process and service that starts.",
            action="Often: connections to Redis break, or it evicts keys.",
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
        KEPT_PAGES,
    ),
)
