"""Uploads, processing and the cache of media files."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit, View
from local.dashboards.queries import (
    Query,
    events,
    highest,
    p99,
    quotient,
    rate,
    rates,
    share,
    total,
)

LISTENER = 'envoy_http_conn_manager_prefix="media"'
STORE = 'envoy_cluster_name="media_store"'

UPLOADS_AND_PROCESSING = Row(
    "Uploads and processing",
    [
        Panel(
            "What becomes of uploads?",
            Unit.OPERATIONS,
            [events("roost_media_uploads_total", by="outcome")],
            normal="`completed` follows `started`.",
            action="`started` alone: clients cannot reach the object store.",
            alert="RoostObjectStoreAway",
        ),
        Panel(
            "What becomes of processing?",
            Unit.OPERATIONS,
            [events("roost_media_processed_total", by="kind,failure")],
            normal="Few failures: files that are damaged, too large or of a wrong type.",
            action="A failure that rises alone: a client sends files that Roost refuses.",
        ),
        Panel(
            "How long does processing take, p99?",
            Unit.SECONDS,
            [p99("roost_media_processing_seconds", by="kind")],
            normal="Pictures below 5 s, videos below their length.",
            action="Slower with the same files: the worker has too little CPU.",
        ),
        Panel(
            "For how long is the oldest job due?",
            Unit.SECONDS,
            [
                highest("roost_media_jobs_due_seconds", legend="processing"),
                highest("roost_media_placements_due_seconds", legend="placement"),
                highest("roost_media_purges_due_seconds", legend="purge"),
            ],
            normal="Below 30 s.",
            action="Add media workers. Purges wait while an Envoy does not answer.",
            alert="RoostMediaWaiting",
            limit=600,
        ),
        Panel(
            "How many jobs wait and run?",
            Unit.NUMBER,
            [
                highest("roost_media_jobs_waiting", legend="waiting or running"),
                total("roost_media_jobs_running", by="lane", legend="running: {{lane}}"),
                highest("roost_media_placements", legend="placements"),
                highest("roost_media_purges_waiting", legend="purges"),
            ],
            normal="Short peaks. Purges of closed folders wait until their addresses end.",
            action="Jobs that only grow: add media workers.",
        ),
        Panel(
            "Why do attempts fail?",
            Unit.OPERATIONS,
            [events("roost_media_failed_tries_total", by="cause")],
            normal="0. They are repeated.",
            action="`dependency`: the object store or PostgreSQL. Others: the worker's log.",
        ),
    ],
)

OBJECT_STORE = Row(
    "The object store",
    [
        Panel(
            "Which calls of the store fail?",
            Unit.OPERATIONS,
            [events("roost_object_store_failures_total", by="operation")],
            normal="0.",
            action="Look at the store. Uploads fail; files in the cache are served.",
            alert="RoostObjectStoreAway",
        ),
        Panel(
            "How long does the store take to serve a file, p99?",
            Unit.MILLISECONDS,
            [p99("envoy_cluster_upstream_rq_time", by="envoy_cluster_name", where=STORE)],
            normal="Below 100 ms.",
            action="Look at the store, and at how many files the cache finds.",
        ),
        Panel(
            "How are files that are not cached answered?",
            Unit.REQUESTS,
            [
                rates(
                    "envoy_cluster_upstream_rq_xx",
                    by="envoy_response_code_class",
                    where=STORE,
                    legend="{{envoy_response_code_class}}xx",
                )
            ],
            normal="2xx.",
            action="4xx: an old link. 5xx: the store.",
            alert="RoostObjectStoreAway",
        ),
    ],
)

FILES = Row(
    "Files, served by Envoy",
    [
        Panel(
            "How are requests for files answered?",
            Unit.REQUESTS,
            [
                rates(
                    "envoy_http_downstream_rq_xx",
                    by="envoy_response_code_class",
                    where=LISTENER,
                    legend="{{envoy_response_code_class}}xx",
                )
            ],
            normal="2xx and 3xx.",
            action="4xx: links that are expired, or forged. 5xx: the store is away.",
        ),
        Panel(
            "How many files does the cache find?",
            Unit.SHARE,
            [share("envoy_cache_event", 'event_type="hit"', legend="hits")],
            normal="Above 90 % with many readers.",
            action="Falls: the cache is too small, or an Envoy is new.",
        ),
        Panel(
            "How full is the cache?",
            Unit.SHARE,
            [
                quotient(
                    "max by (instance) (envoy_cache_size_bytes)",
                    "max by (instance) (envoy_cache_size_limit_bytes)",
                    "{{instance}}: bytes",
                ),
                quotient(
                    "max by (instance) (envoy_cache_size_count)",
                    "max by (instance) (envoy_cache_size_limit_count)",
                    "{{instance}}: files",
                ),
            ],
            normal="Rises to 100 %, where the least recently used files leave.",
            action="Full with many misses: raise MEDIA_CACHE_BYTES or MEDIA_CACHE_FILES.",
        ),
    ],
)

ACCESS_AND_DELETION = Row(
    "Access and deletion",
    [
        Panel(
            "How many folders change who may read them?",
            Unit.OPERATIONS,
            [
                events("roost_media_moves_total", by="access"),
                Query(rate("roost_media_purges_total"), "dropped by caches"),
                Query(rate("roost_media_purge_failures_total"), "purges that failed"),
            ],
            normal="Follows deleted posts and protected accounts.",
            action="Failed purges are repeated: deleted files may be shown until then.",
            alert="RoostMediaWaiting",
        ),
        Panel(
            "What is deleted?",
            Unit.OPERATIONS,
            [
                events("roost_media_deleted_total", by="kind"),
                Query(rate("roost_media_orphans_removed_total"), "orphans"),
            ],
            normal="Uploads that nobody used, and media of deleted posts.",
            action="Many at once: a client uploads and does not post.",
        ),
        Panel(
            "Which objects and claims do not fit?",
            Unit.NUMBER,
            [
                highest("roost_media_orphans", legend="objects without a row"),
                Query(
                    "sum by (outcome) (increase(roost_media_claims_reviewed_total[1h]))"
                    ' or on () label_replace(vector(0), "outcome", "none", "", "")',
                    "claims reviewed in 1 h: {{outcome}}",
                ),
            ],
            normal="0, or a few after a crash. They are removed.",
            action="They grow: events of posts arrive too late; see the dashboard Events.",
            view=View.LINES,
        ),
    ],
)

DASHBOARD = Dashboard(
    name="media",
    title="Media",
    description="Uploads, their processing, and the files that Envoy serves.",
    rows=(
        UPLOADS_AND_PROCESSING,
        OBJECT_STORE,
        FILES,
        ACCESS_AND_DELETION,
    ),
)
