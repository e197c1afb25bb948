"""Home timelines: how fresh they are, what fan-out costs, and how they are read."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit
from local.dashboards.queries import (
    Query,
    events,
    p99,
    percentiles,
    quotient,
    rate,
    rates,
    total,
)

GROUP = 'group="timeline.events"'
METHODS = 'method=~"/roost.timeline.v1.+"'

FRESHNESS = Row(
    "Freshness",
    [
        Panel(
            "How long does a post take to reach homes?",
            Unit.SECONDS,
            percentiles("roost_timeline_fan_out_delay_seconds"),
            normal="p99 below 0.5 s, the promise to users.",
            action="See which part is late: the outbox, Kafka, or the worker.",
            alert="RoostFreshness",
            limit=0.5,
        ),
        Panel(
            "How far behind is fan-out?",
            Unit.NUMBER,
            [total("roost_consumer_lag_events", by="topic", where=GROUP)],
            normal="Near 0. A post of a popular author is a short peak of roost.timeline.v1.",
            action="It grows: add workers, up to the number of partitions.",
            alert="RoostConsumerLag",
        ),
        Panel(
            "How old is the event that fan-out works on?",
            Unit.SECONDS,
            [Query(f"max by (topic) (roost_event_age_seconds{{{GROUP}}})", "{{topic}}")],
            normal="0 to 1 s.",
            action="A line that rises steadily: one event blocks its partition; see the log.",
            alert="RoostEventStuck",
            limit=300,
        ),
    ],
)

FAN_OUT = Row(
    "Fan-out",
    [
        Panel(
            "How many entries reach homes?",
            Unit.OPERATIONS,
            [rates("roost_timeline_deliveries_total", legend="entries")],
            normal="Posts times followers, without celebrities, who are merged at read.",
            action="Rises without posts: somebody gathers followers; see the threshold.",
        ),
        Panel(
            "How many followers does a step reach?",
            Unit.NUMBER,
            [
                quotient(
                    rate("roost_timeline_deliveries_total"),
                    rate("roost_timeline_fan_out_steps_total"),
                    "entries a step",
                )
            ],
            normal="The usual number of followers, 1,000 at most.",
            action="Near 1,000 popular authors write, and each post takes several steps.",
        ),
        Panel(
            "How many pages of followers are handled?",
            Unit.OPERATIONS,
            [rates("roost_timeline_fan_out_steps_total", legend="steps")],
            normal="One for a post of an ordinary author.",
            action="Compare with the lag: this is the speed at which it shrinks.",
        ),
    ],
)

READING = Row(
    "Reading",
    [
        Panel(
            "How long does a home take at the gateway?",
            Unit.SECONDS,
            percentiles("roost_http_seconds", where='route=~"/v[0-9]+/timelines/home"'),
            normal="p99 below 250 ms.",
            action="Compare with the next panel: the rest is hydration by other services.",
            alert="RoostReadLatency",
            width=12,
        ),
        Panel(
            "How long do calls of the Timeline service take, p99?",
            Unit.SECONDS,
            [p99("roost_rpc_seconds", by="method", where=METHODS)],
            normal="GetHomeTimeline below 50 ms.",
            action="Slow with Redis away: homes are rebuilt. See the next panel.",
            width=12,
        ),
        Panel(
            "How many homes are rebuilt?",
            Unit.OPERATIONS,
            [events("roost_timeline_feed_builds_total", by="feed,outcome")],
            normal="New users, and users who return after a week.",
            action="Many at once: Redis lost its data. `disturbed` is repeated by itself.",
            width=12,
        ),
        Panel(
            "How many hashtags are filled with earlier posts?",
            Unit.OPERATIONS,
            [events("roost_timeline_hashtag_backfills_total", by="outcome")],
            normal="One when a user follows a hashtag that nobody here followed.",
            action="`failed`: search does not answer; see the dashboard Search.",
            width=12,
        ),
    ],
)

DASHBOARD = Dashboard(
    name="timelines",
    title="Timelines",
    description="How fast posts reach homes, and how homes are read.",
    rows=(
        FRESHNESS,
        FAN_OUT,
        READING,
    ),
)
