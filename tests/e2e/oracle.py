"""Compares every home timeline at the edge with a reference model.

`ReferenceModel` stores the operations (follows, blocks, posts, reposts, deletions) and computes
from them which entries each home must have. `check_homes` reads every home to its end and compares.
The tests use a small graph, `make oracle GRAPH=FILE` a large one.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from local.edge import Account, Edge, Json
from local.graph import Graph, read_graph
from local.seed import CONCURRENCY, follow_all, progress_bar, retrying, sign_up
from tests.e2e.stacks import TestStack

SETTLE_SECONDS = 60.0  # the promise: after any fault, everything is up to date within this time

Entry = tuple[str, int]  # (post id, number of the user who reposted it, or OWN)
OWN = -1


@dataclass
class ReferenceModel:
    """The operations, by numbers of users and ids of posts."""

    graph: Graph
    following: dict[int, set[int]] = field(init=False)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    authors: dict[str, int] = field(default_factory=dict)
    off_timelines: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    reposts: set[tuple[int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.following = self.graph.followees()

    def either_blocks(self, one: int, other: int) -> bool:
        """Whether one of the two blocks the other."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def home(self, reader: int) -> set[Entry]:
        """The entries that the home of the viewer must have."""
        actors = self.following[reader] | {reader}
        own = {
            (post, OWN)
            for post, author in self.authors.items()
            if author in actors and post not in self.off_timelines
        }
        reposted = {
            (post, actor)
            for actor, post in self.reposts
            if actor in actors and not self.either_blocks(reader, self.authors[post])
        }
        return {entry for entry in own | reposted if entry[0] not in self.deleted}


