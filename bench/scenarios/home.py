"""The home of 20 posts: unchanged, changed by one entry, and read the first time.

Beside them, in the same run, two yardsticks: a small document that the gateway has in memory, and
the stub path.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import sample_requests, stubs, yardstick
from bench.bench import Bench
from bench.circles import circles, readers_of, writers_of
from bench.jobs import Kind
from bench.latency import Latency
from bench.measuring import Run, pooled
from bench.meter import Meter
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from bench.stub_path import stub_path

READERS = 200
CONNECTIONS = 16
SECONDS = 10.0
DOCUMENT_SECONDS = 5.0
# The share of the real path's capacity at which requests do not queue.
EASY = 0.5
CIRCLES, TURNS = 40, 5
ARRIVAL_SECONDS, POLL_SECONDS = 60.0, 0.02


@dataclass(frozen=True)
class Runs:
    """What was measured."""

    # On 16 connections.
    first: Run
    changed: Run
    document: Run
    real: Run
    stub: Run
    # At ``easy`` requests a second.
    easy: float
    real_easy: Run
    stub_easy: Run

    @property
    def by_title(self) -> dict[str, Run]:
        """Those on 16 connections."""
        return {
            "document": self.document,
            "real": self.real,
            "changed": self.changed,
            "first": self.first,
            "stub": self.stub,
        }


async def run(bench: Bench) -> Report:
    """Measure the real services, then the stub path behind the same Envoy."""
    with tempfile.TemporaryDirectory(prefix="roost-yardstick-") as folder:
        sources = Path(folder)
        yardstick.extract(sources)
        return _report(await _measure(bench, sources))


async def _measure(bench: Bench, sources: Path) -> Runs:
    measured = await Meter.on(bench)
    users = await bench.users()
    readers = users[:READERS]
    first, changed = await _circles(bench, measured)

    kinds = [Kind("home", sample_requests.homes(readers))]
    documents = [Kind("document", [sample_requests.document(each) for each in readers])]
    recorded = await stubs.record(bench.stack.stack.envoy.mesh, readers)
    bench.say("a document from memory, unchanged homes …")
    # The document is read before and after, because the speed of a shared machine changes.
    before = await bench.closed(documents, connections=CONNECTIONS, seconds=DOCUMENT_SECONDS)
    real = await bench.closed(kinds, connections=CONNECTIONS, seconds=SECONDS)
    after = await bench.closed(documents, connections=CONNECTIONS, seconds=DOCUMENT_SECONDS)
    easy = real.outcome.rate * EASY
    real_easy = await bench.opened(kinds, rate=easy, seconds=SECONDS)

    bench.say("the stub path …")
    async with stub_path(bench.stack, recorded, sources) as pids:
        stub = await bench.closed(kinds, connections=CONNECTIONS, seconds=SECONDS, also=pids)
        stub_easy = await bench.opened(kinds, rate=easy, seconds=SECONDS, also=pids)
    return Runs(
        first=first,
        changed=changed,
        document=pooled([before, after]),
        real=real,
        stub=stub,
        easy=easy,
        real_easy=real_easy,
        stub_easy=stub_easy,
    )


async def _circles(bench: Bench, measured: Meter) -> tuple[Run, Run]:
    """First reads of homes, then reads of homes that changed by one entry since the last read.

    Nothing but the reads is measured: the post that changes a home has been delivered before, and
    its consumers are idle again.
    """
    bench.say("first reads …")
    members = await bench.prewarmed_users.create("circle", circles(CIRCLES))
    await bench.once(sample_requests.posts_by(members, each=1))
    await measured.quiet()
    first = await bench.once_measured(sample_requests.homes(members))
    bench.say("homes that changed by one entry …")
    rounds = []
    for turn in range(TURNS):
        writers = [members[place] for place in writers_of(CIRCLES, turn)]
        readers = [members[place] for place in readers_of(CIRCLES, turn)]
        await _write(bench, writers, readers)
        await measured.quiet()
        rounds.append(await bench.once_measured(sample_requests.homes(readers)))
        # So that their homes change by one entry as well until the next turn.
        await bench.once(sample_requests.homes(writers))
    return first, pooled(rounds)


async def _write(
    bench: Bench, writers: Sequence[PrewarmedUser], readers: Sequence[PrewarmedUser]
) -> None:
    """A post by each writer, until all are in the homes of the writer's circle."""
    share = len(readers) // len(writers)
    async with bench.stack.edge() as edge, asyncio.timeout(ARRIVAL_SECONDS):
        posts = await asyncio.gather(
            *(
                edge.post(writer.account, sample_requests.text(place))
                for place, writer in enumerate(writers)
            )
        )
        for place, post in enumerate(posts):
            circle = readers[place * share : (place + 1) * share]
            while await bench.prewarmed_users.arrived(int(post["id"]), circle) < share:
                await asyncio.sleep(POLL_SECONDS)


