"""What the alerts of objectives say to traffic that is good, bad, or bad for a short time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from local.objectives import BURN_RATES, OBJECTIVES, Objective
from tests.alerts.promtool import Case, Firing

# Samples, and the events of each of them.
Pieces = Sequence[tuple[int, float]]

_API = 'envoy_virtual_host="api"'
_COMPLETED = "envoy_vhost_route_upstream_rq_completed"
_XX = "envoy_vhost_route_upstream_rq_xx"
_TIME = "envoy_vhost_route_upstream_rq_time"


class Counted(Enum):
    """What the second series counts."""

    GOOD = auto()  # of all events of the first
    BAD = auto()  # of all events of the first
    APART = auto()  # bad events, and the first only good ones


@dataclass(frozen=True)
class Meters:
    """Two series that count events."""

    first: str
    second: str
    counted: Counted

    def series(self, total: Pieces, bad: Pieces) -> dict[str, str]:
        """Return series of so many events, so many of which are bad."""
        good = _difference(total, bad)
        first = good if self.counted is Counted.APART else total
        second = good if self.counted is Counted.GOOD else bad
        return {self.first: counter(first), self.second: counter(second)}


def _requests(route: str) -> Meters:
    labels = f'{_API}, envoy_route="{route}"'
    return Meters(
        f"{_COMPLETED}{{{labels}}}",
        f'{_XX}{{{labels}, envoy_response_code_class="5"}}',
        Counted.BAD,
    )


def _times(route: str, bucket: str) -> Meters:
    labels = f'{_API}, envoy_route="{route}"'
    return Meters(
        f"{_TIME}_count{{{labels}}}", f'{_TIME}_bucket{{{labels}, le="{bucket}"}}', Counted.GOOD
    )


def _delays(metric: str, bucket: str, labels: str = "") -> Meters:
    within = f"{labels}, " if labels else ""
    return Meters(
        f"{metric}_count{{{labels}}}", f'{metric}_bucket{{{within}le="{bucket}"}}', Counted.GOOD
    )


# The meters of each part of each objective.
METERS: Mapping[str, Mapping[str, Sequence[Meters]]] = {
    "read_availability": {"": [_requests("reads"), _requests("graphql")]},
    "write_availability": {"": [_requests("writes"), _requests("login"), _requests("slow")]},
    # Prometheus 3 writes 500.0 where Envoy writes 500.
    "read_latency": {"": [_times("reads", "500"), _times("graphql", "500.0")]},
    "write_latency": {"": [_times("writes", "1000"), _times("writes", "1000.0")]},
    "freshness": {"": [_delays("roost_timeline_fan_out_delay_seconds", "0.5")]},
    "stream_delay": {
        "log": [_delays("roost_event_delay_seconds", "0.5", 'group="notification.log"')],
        "frame": [_delays("roost_stream_delay_seconds", "0.25")],
    },
    "delivery": {
        channel: [
            Meters(
                f'roost_delivery_attempts_total{{channel="{channel}", state="sent"}}',
                f'roost_delivery_attempts_total{{channel="{channel}", state="{bad}"}}',
                Counted.APART,
            )
            for bad in ("due", "failed")
        ]
        for channel in ("push", "code", "digest")
    },
}


def cases() -> Iterator[Case]:
    """Yield the cases of all objectives."""
    for objective in OBJECTIVES:
        series = [
            (part, each) for part, meters in METERS[objective.name].items() for each in meters
        ]
        yield from _page(objective, *series[0])
        yield from _ticket(objective, *series[0])
        # The other series count as well.
        for part, each in series[1:]:
            yield next(_page(objective, part, each))


def counter(pieces: Pieces) -> str:
    """Return a counter that grows by so much a sample, in promtool's notation."""
    written, value = [], 0.0
    for samples, step in pieces:
        # N+SxM has M + 1 samples.
        written.append(f"{value:.6f}+{step:.6f}x{samples - 1}")
        value += step * samples
    return " ".join(written)