class Scenario:
    """Sends operations of a graph's users to the edge and records them in the reference model."""

    def __init__(self, edge: Edge, accounts: list[Account], graph: Graph, *, seed: int = 7) -> None:
        self.edge = edge
        self.accounts = accounts
        self.model = ReferenceModel(graph)
        self.rng = random.Random(seed)
        self.numbers = {account.user_id: n for n, account in enumerate(accounts)}

    async def renew(self) -> None:
        """Refreshes all tokens: they are valid for 15 minutes, less than a large graph takes."""

        async def one(number: int) -> None:
            self.accounts[number] = await self.edge.refresh(self.accounts[number])

        await gather_limited(map(one, range(len(self.accounts))))

    async def write_posts(self, count: int) -> None:
        """Writes posts concurrently: most are public, some for followers, some replies."""
        users = len(self.accounts)
        await gather_limited(
            self._write_post(self.rng.randrange(users), self.rng.random()) for _ in range(count)
        )

    async def write_as(self, author: int, count: int) -> None:
        """Writes public posts of one user, one after another."""
        for _ in range(count):
            await self._write_post(author, 1.0)

    async def repost(self, count: int) -> None:
        """Reposts public posts as random users, unless there is a block."""
        model = self.model
        live = sorted(set(model.authors) - model.deleted - model.off_timelines)
        drawn = {
            (self.rng.randrange(len(self.accounts)), self.rng.choice(live)) for _ in range(count)
        }

        async def one(actor: int, post: str) -> None:
            if model.either_blocks(actor, model.authors[post]):
                return
            answer = await self.edge.send(
                "PUT", f"/v1/posts/{post}/repost", by=self.accounts[actor]
            )
            if answer.status_code < 300:
                model.reposts.add((actor, post))
            else:  # a post for followers only, which others may not repost
                assert answer.json()["reason"] in ("REPOST_NOT_ALLOWED", "POST_NOT_FOUND"), (
                    answer.text
                )

        await gather_limited(one(actor, post) for actor, post in sorted(drawn))

    async def undo_reposts(self, count: int) -> None:
        """Undoes random reposts."""

        async def one(actor: int, post: str) -> None:
            path = f"/v1/posts/{post}/repost"
            await self.edge.call("DELETE", path, by=self.accounts[actor])
            self.model.reposts.discard((actor, post))

        chosen = self._some(sorted(self.model.reposts), count)
        await gather_limited(one(actor, post) for actor, post in chosen)

    async def follow(self, follower: int, followee: int) -> None:
        """Follows a user."""
        other = self.accounts[followee].user_id
        await self.edge.call("PUT", f"/v1/users/{other}/follow", by=self.accounts[follower])
        self.model.following[follower].add(followee)

    async def unfollow(self, count: int) -> None:
        """Ends random follows."""

        async def one(follower: int, followee: int) -> None:
            other = self.accounts[followee].user_id
            await self.edge.call("DELETE", f"/v1/users/{other}/follow", by=self.accounts[follower])
            self.model.following[follower].discard(followee)

        edges = sorted((a, b) for a, followed in self.model.following.items() for b in followed)
        await gather_limited(one(*pair) for pair in self._some(edges, count))

    async def block(self, count: int) -> None:
        """Blocks random followed users, which ends follows in both directions."""

        async def one(blocker: int, blocked: int) -> None:
            other = self.accounts[blocked].user_id
            await self.edge.call("PUT", f"/v1/users/{other}/block", by=self.accounts[blocker])
            self.model.blocks.add((blocker, blocked))
            self.model.following[blocker].discard(blocked)
            self.model.following[blocked].discard(blocker)

        edges = sorted((a, b) for a, followed in self.model.following.items() for b in followed)
        await gather_limited(one(*pair) for pair in self._some(edges, count))

    async def delete_posts(self, count: int) -> None:
        """Deletes random posts."""

        async def one(post: str) -> None:
            author = self.accounts[self.model.authors[post]]
            await self.edge.call("DELETE", f"/v1/posts/{post}", by=author)
            self.model.deleted.add(post)

        await gather_limited(
            map(one, self._some(sorted(set(self.model.authors) - self.model.deleted), count))
        )

    async def _write_post(self, author: int, kind: float) -> None:
        fields: Json = {}
        live = [post for post in self.model.authors if post not in self.model.deleted]
        if kind < 0.1:
            fields["visibility"] = "followers"
        elif kind < 0.2 and live:
            target = self.rng.choice(live)
            if self._may_reply(author, target):
                fields["reply_to_post_id"] = target
        key = f"oracle-{self.rng.getrandbits(96):x}"
        account, text = self.accounts[author], f"number {len(self.model.authors)} {key}"
        post = await retrying(lambda: self.edge.post(account, text, key=key, **fields))
        self.model.authors[post["id"]] = author
        target = fields.get("reply_to_post_id")
        if target is not None and self.model.authors[target] != author:
            self.model.off_timelines.add(post["id"])

    def _may_reply(self, author: int, target: str) -> bool:
        writer = self.model.authors[target]
        followed = writer in self.model.following[author] or writer == author
        return followed and not self.model.either_blocks(author, writer)

    def _some(self, of: list, count: int) -> list:  # type: ignore[type-arg]
        return self.rng.sample(of, min(count, len(of)))

    async def check_homes(self, *, within: float = SETTLE_SECONDS) -> int:
        """Compares every home with the model until all agree. Returns the number of entries read.

        Reading all homes of a large graph is a load of its own, so the time limit restarts whenever
        a home becomes correct. Raises AssertionError if none did for `within` seconds, with the
        first homes that differ, and what is missing, extra or out of order.
        """
        deadline = time.monotonic() + within
        left = list(range(len(self.accounts)))
        seen = 0
        while True:
            found = await gather_limited(self._compare(reader) for reader in left)
            seen += sum(count for _, _, count in found)
            wrong = [(reader, fault) for reader, fault, _ in found if fault]
            if not wrong:
                return seen
            if len(wrong) < len(left):
                deadline = time.monotonic() + within
            elif time.monotonic() > deadline:
                faults = "\n".join(f"{self.accounts[r].handle}: {fault}" for r, fault in wrong[:10])
                raise AssertionError(f"{len(wrong)} homes differ from the oracle:\n{faults}")
            left = [reader for reader, _ in wrong]
            await asyncio.sleep(0.5)

    async def _compare(self, reader: int) -> tuple[int, str, int]:
        async def walked() -> list[Json]:
            walk = self.edge.walk("/v1/timelines/home", by=self.accounts[reader])
            return [item async for item in walk]

        items = await retrying(walked)
        ids = [int(item["id"]) for item in items]
        entries = [self._entry(item) for item in items]
        expected = self.model.home(reader)
        missing, extra = expected - set(entries), set(entries) - expected
        faults = []
        if missing:
            faults.append(f"{len(missing)} missing, such as {min(missing)}")
        if extra:
            faults.append(f"{len(extra)} extra, such as {min(extra)}")
        if len(entries) != len(set(entries)):
            faults.append("an entry occurs twice")
        if ids != sorted(ids, reverse=True):
            faults.append("not newest first")
        return reader, "; ".join(faults), 0 if faults else len(entries)

    def _entry(self, item: Json) -> Entry:
        reposter = item["reposted_by"]
        return item["post"]["id"], OWN if reposter is None else self.numbers[reposter["id"]]


