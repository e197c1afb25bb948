"""10,000 connected sockets: their memory, and a post that goes to all of them."""

from __future__ import annotations

from bench import sample_requests
from bench.bench import Bench
from bench.edges import second_edge
from bench.jobs import Listen
from bench.latency import Latency
from bench.measuring import Run
from bench.processes import Usage
from bench.report import Report, number
from bench.scenarios.tables import frame_cost_rows, frame_total
from bench.wire import request
from local.graph import Graph

SOCKETS = 10_000
POSTS = 3
# So low a rate that one post is delivered at a time.
RATE, SECONDS = 0.15, 60.0
EDGE = "envoy, second edge"
LEAST_KIB = 0.5


async def run(bench: Bench) -> Report:
    """Open the sockets, then write posts of the user whom all follow."""
    bench.say(f"an author with {SOCKETS:,} followers …")
    follows = tuple((person, 0) for person in range(1, SOCKETS + 1))
    author, *followers = await bench.prewarmed_users.create("sockets", Graph(SOCKETS + 1, follows))
    async with second_edge(bench.stack) as edge:
        bench.say(f"{SOCKETS:,} sockets on two edges …")
        also = {EDGE: edge.pid}
        before = bench.stack.usage(also)
        job = Listen(
            edges=[bench.stack.address, edge.address],
            tickets=[request("POST", "/v1/stream/tickets", token=each.token) for each in followers],
            topics=["home", "notifications", "account"],
            acts=[sample_requests.compose(author, number) for number in range(POSTS)],
            each_to=SOCKETS,
            rate=RATE,
            seconds=SECONDS,
        )
        measured = await bench.listen(job, also=also)
    return _report(before, measured)


def _report(before: dict[str, Usage], measured: Run) -> Report:
    report = Report()
    opened, frames, last = (
        Latency.of(measured.outcome.measured[kind].latencies)
        for kind in ("opened", "frames", "last")
    )
    missing = sum(measured.outcome.measured["frames"].refusals.values())
    report.table(
        f"one post to {SOCKETS:,} sockets, from when it was due",
        ["posts", "p50 ms", "p99 ms", "the last has it, ms", "at worst, ms", "missing"],
        [
            [
                str(POSTS),
                *map(number, (frames.p50, frames.p99, last.p50, last.worst)),
                str(missing),
            ]
        ],
    )
    report.lower("last of all sockets, p50", last.p50, "ms")
    report.lower("socket, p50", frames.p50, "ms")
    more = {
        name: (used.memory_mib - before[name].memory_mib) * 1024 / SOCKETS
        for name, used in measured.usage.items()
        if name in before
    }
    for title, first in (("gateways", "gateway"), ("edges", "envoy")):
        kept = sum(each for name, each in more.items() if name.startswith(first))
        report.lower(f"memory a socket, {title}", kept, "KiB")
    report.table(
        f"memory with {SOCKETS:,} sockets",
        ["process", "before, MiB", "with, MiB", "KiB for each of all sockets"],
        [
            [
                name,
                number(before[name].memory_mib),
                number(measured.usage[name].memory_mib),
                number(each),
            ]
            for name, each in sorted(more.items(), key=lambda kept: -kept[1])
            if each >= LEAST_KIB
        ],
    )
    report.table("CPU µs a frame", ["process", "µs"], frame_cost_rows(measured))
    report.lower("CPU a frame", frame_total(measured), "µs")
    report.neither("opening, p50", opened.p50, "ms")
    return report