def _difference(total: Pieces, bad: Pieces) -> Pieces:
    assert [samples for samples, _ in total] == [samples for samples, _ in bad]
    return [(samples, step - worse) for (samples, step), (_, worse) in zip(total, bad, strict=True)]


def _page(objective: Objective, part: str, meters: Meters) -> Iterator[Case]:
    budget = float(objective.budget)
    # Twice as many as the fewest that a ratio is taken of.
    usual = _events(objective, minutes=2) * 2

    def case(name: str, pieces: Pieces, at: int, ratio: str = "") -> Case:
        """Pieces are samples and the part of the usual events that is bad."""
        return Case(
            alert=objective.alert,
            severity="page",
            name=f"{name}, by {meters.second}",
            series=meters.series(
                [(samples, usual) for samples, _ in pieces],
                [(samples, bad * usual) for samples, bad in pieces],
            ),
            at=f"{at}m",
            firing=[_firing(objective, part, ratio)] if ratio else (),
            interval="2m",
        )

    fast, slow, leak = min(1.0, 20 * budget), 8 * budget, 2 * budget
    ratio = f"{fast * 100:.4g}%"
    yield case("a fast burn fires within minutes", [(30, 0), (33, fast)], 125, ratio)
    ratio = f"{slow * 100:.4g}%"
    yield case("a slower burn fires within hours", [(30, 0), (183, slow)], 425, ratio)
    yield case("nothing bad is nothing", [(60, 0)], 118)
    yield case("a budget that is used too fast, but not much, pages nobody", [(60, leak)], 118)
    yield case("a short burst pages nobody", [(45, 0), (1, fast), (1, 0)], 92)
    yield case("the page ends minutes after the burn", [(180, 0), (30, fast), (5, 0)], 428)
    # Half of the events are bad, but they are a third of the fewest that call anybody.
    few = _events(objective, minutes=2) * float(BURN_RATES["page"][1].factor) * budget / 3 * 2
    yield Case(
        alert=objective.alert,
        severity="page",
        name="few events page nobody",
        series=meters.series([(60, few)], [(60, few / 2)]),
        at="118m",
        interval="2m",
    )


def _ticket(objective: Objective, part: str, meters: Meters) -> Iterator[Case]:
    budget = float(objective.budget)
    usual = _events(objective, minutes=15) * 2

    def case(name: str, pieces: Pieces, at: str, ratio: str = "") -> Case:
        """Pieces are samples and the part of the usual events that is bad."""
        return Case(
            alert=objective.alert,
            severity="ticket",
            name=name,
            series=meters.series(
                [(samples, usual) for samples, _ in pieces],
                [(samples, bad * usual) for samples, bad in pieces],
            ),
            at=at,
            firing=[_firing(objective, part, ratio)] if ratio else (),
            interval="15m",
        )

    fast, slow = 4 * budget, 1.5 * budget
    ratio = f"{fast * 100:.4g}%"
    yield case("a day of four budgets fires", [(97, fast)], "1d", ratio)
    ratio = f"{slow * 100:.4g}%"
    yield case("three days of one and a half budgets fire", [(289, slow)], "3d", ratio)
    yield case("three days within the budget open nothing", [(289, 0.8 * budget)], "3d")
    yield case("a short burst opens nothing", [(96, 0), (1, 8 * budget), (1, 0)], "1455m")
    yield case("the ticket closes hours after the burn", [(96, fast), (30, 0)], "1875m")


def _events(objective: Objective, *, minutes: int) -> float:
    """The fewest events of so many minutes that a ratio is taken of."""
    return float(objective.fewest) * 60 * minutes


def _firing(objective: Objective, part: str, ratio: str) -> Firing:
    summary = objective.summary.replace("{{ $labels.part }}", part)
    allowed = f"{float(objective.budget) * 100:g}"
    labels = {"objective": objective.name, **({"part": part} if part else {})}
    return Firing(f"{ratio} {summary} {allowed} % may be.", labels)
