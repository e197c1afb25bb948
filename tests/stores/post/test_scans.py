"""Reading the posts of all users in order of id, on every store."""

import asyncpg
import pytest

from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres as database_of
from services.post.adapters.memory import MemoryStore
from services.post.adapters.postgres import PostgresStore
from services.post.adapters.postgres.store import SCAN
from services.post.domain.model import Visibility
from tests.builders.posts import a_medium
from tests.engines import Databases
from tests.stores.post.conftest import Scenario

# Of 20,000 posts with ascending ids every tenth is deleted.
FILL = """
INSERT INTO posts (id, author_id, conversation_id, create_time, bucket, visibility, answers_others,
  text, delete_time)
SELECT n, 8192 * (n % 5), n, now(), n % 5, 1, false, 'text', CASE WHEN n % 10 = 0 THEN now() END
FROM generate_series(1, 20000) AS n
"""


async def scan(scenario: Scenario, *, after: int, limit: int = 100) -> list[int]:
    return [post.id for post in await scenario.store.scan(after=after, limit=limit)]


async def test_a_scan_has_the_live_posts_of_all_users_ascending(scenario: Scenario) -> None:
    start = await scenario.post(scenario.alice)
    authors = [scenario.carol, scenario.alice, scenario.bob, scenario.alice, scenario.carol]
    posts = [
        await scenario.post(author, visibility=visibility)
        for author, visibility in zip(authors, [*Visibility, *Visibility], strict=False)
    ]
    await scenario.delete(posts[2])
    rest = [post.id for post in posts if post is not posts[2]]

    first = await scan(scenario, after=start.id, limit=2)

    assert first == rest[:2]
    assert await scan(scenario, after=first[-1]) == rest[2:]
    assert await scan(scenario, after=rest[-1]) == []


async def test_a_scan_has_posts_as_they_were_written(scenario: Scenario) -> None:
    first = await scenario.post(
        scenario.alice, text="Look", media=(a_medium(5),), language="en", language_given=True
    )
    reply = await scenario.post(scenario.bob, answers=first)

    found = await scenario.store.scan(after=first.id - 1, limit=100)

    stored = await scenario.store.posts([first.id, reply.id])
    assert found == [stored[first.id], stored[reply.id]]


async def test_live_posts_are_counted_for_an_estimate_in_memory() -> None:
    scenario = Scenario(MemoryStore(clock=SystemClock()))
    first, _, _ = [await scenario.post(scenario.alice) for _ in range(3)]
    await scenario.delete(first)

    assert await scenario.store.estimate_posts() == 2


@pytest.mark.one_postgres("the coordinator has no statistics of rows")
async def test_live_posts_are_estimated_by_statistics(postgres: Databases) -> None:
    url = postgres.fresh("post")
    connection = await asyncpg.connect(url)
    try:
        async with database_of.connect(url) as database:
            store = PostgresStore(database)
            assert await store.estimate_posts() == 0
            await connection.execute(FILL)
            await connection.execute("ANALYZE posts")

            assert await store.estimate_posts() == 18_000
    finally:
        await connection.close()
        postgres.drop(url)


@pytest.mark.one_postgres("the coordinator sorts the pages of all shards")
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_of_a_scan_reads_no_more_than_its_rows(postgres: Databases, mode: str) -> None:
    url = postgres.fresh("post")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(FILL)
        await connection.execute("ANALYZE posts")
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE scan (bigint, bigint) AS {SCAN}")

        plan = await connection.fetch("EXPLAIN EXECUTE scan (10000, 500)")

        steps = "\n".join(row[0] for row in plan)
        assert "Index Scan using posts_pkey" in steps
        assert "Sort" not in steps
    finally:
        await connection.close()
        postgres.drop(url)
