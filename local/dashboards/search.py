"""Searches, the index and trends."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit
from local.dashboards.queries import (
    Query,
    highest,
    p99,
    percentiles,
    quantile,
    rate,
    rates,
    share,
    total,
)

METHODS = 'method=~"/roost.search.v1.SearchService/.+"'
GROUP = 'group="search.events"'
FAMILY = 'envoy_cluster_name="gateway_search"'

SEARCHES = Row(
    "Searches",
    [
        Panel(
            "How many searches fail at the edge?",
            Unit.SHARE,
            [
                share(
                    "envoy_cluster_upstream_rq_xx",
                    'envoy_response_code_class="5"',
                    where=FAMILY,
                    legend="5xx",
                )
            ],
            normal="0.",
            action="See the Search service, and OpenSearch if it is the index.",
            alert="RoostSearchAway",
            limit=0.2,
            width=12,
        ),
        Panel(
            "Where do the relationships of searchers come from?",
            Unit.OPERATIONS,
            [rates("roost_search_viewers_total", by="from")],
            normal="`kept` leads, `read` after a change.",
            action="`failed`: the User service does not answer, and searches are refused.",
            width=12,
        ),
        Panel(
            "What do users search?",
            Unit.REQUESTS,
            [rates("roost_rpc_handled_total", by="method", where=METHODS)],
            normal="Typeahead leads: it is called for each key.",
            action="SearchPosts rises alone: a program searches.",
            width=12,
        ),
        Panel(
            "How long do searches take, p99?",
            Unit.SECONDS,
            [p99("roost_rpc_seconds", by="method", where=METHODS)],
            normal="Below 100 ms; above a million posts PostgreSQL needs up to 200 ms.",
            action="docs/search.md says when OpenSearch is due.",
            limit=0.5,
            width=12,
        ),
    ],
)

INDEX = Row(
    "The index",
    [
        Panel(
            "How long does it take until a post is found?",
            Unit.SECONDS,
            percentiles("roost_search_delay_seconds"),
            normal="p99 below 2 s.",
            action="See the lag beside it.",
        ),
        Panel(
            "How far behind is the index?",
            Unit.NUMBER,
            [total("roost_consumer_lag_events", by="topic", where=GROUP)],
            normal="Near 0.",
            action="It grows: add workers of the Search service, up to the partitions.",
            alert="RoostConsumerLag",
        ),
        Panel(
            "How many posts are indexed, and why?",
            Unit.OPERATIONS,
            [rates("roost_search_documents_total", by="source")],
            normal="`event`. `reread` follows media, `reindex` a rebuild.",
            action="Many rereads: processing of media is late.",
        ),
        Panel(
            "How many events does a transaction have, p95?",
            Unit.NUMBER,
            [Query(quantile(0.95, "roost_search_batch_events"), "events")],
            normal="1 to 10. Batches grow with the lag, 200 at most.",
            action="Always 200: the index is the bottleneck.",
        ),
        Panel(
            "Which posts are not in the index?",
            Unit.OPERATIONS,
            [
                Query(rate("roost_search_documents_refused_total"), "refused by OpenSearch"),
                Query(rate("roost_search_unreadable_posts_total"), "not readable"),
                Query(rate("roost_search_rereads_given_up_total"), "media never came"),
                Query(rate("roost_search_reindex_posts_left_out_total"), "left out"),
            ],
            normal="0.",
            action="The worker's log names the posts. `roost reindex` repairs the index.",
        ),
        Panel(
            "For how long are counts of posts and users due?",
            Unit.SECONDS,
            [highest("roost_search_count_refreshes_due_seconds", by="subject")],
            normal="Below 60 s. The order by popularity is as old.",
            action="The Post service is slow, or many posts became popular at once.",
        ),
        Panel(
            "How many counts wait, and how many are read?",
            Unit.NUMBER,
            [
                highest(
                    "roost_search_count_refreshes",
                    by="subject",
                    legend="{{subject}}: waiting",
                ),
                rates(
                    "roost_search_counts_refreshed_total",
                    by="subject",
                    legend="{{subject}}: read a second",
                ),
            ],
            normal="What waits falls to 0 within a minute.",
            action="It only grows: add workers of the Search service.",
        ),
        Panel(
            "How far is a rebuild of the index?",
            Unit.NUMBER,
            [
                highest("roost_search_reindex_posts", legend="posts"),
                highest("roost_search_reindex_posts_scanned", legend="read"),
                total("roost_search_reindex_running", legend="workers on it"),
            ],
            normal="0 without a rebuild. With one, `read` approaches `posts`.",
            action="It stands still: see the worker's log. `roost reindex` shows it too.",
        ),
        Panel(
            "How do rebuilds end?",
            Unit.NUMBER,
            [
                Query(
                    "sum by (state) (increase(roost_search_reindexes_total[1d]))"
                    ' or on () label_replace(vector(0), "state", "none", "", "")',
                    "in a day: {{state}}",
                )
            ],
            normal="`done`.",
            action="`failed`: the live index stays as it was. See the worker's log.",
        ),
    ],
)

TRENDS = Row(
    "Trends",
    [
        Panel(
            "How old are the trends?",
            Unit.SECONDS,
            [
                Query(
                    "time() - max(roost_search_trends_as_of_timestamp_seconds > 0)",
                    "age",
                )
            ],
            normal="Below 10 minutes.",
            action="The job search_trends fails: see the dashboard Processes.",
            limit=1800,
        ),
        Panel(
            "How many hashtags trend?",
            Unit.NUMBER,
            [highest("roost_search_trends", legend="hashtags")],
            normal="0 to 30.",
            action="A sudden rise is an event in the world, or a raid: `roost hashtags hide`.",
        ),
        Panel(
            "How many hours wait to be counted again?",
            Unit.NUMBER,
            [
                highest("roost_search_changed_hours_waiting", legend="waiting"),
                Query(
                    "sum(increase(roost_search_trend_computations_total[1h]))",
                    "computations in 1 h",
                ),
            ],
            normal="Short peaks after deletions.",
            action="It only grows: the job hashtag_recounts fails.",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="search",
    title="Search",
    description="Searches of users, the index of posts, and trends.",
    rows=(
        SEARCHES,
        INDEX,
        TRENDS,
    ),
)
