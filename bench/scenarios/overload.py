"""Three times as many requests as can be answered: how many are, and how long those take."""

from __future__ import annotations

from bench import asking
from bench.bench import Bench
from bench.jobs import Kind
from bench.latency import Latency
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row

PEOPLE = 200
# Enough to keep every process busy; 16 leave a third of two cores idle.
CONNECTIONS = 64
# So many that requests wait in the edge and not in the generator.
CROWD = 1000
TIMES = 3
SECONDS = 10.0


async def run(bench: Bench) -> Report:
    """The peak of a closed loop, then an open loop of three times that."""
    town = (await bench.town())[:PEOPLE]
    homes = [Kind("home", asking.homes(town))]
    bench.say("the peak …")
    peak = await bench.closed(homes, connections=CONNECTIONS, seconds=SECONDS)
    bench.say(f"{TIMES} times as many …")
    flood = await bench.opened(
        homes, rate=TIMES * peak.outcome.rate, seconds=SECONDS, connections=CROWD
    )
    report = Report()
    report.table(
        "homes of 20 posts",
        ["", *LATENCY_COLUMNS],
        [
            [f"{CONNECTIONS} connections", *latency_row(peak.outcome, "home")],
            [f"{TIMES} times the peak", *latency_row(flood.outcome, "home")],
        ],
    )
    report.table(
        "CPU µs an answer", ["process", "peak", "flood"], cost_rows({"peak": peak, "flood": flood})
    )
    share = flood.outcome.rate / peak.outcome.rate
    usual, admitted = (
        Latency.of(each.outcome.measured["home"].latencies) for each in (peak, flood)
    )
    report.higher("goodput, share of peak", share, "ratio")
    report.lower("p99 of the admitted ÷ p99 at the peak", admitted.p99 / usual.p99, "ratio")
    report.notes.append(
        f"{number(100 * share)} % of the peak is answered; refusals by status: "
        f"{flood.outcome.measured['home'].refusals}, never sent: {flood.outcome.unsent}."
    )
    return report
