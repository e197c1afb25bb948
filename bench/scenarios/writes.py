"""New posts through the edge, as fast as 16 connections go, each for 20 followers' homes."""

from __future__ import annotations

import asyncio
import time

from bench import sample_requests
from bench.bench import Bench
from bench.jobs import Kind
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from local.graph import Graph

AUTHORS = 64
FOLLOWERS = 20
CONNECTIONS = 16
SECONDS = 15.0
CATCH_UP_SECONDS = 60.0
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
    """Measure a closed loop of posts, and the time until the last one is delivered."""
    people = await bench.prewarmed_users.create("writer", ring(AUTHORS, FOLLOWERS))
    await bench.prewarmed_users.create_homes(people)
    posts = [sample_requests.compose(author, number) for number, author in enumerate(people)]
    measured = await bench.closed([Kind("post", posts)], connections=CONNECTIONS, seconds=SECONDS)
    behind = await _catch_up(bench, people)
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
    report.notes.append(
        f"The last post is in its homes {number(behind)} s after the load ends: with its "
        f"{FOLLOWERS} deliveries each, {number(lasting)} posts/s last. The goal is {GOAL} posts/s."
    )
    return report


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
