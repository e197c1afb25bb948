"""Events: out of the outbox, through Kafka, into the consumer groups."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Note, Panel, Row, Unit
from local.dashboards.queries import CHOSEN, events, highest, p99, rates, total

CONSUMER_GROUPS = Row(
    "Consumer groups",
    [
        Panel(
            "How far behind is each group?",
            Unit.NUMBER,
            [total("roost_consumer_lag_events", by="group")],
            normal="Near 0, with short peaks.",
            action="It grows: add workers, up to the number of partitions.",
            alert="RoostConsumerLag",
            limit=1000,
        ),
        Panel(
            "How long do events wait and take, p99?",
            Unit.SECONDS,
            [p99("roost_event_delay_seconds", by="group")],
            normal="Below 1 s.",
            action="All are late: the outbox or Kafka. One is: its worker, or what it calls.",
        ),
        Panel(
            "Which group works on an old event?",
            Unit.SECONDS,
            [highest("roost_event_age_seconds", by="group")],
            normal="0 to 1 s.",
            action="A line that rises: the worker's log has the reason of each attempt.",
            alert="RoostEventStuck",
            limit=300,
        ),
        Panel(
            "How many events does each group handle?",
            Unit.EVENTS,
            [rates("roost_events_handled_total", by="group")],
            normal="Follows the writes of users.",
            action="0 with a lag: no member has partitions; see below.",
        ),
        Panel(
            "What becomes of events?",
            Unit.EVENTS,
            [events("roost_events_handled_total", by="outcome")],
            normal="`handled` and `skipped`.",
            action="`failed` is tried again. `dead-lettered` and `dropped` need a person.",
            alert="RoostDeadLetters",
        ),
        Panel(
            "How many announced records need a fetch?",
            Unit.EVENTS,
            [events("roost_consumer_announcements_total", by="outcome")],
            normal="`taken` leads. Nothing where the broker has long polls.",
            action="`fetched` leads: announcements are lost, or records are large.",
        ),
        Panel(
            "How many announcements are lost?",
            Unit.EVENTS,
            [rates("roost_announcements_lost_total", legend="lost")],
            normal="0.",
            action="Redis is away. Events are up to 2 s late.",
        ),
        Panel(
            "How many partitions does each group work on?",
            Unit.NUMBER,
            [total("roost_consumer_partitions", by="group")],
            normal="All partitions of its topics: the line is flat.",
            action="0: members join again and again, or there is no worker.",
            alert="RoostConsumerWithoutPartitions",
        ),
        Panel(
            "Which members had to join their group again?",
            Unit.OPERATIONS,
            [events("roost_consumer_rejoins_total", by="group")],
            normal="0, and some during a release.",
            action="Steady: the broker loses members; handlers may take too long.",
        ),
        Panel(
            "What do groups receive?",
            Unit.EVENTS,
            [rates("roost_events_handled_total", by="type", where='type!=""')],
            normal="EntryDelivered and PostCreated lead.",
            action="One type rises alone: look for its author in the access log.",
            width=16,
        ),
    ],
)

OUTBOX_OF_EACH_SERVICE = Row(
    "Outbox of each service",
    [
        Panel(
            "How long does the oldest event wait?",
            Unit.SECONDS,
            [highest("roost_outbox_lag_seconds", by="job", where=CHOSEN)],
            normal="Below 1 s.",
            action="Kafka is away or refuses; nothing is lost, and the relay catches up.",
            alert="RoostOutboxLag",
            limit=60,
        ),
        Panel(
            "How many events are published?",
            Unit.EVENTS,
            [rates("roost_outbox_published_total", by="job", where=CHOSEN)],
            normal="Follows the writes of users.",
            action="0 with a lag: see the relay's log.",
        ),
        Panel(
            "How long does the broker take for a batch, p99?",
            Unit.SECONDS,
            [p99("roost_outbox_publish_seconds", by="job", where=CHOSEN)],
            normal="Below 100 ms; the embedded broker up to 300 ms.",
            action="Look at the disks of the brokers, and at the in-sync replicas.",
        ),
        Panel(
            "How many batches fail, and how many events are refused?",
            Unit.OPERATIONS,
            [
                rates(
                    "roost_outbox_failures_total",
                    by="job",
                    where=CHOSEN,
                    legend="{{job}}: failures",
                ),
                rates(
                    "roost_outbox_refused_total",
                    by="job",
                    where=CHOSEN,
                    legend="{{job}}: refused",
                ),
            ],
            normal="0.",
            action="Failures are repeated. Refused events are in the table outbox_refused.",
            alert="RoostBrokerAway",
        ),
        Panel(
            "How much of each outbox has a relay?",
            Unit.NONE,
            [total("roost_outbox_leader", by="job", where=CHOSEN)],
            normal="1.",
            action="Below 1 for longer than 10 s: a worker has no connection to its database.",
            alert="RoostRelayWithoutLeader",
        ),
        Note(
            "The broker itself",
            "Disks, in-sync replicas and controllers are in the metrics of the brokers: the JMX "
            "exporter of Apache Kafka, or what its operator offers.",
            width=8,
        ),
    ],
)

DASHBOARD = Dashboard(
    name="kafka",
    title="Events",
    description="Events from the outbox of a service through Kafka into the consumer groups.",
    rows=(
        CONSUMER_GROUPS,
        OUTBOX_OF_EACH_SERVICE,
    ),
)
