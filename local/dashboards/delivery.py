"""Messages outside of Roost: Web Push, codes and digests by email."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit
from local.dashboards.queries import Query, events, highest, p99, share, total

CHANNEL = "channel"

MESSAGES = Row(
    "Messages",
    [
        Panel(
            "What becomes of attempts?",
            Unit.OPERATIONS,
            [events("roost_delivery_attempts_total", by="channel,state")],
            normal="`sent`. `moot`: it was read before it was sent.",
            action="`due` is tried again, `failed` is given up: the log has the receiver's answer.",
            alert="RoostDelivery",
        ),
        Panel(
            "Which part of the attempts is not accepted?",
            Unit.SHARE,
            [
                share(
                    "roost_delivery_attempts_total",
                    'state=~"due|failed"',
                    by=CHANNEL,
                    where='state!="moot"',
                )
            ],
            normal="Below 5 %, the promise.",
            action="One channel: its server. All: the network, or DNS.",
            alert="RoostDelivery",
            limit=0.05,
        ),
        Panel(
            "How long does a message take until it is accepted, p99?",
            Unit.SECONDS,
            [p99("roost_delivery_delay_seconds", by=CHANNEL)],
            normal="Below 10 s; codes are awaited by users.",
            action="See what waits.",
            limit=60,
        ),
        Panel(
            "How many messages wait?",
            Unit.NUMBER,
            [highest("roost_delivery_waiting", by=CHANNEL)],
            normal="Near 0. Digests of an hour are due at once.",
            action="It grows: the server refuses, or is slow. Add workers if neither.",
            alert="RoostDeliveryWaiting",
        ),
        Panel(
            "For how long is the oldest message due?",
            Unit.SECONDS,
            [highest("roost_delivery_due_seconds", by=CHANNEL)],
            normal="Below 30 s.",
            action="See the log of the Notification service's worker.",
            alert="RoostDeliveryWaiting",
            limit=300,
        ),
        Panel(
            "Which steps fail by a fault of ours?",
            Unit.OPERATIONS,
            [events("roost_delivery_failures_total", by="channel,step")],
            normal="0.",
            action="The worker's log has the error. The delivery is tried again.",
        ),
    ],
)

WHAT_CAUSES_MESSAGES = Row(
    "What causes messages",
    [
        Panel(
            "How far behind are notifications?",
            Unit.NUMBER,
            [
                total(
                    "roost_consumer_lag_events",
                    by="topic",
                    where='group="notification.events"',
                )
            ],
            normal="Near 0.",
            action="It grows: add workers of the Notification service, up to the partitions.",
            alert="RoostConsumerLag",
        ),
        Panel(
            "How long do notifications take, p99?",
            Unit.SECONDS,
            [
                p99(
                    "roost_event_delay_seconds",
                    by="group",
                    where='group="notification.events"',
                )
            ],
            normal="Below 1 s.",
            action="See the dashboard Events.",
        ),
        Panel(
            "Which notifications are handled?",
            Unit.EVENTS,
            [
                Query(
                    "sum by (type) (rate(roost_events_handled_total"
                    '{group="notification.events", type!=""}[$interval]))',
                    "{{type}}",
                )
            ],
            normal="Likes and follows lead.",
            action="One type alone rises: abuse of likes or follows.",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="delivery",
    title="Delivery",
    description="Push messages, and codes and digests by email.",
    rows=(
        MESSAGES,
        WHAT_CAUSES_MESSAGES,
    ),
)
