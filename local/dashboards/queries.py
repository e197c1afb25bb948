"""Queries of Prometheus, in the few forms that panels need."""

from __future__ import annotations

from dataclasses import dataclass

# The services that the reader has chosen, in queries over metrics of several of them.
CHOSEN = 'job=~"$job"'
# What a rate is averaged over.
_WINDOW = "[$interval]"
# All that the panel shows, for each of its points.
_WHOLE = "[$__range] @ end()"


@dataclass(frozen=True)
class Query:
    """PromQL, and the name of each series, which may contain labels: ``{{job}}``."""

    expr: str
    legend: str


def series(metric: str, where: str = "") -> str:
    """Return the selector of a metric."""
    return f"{metric}{{{where}}}" if where else metric


def rate(metric: str, *, by: str = "", where: str = "", over: str = _WINDOW) -> str:
    """Return the increase a second of a counter, summed by labels."""
    return f"sum {_by(by)}(rate({series(metric, where)}{over}))"


def rates(metric: str, *, by: str = "", where: str = "", legend: str = "") -> Query:
    """The increase a second of a counter, a series for each value of the labels.

    Every process exports the series from its start. See `events` for a series that begins later.
    """
    return Query(rate(metric, by=by, where=where), legend or _legend(by))


def events(metric: str, *, by: str, where: str = "") -> Query:
    """The increase a second of a counter whose series begin with their first event: 0, named
    "none", while there is no series at all."""
    label = by.partition(",")[0]
    none = f'label_replace(vector(0), "{label}", "none", "", "")'
    return Query(f"{rate(metric, by=by, where=where)} or on () {none}", _legend(by))


def share(metric: str, part: str, *, by: str = "", where: str = "", legend: str = "") -> Query:
    """The part of the events that match ``part``: 0 if none does, nothing without events."""
    every = rate(metric, by=by, where=where)
    matching = rate(metric, by=by, where=", ".join(each for each in (where, part) if each))
    return Query(f"({matching} or 0 * {every}) / ({every} > 0)", legend or _legend(by))


def quotient(part: str, whole: str, legend: str) -> Query:
    """One expression divided by another, where the other is above 0."""
    return Query(f"{part} / ({whole} > 0)", legend)


def quantile(
    share_below: float, metric: str, *, by: str = "", where: str = "", over: str = _WINDOW
) -> str:
    """Return the value that this share of a histogram's events does not exceed."""
    labels = f"le, {by}" if by else "le"
    buckets = rate(f"{metric}_bucket", by=labels, where=where, over=over)
    return f"histogram_quantile({share_below}, {buckets})"


def percentiles(metric: str, *, where: str = "") -> tuple[Query, ...]:
    """The median, the 95th and the 99th percentile of a histogram."""
    return tuple(
        Query(quantile(number / 100, metric, where=where), f"p{number}") for number in (50, 95, 99)
    )


def p99(metric: str, *, by: str, where: str = "", legend: str = "") -> Query:
    """The 99th percentile of a histogram, a series for each value of the labels with events."""
    # Without an event it is NaN, which would have a name in the legend and no line.
    return Query(f"{quantile(0.99, metric, by=by, where=where)} >= 0", legend or _legend(by))


def slowest(metric: str, *, by: str, where: str = "") -> Query:
    """The 99th percentile of a histogram, for the eight values of a label where it is largest."""
    shown = quantile(0.99, metric, by=by, where=where)
    whole = quantile(0.99, metric, by=by, where=where, over=_WHOLE)
    return Query(f"{shown} >= 0 and on ({by}) topk(8, {whole} >= 0)", _legend(by))


def busiest(metric: str, *, by: str, where: str = "") -> Query:
    """The increase a second of a counter, for the eight values of a label where it is largest."""
    shown = rate(metric, by=by, where=where)
    whole = rate(metric, by=by, where=where, over=_WHOLE)
    return Query(f"{shown} and on ({by}) topk(8, {whole})", _legend(by))


def highest(metric: str, *, by: str = "", where: str = "", legend: str = "") -> Query:
    """The largest value of a gauge, for what several processes measure alike."""
    return Query(f"max {_by(by)}({series(metric, where)})", legend or _legend(by))


def total(metric: str, *, by: str = "", where: str = "", legend: str = "") -> Query:
    """The sum of a gauge over processes."""
    return Query(f"sum {_by(by)}({series(metric, where)})", legend or _legend(by))


def filled(expr: str, *, interval: str, whole: str) -> str:
    """Return a query with values for Grafana's variables: for all services, rates over an interval,
    and the whole time that a panel shows. Raises ValueError if another variable is left."""
    values = {"$interval": interval, "$__range": whole, "$job": "roost-.+"}
    for name, value in values.items():
        expr = expr.replace(name, value)
    if "$" in expr:
        raise ValueError(f"a variable is unknown: {expr}")
    return expr


def _by(labels: str) -> str:
    return f"by ({labels}) " if labels else ""


def _legend(by: str) -> str:
    return " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(",") if label)
