"""Partitions, jobs and a rebuild at once on PostgreSQL: no deadlock, and a right index."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.search.domain import reindexing as operations
from services.search.domain.posts.model import Viewer
from services.search.domain.query.model import Term
from services.search.domain.reindexing import ReindexState
from services.search.worker import reindexing
from tests.builders.search_worker import START, World, postgres_stores


@pytest.fixture
async def world(search_url: str) -> AsyncIterator[World]:
    clock = ManualClock(START)
    async with postgres.connect(search_url, clock=clock, max_size=20) as database:
        yield World(postgres_stores(database), clock)


async def test_partitions_jobs_and_a_rebuild_at_once_leave_a_right_index(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "POSTS_AT_ONCE", 10)
    dice = random.Random(7)
    authors = [world.new_id() for _ in range(6)]
    for number, author_id in enumerate(authors):
        world.register(author_id, f"author{number}")
    for _ in range(40):
        world.post(dice.choice(authors), "before #tag")
    rebuilt = asyncio.create_task(world.worker.reindexing.run_due())
    ended = asyncio.Event()

    async def partition(author_id: int) -> None:
        """Writes of one author, in order, and likes of anybody's posts."""
        for _ in range(12):
            batch = []
            for _ in range(dice.randint(1, 5)):
                own = [k for k, v in world.post_service.posts.items() if v.author_id == author_id]
                act = dice.random()
                if act < 0.4 or not own:
                    batch.append(world.post(author_id, f"word{dice.randint(1, 9)} #tag"))
                elif act < 0.6:
                    batch.append(world.edit(dice.choice(own), f"other{dice.randint(1, 9)}"))
                elif act < 0.7:
                    batch.append(world.delete(dice.choice(own)))
                else:
                    everywhere = list(world.post_service.posts)
                    batch.append(world.like(dice.choice(everywhere), author_id))
            await world.worker.consumer(batch)

    async def refresh() -> None:
        while not ended.is_set():
            await world.worker.counts.run_due()
            await world.stores.posts.maintain()
            world.clock.advance(1.0)
            await asyncio.sleep(0)

    refreshing = [asyncio.create_task(refresh()) for _ in range(2)]
    try:
        await asyncio.gather(*map(partition, authors), rebuilt)
    finally:
        ended.set()
        await asyncio.gather(*refreshing)
    await world.refresh()

    last = await operations.get(world.stores.reindexes, 0)
    assert last.state is ReindexState.DONE
    truth = world.truth()
    for author_id in authors:
        own = {k: v for k, v in truth.items() if v.author_id == author_id}
        found = await world.stores.posts.find(
            Term(f"from:{author_id}"), Viewer(user_id=author_id), limit=1_000
        )
        assert {each.post_id: each.revision for each in found} == {
            post_id: post.revision for post_id, post in own.items()
        }
        assert {each.post_id: each.counts.likes for each in found} == {
            post_id: world.post_service.posts[post_id].counts.likes for post_id in own
        }
    tagged = [each for each in truth.values() if "#tag" in each.terms]
    (use,) = (await world.stores.hashtags.hashtags(["tag"])).values()
    assert use.posts_count == len(tagged)


async def test_two_workers_that_are_due_at_once_rebuild_once(world: World) -> None:
    for number in range(30):
        world.post(world.alice, f"word{number}")

    await asyncio.gather(
        *(world.another_worker().reindexing.run_due() for _ in range(3)),
    )

    last = await operations.get(world.stores.reindexes, 0)
    assert (last.state, last.posts_scanned) == (ReindexState.DONE, 30)
    assert last.id == 2
