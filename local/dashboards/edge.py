"""The edge and the mesh, as Envoy sees them."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit
from local.dashboards.queries import Query, p99, quotient, rate, rates, share, total

EDGE = 'envoy_http_conn_manager_prefix="edge"'
API = 'envoy_virtual_host="api"'
# Streams are one long request each.
ROUTES = f'{API}, envoy_route!="stream"'
# A family of routes is a cluster of the gateways; those of the mesh are the services.
FAMILIES = 'envoy_cluster_name=~"gateway_.+|stream"'
SERVICES = 'envoy_cluster_name!~"gateway.*|stream|admin|media_store|rate_limits"'
CLUSTER = "envoy_cluster_name"


def _room(where: str) -> Query:
    """The share of a circuit breaker's limit that is in use."""
    active = f"sum by ({CLUSTER}) (envoy_cluster_upstream_rq_active{{{where}}})"
    remaining = (
        f"sum by ({CLUSTER}) (envoy_cluster_circuit_breakers_default_remaining_rq{{{where}}})"
    )
    return quotient(active, f"({active} + {remaining})", f"{{{{{CLUSTER}}}}}")


def _healthy(where: str) -> Query:
    return quotient(
        f"sum by ({CLUSTER}) (envoy_cluster_membership_healthy{{{where}}})",
        f"sum by ({CLUSTER}) (envoy_cluster_membership_total{{{where}}})",
        f"{{{{{CLUSTER}}}}}",
    )


CLIENTS = Row(
    "Clients",
    [
        Panel(
            "How are requests answered?",
            Unit.REQUESTS,
            [
                rates(
                    "envoy_http_downstream_rq_xx",
                    by="envoy_response_code_class",
                    where=EDGE,
                    legend="{{envoy_response_code_class}}xx",
                )
            ],
            normal="2xx. 4xx is about a twentieth: expired tokens, and things that are gone.",
            action="5xx: see the families below. 4xx alone: a client has a fault, or an attack.",
            alert="RoostReadAvailability",
        ),
        Panel(
            "What do clients do?",
            Unit.REQUESTS,
            [rates("envoy_vhost_route_upstream_rq_total", by="envoy_route", where=API)],
            normal="Mostly reads.",
            action="Logins that rise alone are an attack on passwords.",
        ),
        Panel(
            "How long do requests take, p99?",
            Unit.MILLISECONDS,
            [
                p99(
                    "envoy_vhost_route_upstream_rq_time",
                    by="envoy_route",
                    where=ROUTES,
                )
            ],
            normal="Reads below 500 ms, writes below 1 s. Slow routes wait on purpose.",
            action="Compare with the time of the services below.",
            alert="RoostReadLatency",
        ),
        Panel(
            "How many requests does the edge refuse, and why?",
            Unit.REQUESTS,
            [
                Query(
                    rate(
                        "envoy_http_local_rate_limit_rate_limited",
                        where='envoy_local_http_ratelimit_prefix="edge"',
                    ),
                    "too many of one client",
                ),
                Query(rate("envoy_http_jwt_authn_denied", where=EDGE), "wrong token"),
                Query(
                    rate("roost_http_handled_total", where='status="401"') + " or vector(0)",
                    "no token",
                ),
                Query(rate("envoy_http_rbac_denied", where=EDGE), "not allowed"),
                Query(rate("envoy_http_no_route", where=EDGE), "no such path"),
                Query(
                    rate("envoy_cluster_upstream_rq_active_overflow", where=FAMILIES),
                    "breaker",
                ),
                Query(
                    rate("envoy_http_rq_overload_local_reply", where=EDGE),
                    "out of memory",
                ),
            ],
            normal="A few wrong tokens and unknown paths.",
            action="Breaker: the gateways are too slow or too few. Too many of one client: abuse.",
        ),
        Panel(
            "How many connections do clients have?",
            Unit.NUMBER,
            [
                total(
                    "envoy_http_downstream_cx_active",
                    by="envoy_http_conn_manager_prefix",
                    where='envoy_http_conn_manager_prefix=~"edge|media"',
                )
            ],
            normal="Grows with the users who are online. MAX_CONNECTIONS of an Envoy is 8,000.",
            action="Near the limit: add Envoys.",
        ),
        Panel(
            "How many connections are closed at once, and why?",
            Unit.OPERATIONS,
            [
                Query(rate("edge_connections_refused"), "too many of one address"),
                Query(rate("edge_connections_silent"), "no first byte"),
                Query(rate("edge_connections_shed"), "to make room"),
                Query(rate("envoy_listener_downstream_global_cx_overflow"), "no room"),
            ],
            normal="0.",
            action="An attack, or a proxy whose address the edge does not trust.",
        ),
    ],
)

