"""A grown stack: lists of strangers come from a standby, and outboxes are published by slices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from local.edge import Account, Edge
from tests.e2e.stacks import TestStack
from tests.replication import Replication
from tests.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.one_postgres("a replica is one of a single PostgreSQL"),
]

PASSWORD = "a long pass phrase"
REPLICATED = ("post", "user")
SLICES = 4
# Two processes work for it, each with two slices.
WORKERS = ("post-work", "post-work-2")


@dataclass(frozen=True)
class Grown:
    """The stack, a client of its edge, and the servers of its Post and User databases."""

    stack: TestStack
    edge: Edge
    replication: Replication

    async def metric(self, process: str, name: str, **labels: str) -> float:
        """A sample of a process; 0 if it has none."""
        statuses = self.stack.stack.supervisor.statuses()
        (admin,) = (each.admin for each in statuses if each.name == process)
        async with httpx2.AsyncClient(trust_env=False) as client:
            exposed = (await client.get(f"http://{admin}/metrics")).text
        return sum(
            sample.value
            for metric in text_string_to_metric_families(exposed)
            for sample in metric.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    async def reads(self, noun: str, *outcomes: str) -> float:
        """How many lists of a service had one of these outcomes so far."""
        name = "roost_replica_reads_total"
        return sum([await self.metric(noun, name, outcome=each) for each in outcomes])

    async def ids(self, path: str, by: Account | None = None) -> list[str]:
        """The ids of a list."""
        return [item["id"] async for item in self.edge.walk(path, by=by)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grown(
    running_replication: Replication, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Grown]:
    settings = {
        "ROOST_RELAY_SLICES": str(SLICES),
        "ROOST_WORKERS_POST": str(len(WORKERS)),
    }
    for noun in REPLICATED:
        urls = await asyncio.to_thread(running_replication.fresh, noun)
        settings[f"ROOST_DATABASE_URL_{noun.upper()}"] = urls.primary
        settings[f"ROOST_REPLICA_URL_{noun.upper()}"] = urls.standby
    async with (
        TestStack(tmp_path_factory.mktemp("grown"), settings, durable=False) as stack,
        stack.edge() as edge,
    ):
        yield Grown(stack, edge, running_replication)


@pytest.fixture
async def standby(grown: Grown) -> AsyncIterator[Replication]:
    """The standby, which follows the primary again after the test."""
    yield grown.replication
    await asyncio.to_thread(grown.replication.start)
    await _on(grown, grown.replication.resume)


async def _on(grown: Grown, act: Callable[[], Awaitable[None]]) -> None:
    """Runs what concerns the servers in the loop of the engines."""
    await asyncio.to_thread(lambda: grown.replication.run(act()))  # type: ignore[arg-type]


async def test_strangers_read_lists_from_the_standby_and_writers_see_their_own_writes(
    grown: Grown, standby: Replication
) -> None:
    edge = grown.edge
    author, fan = [await edge.register(f"standby{n}", PASSWORD) for n in range(2)]
    post = await edge.post(author, "Hello")
    posts = f"/v2/users/{author.user_id}/posts"
    likers, followers = f"/v2/posts/{post['id']}/likers", f"/v2/users/{author.user_id}/followers"

    async def is_on_the_standby() -> bool:
        before = [await grown.reads(noun, "replica") for noun in REPLICATED]
        assert await grown.ids(posts, fan) in ([], [post["id"]])
        await grown.ids(followers)
        after = [await grown.reads(noun, "replica") for noun in REPLICATED]
        return all(now > then for then, now in zip(before, after, strict=True))

    await eventually(is_on_the_standby)
    await _on(grown, standby.pause)
    before = [await grown.reads(noun, "recent_write", "behind") for noun in REPLICATED]
    await edge.call("PUT", f"/v2/posts/{post['id']}/like", by=fan)
    await edge.follow(fan, author.user_id)

    assert await grown.ids(likers, fan) == [fan.user_id]
    assert await grown.ids(followers, fan) == [fan.user_id]
    after = [await grown.reads(noun, "recent_write", "behind") for noun in REPLICATED]
    assert all(now > then for then, now in zip(before, after, strict=True))

    await _on(grown, standby.resume)
    await eventually(is_on_the_standby)

    async def is_seen_by_strangers() -> bool:
        return [await grown.ids(each) for each in (likers, followers)] == [[fan.user_id]] * 2

    await eventually(is_seen_by_strangers)


async def test_without_the_standby_the_primary_answers(grown: Grown, standby: Replication) -> None:
    author = await grown.edge.register("alone", PASSWORD)
    post = await grown.edge.post(author, "Hello")

    await asyncio.to_thread(standby.stop)

    assert await grown.ids(f"/v2/users/{author.user_id}/posts") == [post["id"]]

    async def is_given_up() -> bool:
        return await grown.metric("post", "roost_replica_circuit_open") == 1

    await eventually(is_given_up)
    assert await grown.ids(f"/v2/users/{author.user_id}/posts") == [post["id"]]


async def test_two_processes_publish_the_outbox_by_slices_and_one_goes_on_alone(
    grown: Grown,
) -> None:
    edge = grown.edge
    reader, *authors = [await edge.register(f"sliced{n}", PASSWORD) for n in range(9)]
    for author in authors:
        await edge.follow(reader, author.user_id)

    async def shares() -> list[float]:
        return [await grown.metric(each, "roost_outbox_leader") for each in WORKERS]

    async def are_shared() -> bool:
        return await shares() == [0.5, 0.5]

    async def has_home(*texts: str) -> bool:
        """Whether the home has the posts of all authors, those of each author in their order."""
        page = await edge.call("GET", "/v1/timelines/home", by=reader, query={"limit": "40"})
        found: dict[str, list[str]] = {}
        for item in reversed(page["items"]):
            post = item.get("post", item)
            found.setdefault(post["author"]["id"], []).append(post["text"])
        return found == {author.user_id: [*texts] for author in authors}

    await eventually(are_shared)
    for text in ("one", "two"):
        await asyncio.gather(*(edge.post(author, text) for author in authors))
    await eventually(lambda: has_home("one", "two"))

    await grown.stack.stack.supervisor.stop([WORKERS[1]])
    await asyncio.gather(*(edge.post(author, "three") for author in authors))

    await eventually(lambda: has_home("one", "two", "three"))
    assert await grown.metric(WORKERS[0], "roost_outbox_leader") == 1
