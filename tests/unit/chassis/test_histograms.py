"""Histograms in plain numbers, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from services.chassis.runtime.histograms import DurationHistogram

BUCKETS = (0.1, 0.5, 1.0)


def test_plain_histogram_is_exposed_as_that_of_the_client_is() -> None:
    plain, client = CollectorRegistry(), CollectorRegistry()
    ours = DurationHistogram("roost_x_seconds", "What it is.", buckets=BUCKETS, registry=plain)
    theirs = Histogram("roost_x_seconds", "What it is.", buckets=BUCKETS, registry=client)

    for seconds in (0.05, 0.1, 0.2, 0.7, 30.0):
        ours.observe(seconds)
        theirs.observe(seconds)

    expected = [
        line
        for line in generate_latest(client).decode().splitlines()
        if "_created" not in line  # the client's own also has the time when it was made
    ]
    assert generate_latest(plain).decode().splitlines() == expected