def _report(runs: Runs) -> Report:
    report = Report()
    by_title = runs.by_title
    report.table(
        f"GET {sample_requests.HOME}, 20 posts",
        ["what and load", *LATENCY_COLUMNS],
        [
            [title, *latency_row(each.outcome, _kind(each))]
            for title, each in {
                **{f"{title}, {CONNECTIONS} connections": each for title, each in by_title.items()},
                f"real, {number(runs.easy)}/s due": runs.real_easy,
                f"stub, {number(runs.easy)}/s due": runs.stub_easy,
            }.items()
        ],
    )
    report.table("CPU µs a request", ["process", *by_title], cost_rows(by_title))
    for title, each in by_title.items():
        report.higher(title, each.outcome.rate, "requests/s")
        report.lower(f"{title} CPU a request", total(each), "µs")
        for process, cost in each.cpu_per_request().items():
            report.lower(f"{title} CPU a request, {process}", cost, "µs")
    _ratios(report, by_title)
    for title, each in (("real", runs.real_easy), ("stub", runs.stub_easy)):
        took = Latency.of(each.outcome.measured["home"].latencies)
        report.lower(f"{title} p50 at half load", took.p50, "ms")
        report.lower(f"{title} p99 at half load", took.p99, "ms")
    sizes = {title: _page_bytes(each) for title, each in by_title.items()}
    report.neither("page", sizes["real"], "bytes")
    report.notes.append(
        "document: a key set that the gateway has in memory, the token checked by the edge; real: "
        "unchanged homes; changed: by one entry since the last read; first: nothing is kept for "
        f"the reader; stub: the gateway of {yardstick.COMMIT[:12]} and stub services."
    )
    report.notes.append(
        "bytes: " + ", ".join(f"{title} {size:,.0f}" for title, size in sizes.items()) + "."
    )
    return report


def _ratios(report: Report, by_title: Mapping[str, Run]) -> None:
    document, stub = by_title["document"], by_title["stub"]
    rows = []
    for title in ("real", "changed", "first"):
        each = by_title[title]
        rates = [each.outcome.rate / other.outcome.rate for other in (document, stub)]
        cost = total(each) / total(stub)
        report.higher(f"{title} ÷ document", rates[0], "")
        report.higher(f"{title} ÷ stub", rates[1], "")
        report.lower(f"{title} CPU ÷ stub CPU", cost, "")
        rows.append([title, *map(number, (*rates, cost))])
    report.table(
        "ratios", ["", "rate ÷ document's", "rate ÷ stub path's", "CPU ÷ stub path's"], rows
    )


def _kind(run: Run) -> str:
    """The only kind of its requests."""
    (kind,) = run.outcome.measured
    return kind


def _page_bytes(run: Run) -> float:
    measured = run.outcome.measured[_kind(run)]
    return measured.body_bytes / len(measured.latencies) if measured.latencies else math.nan
