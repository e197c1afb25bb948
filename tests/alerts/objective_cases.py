"""What the alerts of objectives say to traffic that is good, bad, or bad for a short time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.objectives import OBJECTIVES, Objective
from tests.alerts.promtool import Case, Firing

# Samples, and the events of each of them.
Pieces = Sequence[tuple[int, float]]

_API = 'envoy_virtual_host="api"'
_COMPLETED = "envoy_vhost_route_upstream_rq_completed"
_XX = "envoy_vhost_route_upstream_rq_xx"
_TIME = "envoy_vhost_route_upstream_rq_time"


@dataclass(frozen=True)
class Meters:
    """The series that count all events and those that count good or bad ones."""

    total: str
    counted: str
    counts_good: bool = True

    def series(self, total: Pieces, bad: Pieces) -> dict[str, str]:
        """Return series of so many events, so many of which are bad."""
        counted = _difference(total, bad) if self.counts_good else bad
        return {self.total: counter(total), self.counted: counter(counted)}


def _requests(route: str) -> Meters:
    labels = f'{_API}, envoy_route="{route}"'
    return Meters(
        f"{_COMPLETED}{{{labels}}}",
        f'{_XX}{{{labels}, envoy_response_code_class="5"}}',
        counts_good=False,
    )


def _times(route: str, bucket: str) -> Meters:
    labels = f'{_API}, envoy_route="{route}"'
    return Meters(f"{_TIME}_count{{{labels}}}", f'{_TIME}_bucket{{{labels}, le="{bucket}"}}')


def _delays(metric: str, bucket: str, labels: str = "") -> Meters:
    within = f"{labels}, " if labels else ""
    return Meters(f"{metric}_count{{{labels}}}", f'{metric}_bucket{{{within}le="{bucket}"}}')


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
                counts_good=False,
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
    # Twice as many a minute as the fewest that a ratio is taken of.
    usual = float(objective.fewest) * 60 * 2

    def case(name: str, pieces: Pieces, bad: Pieces, at: int, ratio: str = "") -> Case:
        return Case(
            alert=objective.alert,
            severity="page",
            name=f"{part} {name}".strip(),
            series=meters.series(pieces, bad),
            at=f"{at}m",
            firing=[_firing(objective, part, ratio)] if ratio else (),
        )

    fast, slow, leak = min(1.0, 20 * budget), 8 * budget, 2 * budget
    yield case(
        "a fast burn fires within minutes",
        [(60, usual), (66, usual)],
        [(60, 0), (66, fast * usual)],
        at=125,
        ratio=f"{fast * 100:.4g}%",
    )
    yield case(
        "a slower burn fires within hours",
        [(60, usual), (366, usual)],
        [(60, 0), (366, slow * usual)],
        at=425,
        ratio=f"{slow * 100:.4g}%",
    )
    yield case("nothing bad is nothing", [(120, usual)], [(120, 0)], at=119)
    yield case(
        "a budget that is used as planned pages nobody",
        [(420, usual)],
        [(420, leak * usual)],
        at=419,
    )
    yield case(
        "a short burst pages nobody",
        [(90, usual), (2, usual), (1, usual)],
        [(90, 0), (2, fast * usual), (1, 0)],
        at=92,
    )
    yield case(
        "the page ends minutes after the burn",
        [(360, usual), (60, usual), (8, usual)],
        [(360, 0), (60, fast * usual), (8, 0)],
        at=427,
    )
    # Every second event is bad, but they are few.
    few = float(objective.fewest) * 60 * min(10 * budget, 0.5)
    yield case("few events page nobody", [(420, few)], [(420, few / 2)], at=419)


def _ticket(objective: Objective, part: str, meters: Meters) -> Iterator[Case]:
    budget = float(objective.budget)
    usual = float(objective.fewest) * 300 * 2  # in five minutes

    def case(name: str, pieces: Pieces, bad: Pieces, at: str, ratio: str = "") -> Case:
        return Case(
            alert=objective.alert,
            severity="ticket",
            name=f"{part} {name}".strip(),
            series=meters.series(pieces, bad),
            at=at,
            firing=[_firing(objective, part, ratio)] if ratio else (),
            interval="5m",
        )

    fast, slow = 4 * budget, 1.5 * budget
    yield case(
        "a day of four budgets fires",
        [(289, usual)],
        [(289, fast * usual)],
        at="1d",
        ratio=f"{fast * 100:.4g}%",
    )
    yield case(
        "three days of one and a half budgets fire",
        [(865, usual)],
        [(865, slow * usual)],
        at="3d",
        ratio=f"{slow * 100:.4g}%",
    )
    yield case(
        "three days within the budget open nothing",
        [(865, usual)],
        [(865, 0.8 * budget * usual)],
        at="3d",
    )
    yield case(
        "a short burst opens nothing",
        [(288, usual), (2, usual), (1, usual)],
        [(288, 0), (2, 8 * budget * usual), (1, 0)],
        at="1450m",
    )
    yield case(
        "the ticket closes hours after the burn",
        [(288, usual), (90, usual)],
        [(288, fast * usual), (90, 0)],
        at="1885m",
    )


def _firing(objective: Objective, part: str, ratio: str) -> Firing:
    summary = objective.summary.replace("{{ $labels.part }}", part)
    allowed = f"{float(objective.budget) * 100:g}"
    labels = {"objective": objective.name, **({"part": part} if part else {})}
    return Firing(f"{ratio} {summary} {allowed} % may be.", labels)
