"""The objectives of Roost, and the rules of Prometheus that follow from them.

docs/objectives.md explains targets and method. An event of an indicator is a request, a delivery
or a frame. The ratio of bad events is recorded over each window; alerts compare it with the error
budget, over a long window and a short one (Google, The Site Reliability Workbook, chapter 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from string import Template

# The name of a recorded ratio, without its window.
RATIO = "roost:bad_events:ratio_rate"


@dataclass(frozen=True)
class BurnRate:
    """A speed at which the error budget is used, in budgets a period of the objective."""

    factor: str
    long: str
    short: str


# At 14.4 two percent of the budget of 30 days are used in an hour, at 6 five percent in 6 hours,
# at 3 and 1 ten percent in a day and in three days.
BURN_RATES: Mapping[str, tuple[BurnRate, ...]] = {
    "page": (BurnRate("14.4", "1h", "5m"), BurnRate("6", "6h", "30m")),
    "ticket": (BurnRate("3", "1d", "2h"), BurnRate("1", "3d", "6h")),
}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

# With less traffic a ratio would depend on single events. A ratio is therefore taken of at least
# so many events a second that a page needs 52 bad events in an hour and 5 in five minutes, and a
# ticket 259 in a day or three.
FEWEST_BAD_EVENTS_A_SECOND = Decimal("0.001")


@dataclass(frozen=True)
class Indicator:
    """Bad events and all events, in PromQL with the placeholder ``$window``."""

    bad: str
    total: str

    def ratio(self, window: str, fewest: Decimal) -> str:
        """Return the ratio of bad events, of at least ``fewest`` events a second."""
        lines = (
            f"({self.bad}\n  or 0 * {self.total})",
            f"/ clamp_min({self.total}, {fewest.normalize():f})",
        )
        return Template("\n".join(lines)).substitute(window=window)


@dataclass(frozen=True)
class Objective:
    """A target for the part of all events that are good, in 30 days.

    ``summary`` follows the percentage in the text of the alert. An objective with several parts has
    the same target for each of them.
    """

    name: str
    target: Decimal
    summary: str
    parts: Mapping[str, Indicator] = field(default_factory=dict)

    @property
    def alert(self) -> str:
        """The name of its alerts."""
        return "Roost" + self.name.title().replace("_", "")

    @property
    def budget(self) -> Decimal:
        """The part of all events that may be bad."""
        return 1 - self.target

    @property
    def fewest(self) -> Decimal:
        """The fewest events a second that a ratio is taken of."""
        return FEWEST_BAD_EVENTS_A_SECOND / self.budget


def _answers(routes: str) -> Indicator:
    """Requests of these classes of routes, as Envoy answers them: 5xx is bad."""
    labels = f'envoy_virtual_host="api", envoy_route=~"{routes}"'
    return Indicator(
        bad=f'sum(rate(envoy_vhost_route_upstream_rq_xx{{{labels}, envoy_response_code_class="5"}}'
        "[$window]))",
        total=f"sum(rate(envoy_vhost_route_upstream_rq_completed{{{labels}}}[$window]))",
    )


def _slower_than(bucket: str, metric: str, labels: str = "") -> Indicator:
    """Events of a histogram above the upper bound of a bucket."""
    total = f"sum(rate({metric}_count{f'{{{labels}}}' if labels else ''}[$window]))"
    within = ", ".join([*([labels] if labels else []), f"le={bucket}"])
    # A scrape may see the count before the bucket, so the difference may be below 0.
    bad = f"clamp_min({total} - sum(rate({metric}_bucket{{{within}}}[$window])), 0)"
    return Indicator(bad, total)


def _request_slower_than(milliseconds: int, routes: str) -> Indicator:
    """Answered requests of these classes of routes, by the time until Envoy had the answer."""
    return _slower_than(
        # Prometheus 3 writes 500.0.
        f'~"{milliseconds}([.]0)?"',
        "envoy_vhost_route_upstream_rq_time",
        f'envoy_virtual_host="api", envoy_route=~"{routes}"',
    )


def _attempts(channel: str) -> Indicator:
    """Attempts to deliver: those that have to be repeated or have failed are bad."""
    labels = f'channel="{channel}"'
    return Indicator(
        bad=f'sum(rate(roost_delivery_attempts_total{{{labels}, state=~"due|failed"}}[$window]))',
        total=f'sum(rate(roost_delivery_attempts_total{{{labels}, state=~"sent|due|failed"}}'
        "[$window]))",
    )


# GraphQL reads more than it writes, and Envoy cannot tell its queries from its mutations.
_READS = "reads|graphql"
_WRITES = "writes|login|slow"

OBJECTIVES = (
    Objective(
        "read_availability",
        Decimal("0.999"),
        "of the reads were answered with 5xx.",
        {"": _answers(_READS)},
    ),
    Objective(
        "write_availability",
        Decimal("0.999"),
        "of the writes were answered with 5xx.",
        {"": _answers(_WRITES)},
    ),
    Objective(
        "read_latency",
        Decimal("0.99"),
        "of the reads took longer than 0.5 s.",
        {"": _request_slower_than(500, _READS)},
    ),
    Objective(
        "write_latency",
        Decimal("0.99"),
        "of the writes took longer than 1 s.",
        # A password hash takes longer by design, and uploads and waits have their own time limits.
        {"": _request_slower_than(1000, "writes")},
    ),
    Objective(
        "freshness",
        Decimal("0.99"),
        "of the deliveries to homes came later than 0.5 s after the post.",
        {"": _slower_than('"0.5"', "roost_timeline_fan_out_delay_seconds")},
    ),
    Objective(
        "stream_delay",
        Decimal("0.99"),
        "of the live events were late on their way into the {{ $labels.part }}.",
        {
            "log": _slower_than('"0.5"', "roost_event_delay_seconds", 'group="notification.log"'),
            "frame": _slower_than('"0.25"', "roost_stream_delay_seconds"),
        },
    ),
    Objective(
        "delivery",
        Decimal("0.95"),
        "of the attempts to deliver by {{ $labels.part }} were not accepted.",
        {channel: _attempts(channel) for channel in ("push", "code", "digest")},
    ),
)


@dataclass(frozen=True)
class Recording:
    """A recording rule: the ratio of bad events of a part of an objective over a window."""

    record: str
    expr: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class BurnAlert:
    """An alert about the budget of an objective."""

    alert: str
    expr: str
    severity: str
    summary: str


def recordings(objective: Objective) -> Iterator[Recording]:
    """Yield the recording rules of an objective."""
    for part, indicator in objective.parts.items():
        labels = {"objective": objective.name, **({"part": part} if part else {})}
        for window in WINDOWS:
            expr = indicator.ratio(window, objective.fewest)
            yield Recording(RATIO + window, expr, labels)


def alerts(objective: Objective) -> Iterator[BurnAlert]:
    """Yield the alerts of an objective, one for each severity."""
    for severity, rates in BURN_RATES.items():
        expr = "\nor\n".join(_burns(objective, rate) for rate in rates)
        allowed = f"{objective.budget * 100:f}".rstrip("0").rstrip(".")
        summary = f"{{{{ $value | humanizePercentage }}}} {objective.summary}"
        yield BurnAlert(objective.alert, expr, severity, f"{summary} {allowed} % may be.")


def _burns(objective: Objective, rate: BurnRate) -> str:
    limit = f"{rate.factor} * {objective.budget:f}"
    over = (
        f'{RATIO}{window}{{objective="{objective.name}"}} > {limit}'
        for window in (rate.long, rate.short)
    )
    return "({}\n  and {})".format(*over)