async def gather_limited(work_items: Iterable[Awaitable]) -> list:  # type: ignore[type-arg]
    """Awaits everything, a limited number at once. The results are in order."""
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(work: Awaitable) -> object:  # type: ignore[type-arg]
        async with places:
            return await work

    return await asyncio.gather(*map(one, work_items))


async def main_phases(
    scenario: Scenario,
    *,
    posts: int,
    drop_homes: Callable[[], Awaitable[None]],
    restart: Callable[[], Awaitable[None]],
    celebrity: int,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Runs everything that changes home timelines, and compares every home after each step.

    `celebrity` is the number of followers above which an author is merged at read; the most
    followed user exceeds it here. `drop_homes` empties the cache. `restart` stops and starts the
    whole stack; the scenario's edge must work again when it returns.
    """

    async def step(name: str) -> None:
        started = time.monotonic()
        seen = await scenario.check_homes()
        took = time.monotonic() - started
        report(f"{name}: {seen} entries right in {len(scenario.accounts)} homes after {took:.1f} s")
        await scenario.renew()

    await scenario.renew()
    await scenario.check_homes()  # builds every home, so that later posts are fanned out
    await scenario.write_posts(posts)
    await step("concurrent posts")
    await scenario.repost(posts // 10)
    await step("reposts")
    await scenario.unfollow(len(scenario.accounts))
    await scenario.block(len(scenario.accounts) // 10)
    await step("unfollows and blocks")
    await scenario.delete_posts(posts // 10)
    await scenario.undo_reposts(posts // 40)
    await step("deletions and undone reposts")
    await make_celebrity(scenario, celebrity)
    await step("a celebrity over the threshold")
    await drop_homes()
    await scenario.write_posts(posts // 10)
    await step("dropped homes")
    await restart()
    await scenario.write_posts(posts // 10)
    await step("a restart of everything")


async def make_celebrity(scenario: Scenario, celebrity: int) -> None:
    """Makes the most followed user a celebrity, with posts before, at and after the threshold."""
    model = scenario.model
    followers = {
        n: sum(n in followed for followed in model.following.values()) for n in model.following
    }
    star = max(followers, key=followers.__getitem__)
    await scenario.write_as(star, 3)
    others = [n for n in model.following if n != star and star not in model.following[n]]
    others = [n for n in others if not model.either_blocks(n, star)]
    wanted = max(0, celebrity + 2 - followers[star])
    await gather_limited(
        scenario.follow(n, star) for n in scenario.rng.sample(others, min(wanted, len(others)))
    )
    await scenario.write_as(star, 5)
    await scenario.unfollow(len(scenario.accounts) // 4)


async def load(edge: Edge, graph: Graph) -> Scenario:
    """Registers a graph's users and adds its follows, with progress bars."""
    with progress_bar() as progress:
        accounts = await sign_up(edge, progress, graph.people, prefix="p", secret="oracle")
        await follow_all(edge, progress, accounts, graph)
    return Scenario(edge, accounts, graph)


async def run(graph: Graph, posts: int, celebrity: int, folder: Path) -> None:
    """Start a stack of its own, load the graph and compare every home after each phase."""
    settings = {"ROOST_CELEBRITY_FOLLOWERS": str(celebrity)}
    async with TestStack(folder, settings) as stack, stack.edge() as edge:
        scenario = await load(edge, graph)
        await main_phases(
            scenario,
            posts=posts,
            drop_homes=stack.drop_homes,
            restart=stack.restart,
            celebrity=celebrity,
            report=print,
        )


def main() -> None:
    """Runs the comparison with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graph", type=Path, required=True, help="an edge list")
    parser.add_argument("--posts", type=int, default=3000)
    parser.add_argument("--celebrity", type=int, default=280, help="followers of a celebrity")
    arguments = parser.parse_args()
    graph = read_graph(arguments.graph)
    with tempfile.TemporaryDirectory(prefix="roost-oracle-") as folder:
        asyncio.run(run(graph, arguments.posts, arguments.celebrity, Path(folder)))


if __name__ == "__main__":
    main()
