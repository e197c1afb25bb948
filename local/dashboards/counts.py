"""Counts that were found wrong, and the jobs that correct them."""

from __future__ import annotations

from local.dashboards.panels import Dashboard, Panel, Row, Unit
from local.dashboards.queries import Query, p99, total


def _in_an_hour(metric: str, label: str) -> Query:
    """Corrections in an hour: they are too few for a rate."""
    none = f'label_replace(vector(0), "{label}", "none", "", "")'
    return Query(f"sum by ({label}) (increase({metric}[1h])) or on () {none}", f"{{{{{label}}}}}")


DRIFT = Row(
    "Drift",
    [
        Panel(
            "Which counts of posts were wrong in the last hour?",
            Unit.NUMBER,
            [_in_an_hour("roost_post_count_drifts_total", "counter")],
            normal="0, or a few after a crash. They were corrected.",
            action="It repeats: two writers race, or events were lost; see dead letters.",
            alert="RoostCountDrift",
            limit=20,
        ),
        Panel(
            "Which counts of users were wrong in the last hour?",
            Unit.NUMBER,
            [_in_an_hour("roost_user_count_drifts_total", "counter")],
            normal="0, or a few after a crash. They were corrected.",
            action="It repeats: see the group user.counters on the dashboard Events.",
            alert="RoostCountDrift",
            limit=20,
        ),
        Panel(
            "Which corrections failed in the last hour?",
            Unit.NUMBER,
            [
                Query("sum(increase(roost_post_recount_failures_total[1h]))", "posts"),
                Query("sum(increase(roost_user_reconcile_failures_total[1h]))", "users"),
            ],
            normal="0.",
            action="The worker's log has the reason. The next pass tries again.",
        ),
    ],
)

WHAT_KEEPS_COUNTS = Row(
    "What keeps counts",
    [
        Panel(
            "How far behind are counts of users?",
            Unit.NUMBER,
            [
                total(
                    "roost_consumer_lag_events",
                    by="topic",
                    where='group="user.counters"',
                )
            ],
            normal="Near 0.",
            action="Counts are old as long. Add workers of the User service.",
            alert="RoostConsumerLag",
        ),
        Panel(
            "How late are counts of users, p99?",
            Unit.SECONDS,
            [
                p99(
                    "roost_event_delay_seconds",
                    by="group",
                    where='group="user.counters"',
                )
            ],
            normal="Below 1 s.",
            action="See the dashboard Events.",
        ),
        Panel(
            "Which background tasks of users failed in the last hour?",
            Unit.NUMBER,
            [_in_an_hour("roost_user_background_task_failures_total", "task")],
            normal="0. They are postponed and tried again.",
            action="The worker's log has the reason.",
        ),
    ],
)

DASHBOARD = Dashboard(
    name="counts",
    title="Counts",
    description="Counts of followers, posts, likes and replies: whether they drift.",
    rows=(
        DRIFT,
        WHAT_KEEPS_COUNTS,
    ),
)
