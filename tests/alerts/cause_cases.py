"""What the alerts about causes say to a fault, to a healthy stack, and to a short fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.chassis.runtime.manifest import streams
from tests.alerts.promtool import Case, Firing, alerts

_HEALTHY_CLUSTER = 'envoy_cluster_membership_healthy{envoy_cluster_name="post", instance="envoy"}'
_UP = 'up{job="roost-post", instance="post"}'
_GATEWAY_UP = 'up{job="roost-gateway", instance="gateway"}'
_START = 'process_start_time_seconds{job="roost-post", instance="post-work"}'
_CALLS = 'roost_rpc_handled_total{job="roost-post", method="/a/B", code="'
_JOB = 'roost_job_down{job="roost-post", instance="post-work", name="Relay.run"}'
_LEADER = 'roost_outbox_leader{job="roost-post", instance="post-work'
_PARTITIONS = 'roost_consumer_partitions{group="timeline.events", topic="t", instance="'
_OUTBOX = 'roost_outbox_lag_seconds{job="roost-post", instance="post-work"}'
_LAG = 'roost_consumer_lag_events{group="timeline.events", topic="t", partition="'
_AGE = 'roost_event_age_seconds{group="timeline.events", topic="roost.post.v1", partition="0"}'
_EVENTS = 'roost_events_handled_total{group="timeline.events", type="a.B", outcome="'
_REFUSED = 'roost_outbox_refused_total{job="roost-post"}'
_UNACKNOWLEDGED = 'roost_outbox_failures_total{job="roost-post", instance="post-work"}'
_CIRCUIT = 'roost_redis_circuit_open{job="roost-post", process="serve", instance="post"}'
_POOL = 'roost_postgres_pool_timeouts_total{job="roost-post", process="serve", instance="post"}'
_REPLICA = '{job="roost-post", process="serve", instance="post"}'
_REPLICA_LAG = f"roost_replica_lag_seconds{_REPLICA}"
_REPLICA_CIRCUIT = f"roost_replica_circuit_open{_REPLICA}"
_STORE = 'roost_object_store_failures_total{job="roost-media", operation="put"}'
_MEDIA_STORE = (
    'envoy_cluster_upstream_rq_xx{job="roost-envoy", envoy_cluster_name="media_store", '
    'envoy_response_code_class="5"}'
)
_SEARCHES = 'envoy_cluster_upstream_rq_completed{envoy_cluster_name="gateway_search"}'
_FAILED_SEARCHES = (
    'envoy_cluster_upstream_rq_xx{envoy_cluster_name="gateway_search", '
    'envoy_response_code_class="5"}'
)
_PURGES = 'roost_media_purges_due_seconds{job="roost-media"}'
_PLACEMENTS = 'roost_media_placements_due_seconds{job="roost-media"}'
_PROCESSING = 'roost_media_jobs_due_seconds{job="roost-media"}'
_MESSAGES = 'roost_delivery_due_seconds{channel="code"}'
_TAKEN = 'roost_worker_leases_taken{job="roost-post", instance="post"}'
_NUMBERS = 'roost_worker_leases_max{job="roost-post", instance="post"}'
_OPEN = 'process_open_fds{job="roost-gateway", instance="gateway"}'
_MAX_OPEN = 'process_max_fds{job="roost-gateway", instance="gateway"}'
_KEY = 'roost_signing_key_age_seconds{job="roost-user", kid="'
_ENVOY_CERTIFICATE = (
    'envoy_listener_ssl_certificate_expiration_unix_time_seconds{envoy_tls_certificate="'
)
_CERTIFICATE = 'roost_tls_certificate_expiry_time_seconds{job="roost-post", file="tls.crt"}'
_DRIFTS = 'roost_post_count_drifts_total{job="roost-post", counter="likes"}'
_USER_DRIFTS = 'roost_user_count_drifts_total{job="roost-user", counter="followers"}'

_DAY = 86_400


def cases() -> Iterator[Case]:
    """Yield the cases of all causes."""
    yield from _processes()
    yield from _events()
    yield from _engines()
    yield from _waiting_work()
    yield from _limits()


def _case(alert: str, name: str, series: Mapping[str, str], at: str, *firing: Firing) -> Case:
    (severity,) = {each["labels"]["severity"] for each in alerts() if each["alert"] == alert}
    return Case(alert=alert, severity=severity, name=name, series=series, at=at, firing=firing)


def _processes() -> Iterator[Case]:
    name = "RoostNoReadyEndpoints"
    yield _case(
        name,
        "no Envoy has an endpoint",
        {_HEALTHY_CLUSTER: "1 1 0x5", _HEALTHY_CLUSTER.replace('envoy"}', 'other"}'): "0x6"},
        "5m",
        Firing(
            "No Envoy has a healthy endpoint of post. Calls are answered UNAVAILABLE.",
            {"envoy_cluster_name": "post"},
        ),
    )
    one_has = {_HEALTHY_CLUSTER: "0x9", _HEALTHY_CLUSTER.replace('envoy"}', 'other"}'): "1x9"}
    yield _case(name, "one Envoy has one", one_has, "9m")
    yield _case(name, "one missed health check", {_HEALTHY_CLUSTER: "1 0 1x5"}, "1m")
    other = {_HEALTHY_CLUSTER.replace("post", "rate_limits"): "0x9"}
    yield _case(name, "a cluster that may be empty", other, "9m")

    name = "RoostTargetDown"
    down = Firing(
        "roost-post post does not answer Prometheus.", {"job": "roost-post", "instance": "post"}
    )
    yield _case(name, "a process is away", {_UP: "1 0x9", _GATEWAY_UP: "1x9"}, "9m", down)
    gone = Firing("roost-gateway  does not answer Prometheus.", {"job": "roost-gateway"})
    yield _case(name, "no gateway is scraped at all", {_UP: "1x9"}, "9m", gone)
    yield _case(name, "all answer", {_UP: "1x9", _GATEWAY_UP: "1x9"}, "9m")
    yield _case(name, "a restart", {_UP: "1 0 0 1x9", _GATEWAY_UP: "1x12"}, "3m")
    elsewhere = {'up{job="other"}': "0x9", _GATEWAY_UP: "1x9"}
    yield _case(name, "another program is away", elsewhere, "9m")

    name = "RoostProcessRestarting"
    yield _case(
        name,
        "three starts within half an hour",
        {_START: "100x4 200x4 300x4 400x4"},
        "18m",
        Firing(
            "roost-post post-work started 3 times in 30 minutes.",
            {"job": "roost-post", "instance": "post-work"},
        ),
    )
    yield _case(name, "no start", {_START: "100x30"}, "30m")
    yield _case(
        name, "two starts, as in an upgrade and its end", {_START: "100x4 200x4 300x9"}, "15m"
    )

    name = "RoostServiceErrors"
    yield _case(
        name,
        "a tenth of the calls fails",
        {f'{_CALLS}OK"}}': "0+54x20", f'{_CALLS}UNAVAILABLE"}}': "0+6x20"},
        "15m",
        Firing("roost-post fails 10% of its calls.", {"job": "roost-post"}),
    )
    refused = {f'{_CALLS}OK"}}': "0+54x20", f'{_CALLS}NOT_FOUND"}}': "0+60x20"}
    yield _case(name, "answers about the request are no failures", refused, "15m")
    ended = {f'{_CALLS}UNAVAILABLE"}}'.replace("/a/B", stream): "0+60x20" for stream in streams()}
    yield _case(name, "streams of gateways end", {f'{_CALLS}OK"}}': "0+54x20", **ended}, "15m")
    burst = {f'{_CALLS}OK"}}': "0+54x20", f'{_CALLS}UNAVAILABLE"}}': "0x8 30x11"}
    yield _case(name, "a burst of failures", burst, "10m")
    few = {f'{_CALLS}UNAVAILABLE"}}': "0x4 1x5 2x10"}
    yield _case(name, "two calls in ten minutes, both failed", few, "12m")

    name = "RoostJobDown"
    yield _case(
        name,
        "a job fails again and again",
        {_JOB: "0 1x20"},
        "18m",
        Firing(
            "The job Relay.run of post-work has been failing for 15 minutes.",
            {"job": "roost-post", "instance": "post-work", "name": "Relay.run"},
        ),
    )
    yield _case(name, "all jobs run", {_JOB: "0x20"}, "18m")
    yield _case(name, "a job failed once", {_JOB: "0x5 1x5 0x9"}, "12m")


def _events() -> Iterator[Case]:
    name = "RoostRelayWithoutLeader"
    no_leader = Firing(
        "No relay of roost-post publishes its events, or some slices of them.",
        {"job": "roost-post"},
    )
    lost = {f'{_LEADER}"}}': "1x5 0x9", f'{_LEADER}-2"}}': "0x15"}
    yield _case(name, "nobody leads", lost, "12m", no_leader)
    gone = {f'{_LEADER}"}}': "1x5 stale", f'{_LEADER}-2"}}': "0x15"}
    yield _case(name, "the leader does not answer Prometheus", gone, "12m", no_leader)
    moved = {f'{_LEADER}"}}': "1x5 0x9", f'{_LEADER}-2"}}': "0x5 1x9"}
    yield _case(name, "another process leads", moved, "12m")
    slice_lost = {f'{_LEADER}"}}': "0.5x15", f'{_LEADER}-2"}}': "0.5x5 0.25x9"}
    yield _case(name, "nobody leads one of four slices", slice_lost, "12m", no_leader)
    shared = {f'{_LEADER}"}}': "1x5 0.25x9", f'{_LEADER}-2"}}': "0x5 0.75x9"}
    yield _case(name, "an outbox is divided into slices", shared, "12m")
    blip = {f'{_LEADER}"}}': "1x5 0 0 1x9"}
    yield _case(name, "an election", blip, "7m")
    without = {'roost_outbox_leader{job="roost-search"}': "0x15"}
    yield _case(name, "a service that publishes nothing", without, "12m")

    name = "RoostConsumerWithoutPartitions"
    without_partitions = Firing(
        "No member of timeline.events has partitions. Its events are not handled.",
        {"group": "timeline.events"},
    )
    frozen = {f'{_PARTITIONS}timeline-work"}}': "3x5 stale"}
    yield _case(name, "its process does not answer", frozen, "12m", without_partitions)
    unassigned = {f'{_PARTITIONS}timeline-work"}}': "3x5 0x9"}
    yield _case(name, "no partition is assigned", unassigned, "12m", without_partitions)
    taken_over = {
        f'{_PARTITIONS}timeline-work"}}': "3x5 stale",
        f'{_PARTITIONS}timeline-work-2"}}': "0x5 3x9",
    }
    yield _case(name, "another member has them", taken_over, "12m")
    rebalanced = {f'{_PARTITIONS}timeline-work"}}': "3x5 0 0 3x9"}
    yield _case(name, "a rebalance", rebalanced, "7m")

    name = "RoostOutboxLag"
    yield _case(
        name,
        "the oldest event gets older",
        {_OUTBOX: "0x3 60+60x9"},
        "10m",
        Firing("roost-post: an event waits for 7m 0s to be published.", {"job": "roost-post"}),
    )
    yield _case(name, "events are published at once", {_OUTBOX: "0.1x20"}, "18m")
    yield _case(name, "a restart of the broker", {_OUTBOX: "0 30 90 0x9"}, "2m")

    name = "RoostConsumerLag"
    yield _case(
        name,
        "more events arrive than are handled",
        {f'{_LAG}0"}}': "0+100x60", f'{_LAG}1"}}': "0+50x60"},
        "60m",
        Firing(
            "timeline.events is 9k events behind, and falls further behind.",
            {"group": "timeline.events"},
        ),
    )
    yield _case(name, "all is handled", {f'{_LAG}0"}}': "3x60"}, "60m")
    yield _case(name, "a lag that gets smaller", {f'{_LAG}0"}}': "9000-100x60"}, "60m")
    yield _case(name, "a burst", {f'{_LAG}0"}}': "0x30 0+900x5 3600-900x4 0x20"}, "36m")

    name = "RoostEventStuck"
    yield _case(
        name,
        "an event does not end",
        {_AGE: "0+60x20"},
        "15m",
        Firing(
            "timeline.events works on an event of roost.post.v1 0 that is 15m 0s old.",
            {"group": "timeline.events", "topic": "roost.post.v1", "partition": "0"},
        ),
    )
    yield _case(name, "events end at once", {_AGE: "0.05x20"}, "15m")
    yield _case(name, "one slow event", {_AGE: "0+60x8 0x9"}, "8m")

    name = "RoostDeadLetters"
    group = {"group": "timeline.events"}
    yield _case(
        name,
        "the first dead letter of a process",
        {f'{_EVENTS}handled"}}': "0+9x40", f'{_EVENTS}dead-lettered"}}': "_x20 1x20"},
        "25m",
        Firing("timeline.events could not handle 1 events of the last 15 minutes.", group),
    )
    more = {f'{_EVENTS}dead-lettered"}}': "4x20 7x20"}
    yield _case(
        name,
        "more dead letters",
        more,
        "25m",
        Firing("timeline.events could not handle 3 events of the last 15 minutes.", group),
    )
    refused = Firing(
        "roost-post could not handle 1 events of the last 15 minutes.", {"job": "roost-post"}
    )
    yield _case(name, "the broker refuses an event", {_REFUSED: "0x20 1x20"}, "25m", refused)
    yield _case(name, "events are handled", {f'{_EVENTS}handled"}}': "0+9x40"}, "25m")
    absent = {f'{_EVENTS}dropped"}}': "3x20 stale _x30 3x20"}
    yield _case(name, "a process is scraped again after half an hour", absent, "55m")
    yield _case(name, "dead letters of yesterday", {f'{_EVENTS}dropped"}}': "3x60"}, "60m")
    yield _case(name, "events that are tried again", {f'{_EVENTS}failed"}}': "0+1x40"}, "25m")


def _engines() -> Iterator[Case]:
    name = "RoostBrokerAway"
    yield _case(
        name,
        "no batch is acknowledged",
        {_UNACKNOWLEDGED: "0x5 0+10x20"},
        "15m",
        Firing("The broker does not acknowledge the events of roost-post.", {"job": "roost-post"}),
    )
    yield _case(name, "all is acknowledged", {_UNACKNOWLEDGED: "7x20"}, "15m")
    yield _case(name, "a restart of the broker", {_UNACKNOWLEDGED: "0x5 3x20"}, "8m")

    name = "RoostRedisCircuitOpen"
    yield _case(
        name,
        "Redis is away",
        {_CIRCUIT: "0 0 1x9"},
        "8m",
        Firing(
            "Redis does not answer roost-post serve, which works without its cache.",
            {"job": "roost-post", "process": "serve"},
        ),
    )
    yield _case(name, "Redis answers", {_CIRCUIT: "0x9"}, "8m")
    yield _case(name, "a restart of Redis", {_CIRCUIT: "0 0 1 1 0x9"}, "3m")

    name = "RoostPostgresPoolExhausted"
    yield _case(
        name,
        "calls get no connection",
        {_POOL: "0x5 0+10x20"},
        "15m",
        Firing(
            "roost-post serve: calls get no connection to PostgreSQL.",
            {"job": "roost-post", "process": "serve"},
        ),
    )
    yield _case(name, "all calls get one", {_POOL: "2x20"}, "15m")
    yield _case(name, "a burst", {_POOL: "0x5 9x20"}, "8m")

    name = "RoostReplicaBehind"
    not_used = Firing(
        "The replica of roost-post is away, slow, or more than 5 seconds behind. The primary "
        "answers its lists.",
        {"job": "roost-post"},
    )
    away = {_REPLICA_LAG: "0.5x5 60+60x20", _REPLICA_CIRCUIT: "0x5 1x20"}
    yield _case(name, "the replica is away", away, "15m", not_used)
    behind = {_REPLICA_LAG: "0.5x5 20+5x20", _REPLICA_CIRCUIT: "0x30"}
    yield _case(name, "the replica replays too slowly", behind, "15m", not_used)
    slow = {_REPLICA_LAG: "0.9x30", _REPLICA_CIRCUIT: "0x5 1x20"}
    yield _case(name, "reads of the replica fail", slow, "15m", not_used)
    follows = {_REPLICA_LAG: "0.9x30", _REPLICA_CIRCUIT: "0x30"}
    yield _case(name, "the replica follows", follows, "15m")
    yield _case(name, "no replica", {_REPLICA_LAG: "0x30", _REPLICA_CIRCUIT: "0x30"}, "15m")
    restart = {_REPLICA_LAG: "0.5x5 60 120 180 0.5x20", _REPLICA_CIRCUIT: "0x5 1x2 0x20"}
    yield _case(name, "a restart of the replica", restart, "8m")

    name = "RoostObjectStoreAway"
    yield _case(
        name,
        "the media service cannot write",
        {_STORE: "0x5 0+10x20", _MEDIA_STORE: "0x30"},
        "15m",
        Firing(
            "The object store fails calls of roost-media. Uploads and media files that are not "
            "cached fail.",
            {"job": "roost-media"},
        ),
    )
    yield _case(
        name,
        "Envoy cannot read",
        {_STORE: "0x30", _MEDIA_STORE: "0x5 0+10x20"},
        "15m",
        Firing(
            "The object store fails calls of roost-envoy. Uploads and media files that are not "
            "cached fail.",
            {"job": "roost-envoy"},
        ),
    )
    yield _case(name, "no call fails", {_STORE: "4x20", _MEDIA_STORE: "2x20"}, "15m")
    yield _case(name, "one call failed", {_STORE: "0x5 1x20", _MEDIA_STORE: "0x20"}, "8m")

    name = "RoostSearchAway"
    yield _case(
        name,
        "half of the searches fail",
        {_SEARCHES: "0+60x20", _FAILED_SEARCHES: "0+30x20"},
        "15m",
        Firing("50% of the searches fail."),
    )
    yield _case(name, "searches find", {_SEARCHES: "0+60x20", _FAILED_SEARCHES: "0x20"}, "15m")
    burst = {_SEARCHES: "0+60x20", _FAILED_SEARCHES: "0x5 100x20"}
    yield _case(name, "a burst", burst, "8m")
    few = {_SEARCHES: "0x5 1x20", _FAILED_SEARCHES: "0x5 1x20"}
    yield _case(name, "one search, which failed", few, "8m")


def _waiting_work() -> Iterator[Case]:
    name = "RoostMediaWaiting"
    for kind, series in {
        "processing": _PROCESSING,
        "placement": _PLACEMENTS,
        "purge": _PURGES,
    }.items():
        yield _case(
            name,
            f"the longest waiting {kind} gets older",
            {series: "0+60x30"},
            "20m",
            Firing(f"The longest waiting {kind} of media is due for 20m 0s.", {"kind": kind}),
        )
    done = {_PROCESSING: "4x30", _PLACEMENTS: "0x30", _PURGES: "0x30"}
    yield _case(name, "all is done in time", done, "20m")
    yield _case(name, "a large video", {_PROCESSING: "0+60x12 0x9"}, "12m")

    name = "RoostDeliveryWaiting"
    yield _case(
        name,
        "nothing is sent",
        {_MESSAGES: "0+60x30"},
        "15m",
        Firing("The longest waiting message by code is due for 15m 0s.", {"channel": "code"}),
    )
    yield _case(name, "messages are sent when they are due", {_MESSAGES: "0.4x30"}, "15m")
    yield _case(name, "a burst of messages", {_MESSAGES: "0+60x8 0x9"}, "8m")


def _limits() -> Iterator[Case]:
    name = "RoostWorkerNumbersShort"
    yield _case(
        name,
        "60 of 64 are taken",
        {_TAKEN: "60x30", _NUMBERS: "64x30"},
        "20m",
        Firing(
            "roost-post uses 93.75% of the worker numbers of its database.", {"job": "roost-post"}
        ),
    )
    yield _case(name, "a few are taken", {_TAKEN: "4x30", _NUMBERS: "64x30"}, "20m")
    upgrade = {_TAKEN: "30x5 60x9 30x20", _NUMBERS: "64x40"}
    yield _case(name, "an upgrade", upgrade, "14m")

    name = "RoostFileDescriptorsShort"
    yield _case(
        name,
        "nearly all are open",
        {_OPEN: "18000x20", _MAX_OPEN: "20000x20"},
        "15m",
        Firing(
            "roost-gateway gateway uses 90% of its file descriptors.",
            {"job": "roost-gateway", "instance": "gateway"},
        ),
    )
    yield _case(name, "some are open", {_OPEN: "900x20", _MAX_OPEN: "20000x20"}, "15m")
    burst = {_OPEN: "900x5 18000x5 900x9", _MAX_OPEN: "20000x20"}
    yield _case(name, "a burst of connections", burst, "10m")

    name = "RoostSigningKeyOld"
    age = {
        f'{_KEY}old"}}': f"{70 * _DAY}+60x90",
        f'{_KEY}now"}}': f"{32 * _DAY}+60x90",
        f'{_KEY}next"}}': f"{-_DAY}+60x90",
    }
    yield _case(
        name,
        "no newer key signs",
        age,
        "80m",
        Firing(
            "The newest key that signs access tokens is 32d 1h 20m 0s old.", {"job": "roost-user"}
        ),
    )
    rotated = {f'{_KEY}old"}}': f"{31 * _DAY}+60x90", f'{_KEY}now"}}': "0+60x90"}
    yield _case(name, "a newer key signs", rotated, "80m")
    late = {f'{_KEY}old"}}': f"{31 * _DAY}+60x90", f'{_KEY}now"}}': "-600+60x90"}
    yield _case(name, "a rotation some minutes late", late, "30m")

    name = "RoostCertificateExpires"
    # The clock of the tests begins at 0.
    yield _case(
        name,
        "certificates of Envoy and of a process expire",
        {f'{_ENVOY_CERTIFICATE}edge"}}': f"{13 * _DAY}x30", _CERTIFICATE: f"{12 * _DAY}x30"},
        "20m",
        Firing(
            "The certificate of edge expires in 12d 23h 40m 0s.", {"envoy_tls_certificate": "edge"}
        ),
        Firing("The certificate of roost-post expires in 11d 23h 40m 0s.", {"job": "roost-post"}),
    )
    pods = {
        f'{_ENVOY_CERTIFICATE}edge", pod="one"}}': f"{60 * _DAY}x30",
        f'{_ENVOY_CERTIFICATE}edge", pod="two"}}': f"{13 * _DAY}x30",
        f'{_ENVOY_CERTIFICATE}of-another-envoy"}}': f"{2 * _DAY}x30",
    }
    yield _case(
        name,
        "the certificate of one Envoy expires, and one of another program",
        pods,
        "20m",
        Firing(
            "The certificate of edge expires in 12d 23h 40m 0s.", {"envoy_tls_certificate": "edge"}
        ),
    )
    authority = f'{_ENVOY_CERTIFICATE}authority", envoy_cluster_name="post"}}'.replace(
        "listener", "cluster", 1
    )
    yield _case(
        name,
        "the authority has expired",
        {authority: "0x30"},
        "20m",
        Firing(
            "The certificate of authority expires in -20m 0s.",
            {"envoy_tls_certificate": "authority"},
        ),
    )
    valid = {f'{_ENVOY_CERTIFICATE}edge"}}': f"{60 * _DAY}x30", _CERTIFICATE: f"{20 * _DAY}x30"}
    yield _case(name, "all are valid for weeks", valid, "20m")
    renewed = {_CERTIFICATE: f"{13 * _DAY}x10 {80 * _DAY}x20"}
    yield _case(name, "a certificate is renewed late", renewed, "12m")

    name = "RoostCountDrift"
    for job, series in {"roost-post": _DRIFTS, "roost-user": _USER_DRIFTS}.items():
        yield _case(
            name,
            f"{job} corrects a count each minute",
            {series: "0+1x70"},
            "65m",
            Firing(f"{job} corrected 60 counts in an hour.", {"job": job}),
        )
    yield _case(name, "all counts are right", {_DRIFTS: "3x70", _USER_DRIFTS: "0x70"}, "65m")
    yield _case(name, "some wrong counts at once", {_DRIFTS: "0x30 9x40"}, "65m")
