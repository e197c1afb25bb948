"""The 60/30/10 mix of homes, posts of a user and new posts, at rising rates until saturation."""

from __future__ import annotations

from bench import charts, sample_requests
from bench.bench import Bench
from bench.charts import Line
from bench.jobs import Kind
from bench.latency import Latency
from bench.measuring import GENERATOR, Run
from bench.prewarmed_users import PrewarmedUser
from bench.report import RESULTS, Report, number
from bench.scenarios.tables import cost_rows

FIRST_RATE = 40.0
STEP = 1.3
STEPS = 16
SECONDS = 6.0
# A rate is sustained if this share of it is answered (random arrivals vary a little), and the p99
# is below this time.
HELD_SHARE = 0.9
HELD_SECONDS = 0.5
# If the mix was not measured before, a closed loop gives the capacity of the stack.
FILLING_CONNECTIONS, FILLING_SECONDS = 16, 6.0
PICTURE = "mix.svg"
# The share of each kind.
WEIGHTS = {"home": 0.6, "person": 0.3, "compose": 0.1}
KINDS = tuple(WEIGHTS)


async def run(bench: Bench) -> Report:
    """Measure rising rates of an open loop, up to the first that is not sustained."""
    users = await bench.users()
    kinds = mixed(users)
    steps: list[tuple[float, Run]] = []
    rate = FIRST_RATE
    for _ in range(STEPS):
        bench.say(f"{rate:.0f} requests/s …")
        measured = await bench.opened(kinds, rate=rate, seconds=SECONDS)
        steps.append((rate, measured))
        if not _held(rate, measured):
            break
        rate *= STEP
    bench.saturation = max(measured.outcome.rate for _, measured in steps)
    report = _report(steps, saturation=bench.saturation)
    report.table(
        "memory of each process under load",
        ["process", "MiB"],
        [[name, number(used.memory_mib)] for name, used in sorted(bench.stack.usage().items())],
    )
    return report


def mixed(users: list[PrewarmedUser]) -> list[Kind]:
    """Return the mix: 60 % homes, 30 % pages of a user's posts, 10 % new posts."""
    neighbours = [*users[1:], users[0]]
    pages = [
        sample_requests.posts_of(author, reader)
        for author, reader in zip(neighbours, users, strict=True)
    ]
    posts = [sample_requests.compose(author, number) for number, author in enumerate(users)]
    requests = {"home": sample_requests.homes(users), "person": pages, "compose": posts}
    return [Kind(kind, requests[kind], weight) for kind, weight in WEIGHTS.items()]


async def saturation(bench: Bench, users: list[PrewarmedUser]) -> float:
    """Return the requests a second of the mix that the stack sustains."""
    if bench.saturation is None:
        bench.say("what the stack can do …")
        full = await bench.closed(
            mixed(users), connections=FILLING_CONNECTIONS, seconds=FILLING_SECONDS
        )
        bench.saturation = full.outcome.rate
    return bench.saturation


def _held(rate: float, measured: Run) -> bool:
    outcome = measured.outcome
    everything = [each for kind in outcome.measured.values() for each in kind.latencies]
    took = Latency.of(everything)
    kept_up = not outcome.unsent and outcome.rate >= HELD_SHARE * rate
    return kept_up and took.p99 <= HELD_SECONDS * 1000


def _report(steps: list[tuple[float, Run]], *, saturation: float) -> Report:
    report = Report()
    rows = []
    for rate, measured in steps:
        outcome = measured.outcome
        took = {kind: Latency.of(outcome.measured[kind].latencies) for kind in KINDS}
        cells = [number(value) for kind in KINDS for value in (took[kind].p50, took[kind].p99)]
        rows.append(
            [
                number(rate),
                number(outcome.rate),
                *cells,
                str(outcome.refused + outcome.unsent),
                number(measured.cpu[GENERATOR] / outcome.seconds * 100),
            ]
        )
    columns = [f"{kind} p{q} ms" for kind in KINDS for q in (50, 99)]
    report.table(
        "60 % homes, 30 % people's posts, 10 % new posts; open loop",
        ["due/s", "answered/s", *columns, "refused or unsent", "generator, % of a core"],
        rows,
    )
    held = [step for step in steps if _held(*step)] or steps[:1]
    rate, measured = held[-1]
    report.table(
        f"CPU µs a request of the mix, at {number(rate)}/s",
        ["process", "µs"],
        cost_rows({"mix": measured}),
    )
    report.higher("saturation", saturation, "requests/s")
    report.higher("highest rate held", rate, "requests/s")
    half = min(steps, key=lambda step: abs(step[0] - saturation / 2))[1]
    for kind in KINDS:
        took_half = Latency.of(half.outcome.measured[kind].latencies)
        report.lower(f"{kind} p50 near half of saturation", took_half.p50, "ms")
        report.lower(f"{kind} p99 near half of saturation", took_half.p99, "ms")
    lines = [
        Line(f"{kind} p{q}", [(rate, getattr(_took(run, kind), f"p{q}")) for rate, run in steps])
        for q in (99, 50)
        for kind in KINDS
    ]
    title = "Latency of the 60/30/10 mix at rising rates"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / PICTURE).write_text(
        charts.chart(title, lines, x="requests due a second (open loop)", y="latency, ms")
    )
    report.pictures.append(PICTURE)
    return report


def _took(run: Run, kind: str) -> Latency:
    return Latency.of(run.outcome.measured[kind].latencies)
