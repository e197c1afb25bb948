"""The event log of users and the streams to their devices."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit
from local.dashboards.queries import (
    Query,
    events,
    percentiles,
    quantile,
    quotient,
    rates,
    total,
)

GROUP = 'group="notification.log"'
SERVE = 'process="serve"'

DELAY = Row(
    "Delay",
    [
        Panel(
            "How long does an event take into the log?",
            Unit.SECONDS,
            percentiles("roost_event_delay_seconds", where=GROUP),
            normal="p99 below 0.5 s.",
            action="See the lag beside it, and the outbox on the dashboard Events.",
            alert="RoostStreamDelay",
            limit=0.5,
        ),
        Panel(
            "How long does an event take from the log to a socket?",
            Unit.SECONDS,
            percentiles("roost_stream_delay_seconds"),
            normal="p99 below 0.25 s.",
            action="Look at the gateway's event loop, and at lost wake-ups.",
            alert="RoostStreamDelay",
            limit=0.25,
        ),
        Panel(
            "How far behind is the log?",
            Unit.NUMBER,
            [total("roost_consumer_lag_events", by="topic", where=GROUP)],
            normal="Near 0.",
            action="It grows: add workers of the Notification service, up to the partitions.",
            alert="RoostConsumerLag",
        ),
    ],
)

SOCKETS = Row(
    "Sockets, at the gateways",
    [
        Panel(
            "How many sockets and users are connected?",
            Unit.NUMBER,
            [
                total("roost_stream_sockets", legend="sockets"),
                total("roost_stream_users", legend="users"),
            ],
            normal="Follows the users who are online.",
            action="A sudden fall: a gateway ended, and devices come back within a minute.",
        ),
        Panel(
            "How many frames are sent?",
            Unit.OPERATIONS,
            [rates("roost_stream_frames_sent_total", by="type")],
            normal="Mostly `event`.",
            action="`gap` means that devices load everything again.",
        ),
        Panel(
            "Why does the server close sockets?",
            Unit.OPERATIONS,
            [events("roost_stream_closed_total", by="code")],
            normal="1001 during a release, 4001 after a password change.",
            action="1011 is a fault: see the gateway's log. docs/stream.md lists the codes.",
        ),
        Panel(
            "How many devices lose events?",
            Unit.OPERATIONS,
            [
                rates("roost_stream_gaps_total", legend="gaps"),
                rates("roost_stream_slow_consumers_total", legend="too slow to read"),
            ],
            normal="0.",
            action="Gaps: the log was behind its retention, or wake-ups were lost.",
        ),
        Panel(
            "How many events are sent and not acknowledged, p95?",
            Unit.NUMBER,
            [Query(quantile(0.95, "roost_stream_unhandled_events"), "p95")],
            normal="Below 10.",
            action="Clients are slow, or their networks.",
        ),
        Panel(
            "How many sockets does a user have?",
            Unit.NUMBER,
            [quotient("sum(roost_stream_sockets)", "sum(roost_stream_users)", "sockets")],
            normal="1 to 2.",
            action="Many: a client opens sockets and does not close them.",
        ),
    ],
)

EVENT_LOG = Row(
    "The event log",
    [
        Panel(
            "How many users does each log process follow?",
            Unit.NUMBER,
            [
                total("roost_eventlog_attached_users", by="instance", where=SERVE),
                total(
                    "roost_eventlog_streams",
                    by="instance",
                    where=SERVE,
                    legend="{{instance}}: streams of gateways",
                ),
            ],
            normal="Equal over the processes; a stream for each gateway.",
            action="Streams that are missing: a gateway cannot reach the mesh.",
        ),
        Panel(
            "How do entries reach streams?",
            Unit.OPERATIONS,
            [rates("roost_eventlog_entries_sent_total", by="source")],
            normal="Mostly `live`. `log` are devices that come back.",
            action="Only `log`: wake-ups do not arrive; see Redis on the dashboard Caches.",
        ),
        Panel(
            "What is lost on the way to streams?",
            Unit.OPERATIONS,
            [
                rates("roost_eventlog_gaps_total", legend="gaps"),
                rates("roost_eventlog_wake_ups_lost_total", legend="wake-ups"),
                rates("roost_stream_attached_total", legend="streams opened again"),
            ],
            normal="0. Lost wake-ups only delay: the sweep finds their entries.",
            action="Streams that are opened often: the connection to the log breaks.",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="streams",
    title="Event log and streams",
    description="The way of an event from the log of a user to the sockets of the user's devices.",
    rows=(
        DELAY,
        SOCKETS,
        EVENT_LOG,
    ),
)
