"""New posts, each for the homes of 20 followers: by 16 connections, and a few a second."""

from __future__ import annotations

import asyncio
import time

from bench import event_lag, meter, sample_requests
from bench.bench import Bench
from bench.jobs import GeneratorFailed, Kind
from bench.meter import MICROSECONDS, Meter, OperationCost, Reading
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from local.graph import Graph

AUTHORS = 64
FOLLOWERS = 20
CONNECTIONS = 16
SECONDS = 15.0
CATCH_UP_SECONDS = 60.0
# Posts of each author whose whole cost is measured, on as many connections.
COSTED_EACH = 16
# Posts a second of a small site.
FEW, FEW_SECONDS = 5.0, 30.0
SAMPLES = 8
GOAL = 400


def ring(people: int, followers: int) -> Graph:
    """A graph in which the next ``followers`` users follow each user."""
    follows = {
        ((person + step) % people, person)
        for person in range(people)
        for step in range(1, followers + 1)
    }
    return Graph(people, tuple(sorted(follows)))


async def run(bench: Bench) -> Report:
    """Measure a closed loop of posts, and the time until the last one is delivered.

    Then the cost of a post with its deliveries, at that load and at a few posts a second.
    """
    measured_costs = await Meter.on(bench)
    people = await bench.prewarmed_users.create("writer", ring(AUTHORS, FOLLOWERS))
    await bench.prewarmed_users.create_homes(people)
    posts = [sample_requests.compose(author, number) for number, author in enumerate(people)]
    measured = await bench.closed([Kind("post", posts)], connections=CONNECTIONS, seconds=SECONDS)
    behind = await _catch_up(bench, people)
    await measured_costs.quiet()
    costs = {
        "under load": await _cost_under_load(bench, measured_costs, people),
        f"at {FEW:.0f} a second": await _cost_of_few(bench, measured_costs, posts),
    }
    report = Report()
    report.table(
        f"POST /v1/posts on {CONNECTIONS} connections, {FOLLOWERS} followers each",
        ["", *LATENCY_COLUMNS],
        [["posts", *latency_row(measured.outcome, "post")]],
    )
    report.table(
        "CPU µs a post, while they are written", ["process", "µs"], cost_rows({"writes": measured})
    )
    rate = measured.outcome.rate
    # All posts are delivered by then: this rate is sustainable.
    lasting = measured.outcome.answered / (measured.outcome.seconds + behind)
    report.higher("posts", rate, "posts/s")
    report.higher("posts and their delivery", lasting, "posts/s")
    report.lower("CPU a post", total(measured), "µs")
    report.lower("until all is delivered", behind * 1000, "ms")
    meter.table(report, "a post with its deliveries done, above an idle stack", costs)
    for title, cost in costs.items():
        cost.figures(report, f"post {title}")
        report.lower(f"CPU a post {title}, deliveries done", cost.total_cpu, "µs")
    # What the idle stack uses in the time between two posts belongs to them as well.
    idle = sum(measured_costs.idle.values()) / FEW * MICROSECONDS
    few = costs[f"at {FEW:.0f} a second"].total_cpu
    report.lower(f"CPU a post at {FEW:.0f} a second, idle stack included", few + idle, "µs")
    report.notes.append(
        f"The last post is in its homes {number(behind)} s after the load ends: with its "
        f"{FOLLOWERS} deliveries each, {number(lasting)} posts/s last. The goal is {GOAL} posts/s."
    )
    return report


async def _cost_under_load(
    bench: Bench, measured: Meter, people: list[PrewarmedUser]
) -> OperationCost:
    bench.say("the cost under load …")
    requests = sample_requests.posts_by(people, each=COSTED_EACH)
    before = await measured.read()
    await bench.once(requests)
    return await _delivered(bench, measured, before, len(requests))


async def _cost_of_few(bench: Bench, measured: Meter, posts: list[bytes]) -> OperationCost:
    bench.say(f"the cost at {FEW:.0f} a second …")
    before = await measured.read()
    few = await bench.opened([Kind("post", posts)], rate=FEW, seconds=FEW_SECONDS, warm_seconds=0.0)
    if few.outcome.refused or few.outcome.unsent:
        raise GeneratorFailed(f"refused: {few.outcome.measured['post'].refusals}")
    return await _delivered(bench, measured, before, few.outcome.answered)


async def _delivered(bench: Bench, measured: Meter, before: Reading, posts: int) -> OperationCost:
    """The cost of each post, when all of their events have been handled."""
    await event_lag.handled(bench.stack)
    await measured.quiet()
    return measured.cost(before, await measured.read(), posts)


async def _catch_up(bench: Bench, people: list[PrewarmedUser]) -> float:
    """Return the seconds until a new post is in a home; earlier posts are delivered by then."""
    since = time.monotonic()
    async with bench.stack.edge() as edge, asyncio.timeout(CATCH_UP_SECONDS):
        # Posts of an author are delivered in order, so a sample of authors is enough.
        posts = [await edge.post(author.account, "The last one") for author in people[:SAMPLES]]
        last = [int(post["id"]) for post in posts]
        for place, post_id in enumerate(last):
            while not await bench.prewarmed_users.arrived(post_id, [people[place + 1]]):
                await asyncio.sleep(0.01)
    return time.monotonic() - since
