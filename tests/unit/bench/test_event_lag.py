"""When every event has been handled."""

from bench.event_lag import lag

METRICS = """\
# TYPE roost_consumer_lag_events gauge
roost_consumer_lag_events{{group="a",topic="t",partition="0"}} {consumer}
roost_consumer_lag_events{{group="b",topic="t",partition="0"}} 0.0
# TYPE roost_outbox_lag_seconds gauge
roost_outbox_lag_seconds {outbox}
# TYPE roost_outbox_leader gauge
roost_outbox_leader 1.0
"""


def test_a_process_that_has_published_and_handled_everything_has_no_lag() -> None:
    assert lag(METRICS.format(consumer=0, outbox=0)) == 0


def test_events_that_are_not_handled_count() -> None:
    assert lag(METRICS.format(consumer=7, outbox=0)) == 7


def test_events_that_are_not_published_count() -> None:
    assert lag(METRICS.format(consumer=0, outbox=0.5)) == 0.5


def test_a_process_without_consumers_has_no_lag() -> None:
    assert lag("# TYPE up gauge\nup 1.0\n") == 0