FAMILIES_OF_ROUTES = Row(
    "Families of routes, at the gateways",
    [
        Panel(
            "Which family has how many requests?",
            Unit.REQUESTS,
            [rates("envoy_cluster_upstream_rq_completed", by=CLUSTER, where=FAMILIES)],
            normal="Timelines and posts lead.",
            action="A family alone rises: look for one client in the access log.",
        ),
        Panel(
            "Which family fails requests?",
            Unit.SHARE,
            [
                share(
                    "envoy_cluster_upstream_rq_xx",
                    'envoy_response_code_class="5"',
                    by=CLUSTER,
                    where=FAMILIES,
                )
            ],
            normal="0.",
            action="The services of the family fail, or its breaker is full.",
            alert="RoostReadAvailability",
            limit=0.01,
        ),
        Panel(
            "How full are the breakers of the families?",
            Unit.SHARE,
            [_room('envoy_cluster_name=~"gateway_.+"')],
            normal="Below 50 % of MAX_REQUESTS. At 100 % requests are refused with 503.",
            action="Add gateways. More in flight would only be slower.",
            limit=0.8,
        ),
    ],
)

MESH = Row(
    "The mesh, between services",
    [
        Panel(
            "Which service is called how often?",
            Unit.REQUESTS,
            [rates("envoy_cluster_upstream_rq_completed", by=CLUSTER, where=SERVICES)],
            normal="Follows the requests of clients.",
            action="Rises without them: a worker catches up, or a loop of retries.",
        ),
        Panel(
            "How long do calls take, p99?",
            Unit.MILLISECONDS,
            [p99("envoy_cluster_upstream_rq_time", by=CLUSTER, where=SERVICES)],
            normal="Below 100 ms. Sign-ups and waits for media take longer by design.",
            action="Longer than the service itself reports: it waits for a free process.",
        ),
        Panel(
            "How full are the breakers of the services?",
            Unit.SHARE,
            [_room(SERVICES)],
            normal="Below 10 % of MAX_CALLS.",
            action="The service is too slow, or has too few processes.",
            limit=0.8,
        ),
        Panel(
            "How many calls are tried again, and with which success?",
            Unit.REQUESTS,
            [
                Query(rate("envoy_cluster_upstream_rq_retry", where=SERVICES), "retries"),
                Query(
                    rate("envoy_cluster_upstream_rq_retry_success", where=SERVICES),
                    "successful",
                ),
                Query(
                    rate("envoy_cluster_upstream_rq_retry_overflow", where=SERVICES),
                    "forbidden by the budget",
                ),
            ],
            normal="0, and some during a release.",
            action="Forbidden ones: a service is down. Successful ones hide a bad endpoint.",
        ),
        Panel(
            "Which endpoints are ejected?",
            Unit.NUMBER,
            [total("envoy_cluster_outlier_detection_ejections_active", by=CLUSTER)],
            normal="0.",
            action="The endpoint answers its health checks, and fails calls: see its log.",
        ),
        Panel(
            "How many calls break without an answer of the service?",
            Unit.REQUESTS,
            [
                Query(
                    rate("envoy_cluster_upstream_cx_connect_fail", where=SERVICES),
                    "no connection",
                ),
                Query(rate("envoy_cluster_upstream_rq_timeout", where=SERVICES), "too slow"),
                Query(rate("envoy_cluster_upstream_rq_rx_reset", where=SERVICES), "reset"),
                Query(
                    rate("envoy_cluster_upstream_cx_none_healthy", where=SERVICES),
                    "no healthy endpoint",
                ),
                Query(
                    rate("envoy_cluster_upstream_rq_pending_overflow", where=SERVICES),
                    "breaker",
                ),
            ],
            normal="0, and resets while clients close streams.",
            action="No healthy endpoint: see below. Too slow: see the dashboard PostgreSQL.",
            alert="RoostNoReadyEndpoints",
        ),
        Panel(
            "Which services have endpoints that are not healthy?",
            Unit.SHARE,
            [_healthy(SERVICES)],
            normal="100 %.",
            action="`/readyz` of the process says why.",
            alert="RoostNoReadyEndpoints",
        ),
        Panel(
            "Connections between Envoy and the services",
            Unit.NUMBER,
            [total("envoy_cluster_upstream_cx_active", by=CLUSTER, where=SERVICES)],
            normal="A few for each endpoint: calls share connections.",
            action="A steady rise is a leak.",
        ),
        Panel(
            "How much memory do Envoys use?",
            Unit.BYTES,
            [total("envoy_server_memory_physical_size", by="instance")],
            normal="Below 300 MB, and steady.",
            action="Grows with connections; without them it is a leak. At its limit it sheds load.",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="edge",
    title="Edge and mesh",
    description="Requests of clients and calls between services, as Envoy sees them.",
    rows=(
        CLIENTS,
        FAMILIES_OF_ROUTES,
        MESH,
    ),
)
