"""The golden signals: what users notice, then rate, errors, latency and saturation by service."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit, View
from local.dashboards.queries import (
    CHOSEN,
    Query,
    highest,
    p99,
    quantile,
    quotient,
    rates,
    share,
    total,
)
from local.objectives import OBJECTIVES, RATIO
from services.chassis.runtime.manifest import streams

# The statuses of gRPC that are the fault of the service, and not of its caller.
FAULT = 'code=~"UNAVAILABLE|DEADLINE_EXCEEDED|INTERNAL|UNKNOWN|DATA_LOSS"'
EDGE = 'envoy_http_conn_manager_prefix="edge"'
READS = 'envoy_virtual_host="api", envoy_route=~"reads|graphql"'
WRITES = 'envoy_virtual_host="api", envoy_route="writes"'
# The clusters of the gateway and of the services.
CALLED = 'envoy_cluster_name!~"gateway_.+|stream|admin|media_store|rate_limits"'
ROUTE_TIME = "envoy_vhost_route_upstream_rq_time"


# Long polls answer when something happens, as their names say.
QUICK_ROUTES = 'route!~".+/wait"'


# Nor do streams: they end with their client.
QUICK_RPCS = f'method!~"{"|".join([".+/Wait.+", *streams()])}"'

WHAT_USERS_NOTICE = Row(
    "What users notice",
    [
        Panel(
            "Alerts that fire",
            Unit.NONE,
            [
                Query(
                    'count(ALERTS{alertname=~"Roost.+", alertstate="firing"}) or vector(0)',
                    "alerts",
                )
            ],
            normal="0.",
            action="Open the page of the alert in docs/runbook/.",
            limit=1,
            view=View.NUMBER,
            width=4,
        ),
        Panel(
            "Requests at the edge",
            Unit.REQUESTS,
            [rates("envoy_http_downstream_rq_total", where=EDGE, legend="requests")],
            normal="The usual traffic of the hour.",
            action="A sudden fall: clients do not reach the edge, or wait for its answers.",
            view=View.NUMBER,
            width=4,
        ),
        Panel(
            "Requests that fail",
            Unit.SHARE,
            [
                share(
                    "envoy_http_downstream_rq_xx",
                    'envoy_response_code_class="5"',
                    where=EDGE,
                    legend="5xx",
                )
            ],
            normal="Below 0.1 %, the promise to users.",
            action="See on the dashboard Edge and mesh which family of routes fails.",
            alert="RoostReadAvailability",
            limit=0.001,
            view=View.NUMBER,
            width=4,
        ),
        Panel(
            "Reads, p99",
            Unit.MILLISECONDS,
            [Query(quantile(0.99, ROUTE_TIME, where=READS), "p99")],
            normal="Below 500 ms, the promise to users.",
            action="Look for the slow service below, and for its saturation.",
            alert="RoostReadLatency",
            limit=500,
            view=View.NUMBER,
            width=4,
        ),
        Panel(
            "Writes, p99",
            Unit.MILLISECONDS,
            [Query(quantile(0.99, ROUTE_TIME, where=WRITES), "p99")],
            normal="Below 1 s, the promise to users.",
            action="Look for the slow service below, and for waits for PostgreSQL.",
            alert="RoostWriteLatency",
            limit=1000,
            view=View.NUMBER,
            width=4,
        ),
        Panel(
            "Posts reach homes, p99",
            Unit.SECONDS,
            [Query(quantile(0.99, "roost_timeline_fan_out_delay_seconds"), "p99")],
            normal="Below 0.5 s, the promise to users.",
            action="See the dashboard Timelines.",
            alert="RoostFreshness",
            limit=0.5,
            view=View.NUMBER,
            width=4,
        ),
    ],
)


def _budgets(window: str) -> list[Query]:
    """How fast each objective uses its error budget: 1 uses all of it in 30 days."""
    return [
        Query(
            f'{RATIO}{window}{{objective="{each.name}"}} / {each.budget:f}',
            "{{objective}} {{part}}",
        )
        for each in OBJECTIVES
    ]


BUDGETS = Row(
    "Error budgets, as docs/objectives.md describes them",
    [
        Panel(
            "How fast is each error budget used, over an hour?",
            Unit.NUMBER,
            _budgets("1h"),
            normal="Below 1. At 14.4 somebody is paged: 2 % of 30 days are used in this hour.",
            action="The objective says what suffers. Its alert has a page in docs/runbook/.",
            alert="RoostReadAvailability",
            limit=14.4,
            width=12,
        ),
        Panel(
            "How fast is each error budget used, over three days?",
            Unit.NUMBER,
            _budgets("3d"),
            normal="Below 1: the budget of 30 days lasts.",
            action="Above 1: look for what fails a little all the time, and fix it this week.",
            alert="RoostWriteAvailability",
            limit=1,
            width=12,
        ),
    ],
)

GOLDEN_SIGNALS = Row(
    "Rate, errors and latency of each service",
    [
        Panel(
            "How many calls does each service answer?",
            Unit.REQUESTS,
            [
                rates("roost_rpc_handled_total", by="job", where=CHOSEN),
                rates("roost_http_handled_total", by="job", where=CHOSEN),
            ],
            normal="The services follow the gateway: a home read is about five calls.",
            action="A service alone rises: see its methods on Processes, and its callers.",
        ),
        Panel(
            "Which service fails calls?",
            Unit.SHARE,
            [
                share("roost_rpc_handled_total", FAULT, by="job", where=CHOSEN),
                share("roost_http_handled_total", 'status=~"5.."', by="job", where=CHOSEN),
            ],
            normal="0. Refusals that are the caller's fault do not count.",
            action="Begin with the service whose callees are at 0. Its log has the reasons.",
            alert="RoostServiceErrors",
            limit=0.05,
        ),
        Panel(
            "How long do calls take, p99?",
            Unit.SECONDS,
            [
                p99("roost_rpc_seconds", by="job", where=f"{CHOSEN}, {QUICK_RPCS}"),
                p99("roost_http_seconds", by="job", where=f"{CHOSEN}, {QUICK_ROUTES}"),
            ],
            normal="Services below 50 ms, sign-ups and media longer; the gateway below 500 ms.",
            action="If all are slow, look at CPU and the loop; if one, at its engines.",
            alert="RoostReadLatency",
        ),
    ],
)

SATURATION_OF_EACH_SERVICE = Row(
    "Saturation of each service",
    [
        Panel(
            "How full are the processes, by requests in flight?",
            Unit.SHARE,
            [
                Query(
                    f"max by (job) (roost_rpc_in_flight{{{CHOSEN}}}"
                    f" / roost_rpc_in_flight_max{{{CHOSEN}}})",
                    "{{job}}",
                ),
                Query(
                    f"max by (job) (roost_http_in_flight{{{CHOSEN}}}"
                    f" / roost_http_in_flight_max{{{CHOSEN}}})",
                    "{{job}}",
                ),
            ],
            normal="Below 20 %. At 100 % requests are refused.",
            action="Something behind is slow, or more processes are needed.",
            limit=0.8,
        ),
        Panel(
            "How late is the event loop, p99?",
            Unit.SECONDS,
            [p99("roost_event_loop_lag_seconds", by="job,process", where=CHOSEN)],
            normal="Below 20 ms.",
            action="The process needs more CPU than it gets: add processes, or cores.",
            limit=0.1,
        ),
        Panel(
            "How much of its connections to PostgreSQL does each process use?",
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
            action="See the dashboard PostgreSQL: long holds are more often the cause than load.",
            alert="RoostPostgresPoolExhausted",
            limit=0.9,
        ),
        Panel(
            "How much CPU does each service use, in cores?",
            Unit.NUMBER,
            [rates("process_cpu_seconds_total", by="job,process", where=CHOSEN)],
            normal="A process uses one core at most. Above 0.8 of a core latency rises.",
            action="Add processes. The dashboard Processes shows each of them.",
        ),
        Panel(
            "How far behind is the work on events?",
            Unit.NUMBER,
            [total("roost_consumer_lag_events", by="group")],
            normal="Near 0, with short peaks after posts of popular authors.",
            action="See the dashboard Events.",
            alert="RoostConsumerLag",
            limit=1000,
        ),
        Panel(
            "Which service does not publish its events?",
            Unit.SECONDS,
            [highest("roost_outbox_lag_seconds", by="job")],
            normal="Below 1 s.",
            action="See the dashboard Events. Nothing is lost; the relay catches up by itself.",
            alert="RoostOutboxLag",
            limit=60,
        ),
    ],
)

WHAT_ROOST_DEPENDS_ON = Row(
    "What Roost depends on",
    [
        Panel(
            "Does a process not answer Prometheus?",
            Unit.NONE,
            [
                Query('count(up{job=~"roost-.+"} == 1) or vector(0)', "answer"),
                Query('count(up{job=~"roost-.+"} == 0) or vector(0)', "do not answer"),
            ],
            normal="All answer.",
            action="The dashboard Processes names it. Its log has the reason.",
            alert="RoostTargetDown",
        ),
        Panel(
            "Is Redis away?",
            Unit.NONE,
            [highest("roost_redis_circuit_open", by="job")],
            normal="0. At 1 the service reads from PostgreSQL, and nothing fails.",
            action="See the dashboard Caches.",
            alert="RoostRedisCircuitOpen",
            limit=1,
        ),
        Panel(
            "How many endpoints are healthy, of all?",
            Unit.SHARE,
            [
                quotient(
                    f"sum by (envoy_cluster_name) (envoy_cluster_membership_healthy{{{CALLED}}})",
                    f"sum by (envoy_cluster_name) (envoy_cluster_membership_total{{{CALLED}}})",
                    "{{envoy_cluster_name}}",
                )
            ],
            normal="100 %; less for some seconds while a release replaces processes.",
            action="`/readyz` of a process says why it is not ready.",
            alert="RoostNoReadyEndpoints",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="overview",
    title="Overview",
    description="What users notice, and the golden signals of each service.",
    rows=(
        WHAT_USERS_NOTICE,
        BUDGETS,
        GOLDEN_SIGNALS,
        SATURATION_OF_EACH_SERVICE,
        WHAT_ROOST_DEPENDS_ON,
    ),
)
