"""Segments of PostgreSQL: opened as they fill, under concurrent writers."""

import asyncio
from itertools import pairwise

import asyncpg
import pytest

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.chassis.storage.postgres import Database
from services.search.domain.posts.model import ANONYMOUS, Counts, SetCounts
from services.search.domain.query.model import AtLeast, Term, Word
from tests.stores.search.posts.conftest import SEGMENT_SIZE
from tests.stores.search.posts.engine import Engine, a_document

SEGMENTS = "SELECT number, first_id FROM post_segments ORDER BY number"


async def rows_of(database: Database) -> list[int]:
    """The number of posts in each segment."""
    return [
        await database.fetchval(f"SELECT count(*) FROM posts_1_{number}")
        for number, _ in await database.fetch(SEGMENTS)
    ]


async def test_a_full_segment_is_followed_by_another(
    on_postgres: Engine, database: Database
) -> None:
    for start in range(0, 100, 20):
        await on_postgres.put(*(a_document(n, "cat") for n in range(start + 1, start + 21)))
        await on_postgres.index.maintain()

    assert await rows_of(database) == [SEGMENT_SIZE, SEGMENT_SIZE, 20]


async def test_a_late_post_goes_to_the_segment_of_its_id(
    on_postgres: Engine, database: Database
) -> None:
    await on_postgres.put(*(a_document(n, "cat") for n in range(2, 90, 2)))
    await on_postgres.index.maintain()
    await on_postgres.put(a_document(200, "cat"))

    await on_postgres.put(a_document(51, "dog", counts=Counts(likes=1)))

    assert await rows_of(database) == [45, 1]
    assert await on_postgres.ids(Word("dog")) == await on_postgres.ids(AtLeast("likes", 1)) == [51]


async def test_segments_open_under_concurrent_writers(
    on_postgres: Engine, database: Database
) -> None:
    async def write(first: int) -> None:
        for n in range(first, first + 300, 6):
            await on_postgres.put(a_document(n, "cat", counts=Counts(likes=1)))

    async def maintain(done: asyncio.Event) -> None:
        while not done.is_set():
            await on_postgres.index.maintain()

    done = asyncio.Event()
    maintaining = [asyncio.create_task(maintain(done)) for _ in range(2)]
    await asyncio.gather(*(write(first) for first in range(1, 7)))
    done.set()
    await asyncio.gather(*maintaining)

    assert await on_postgres.ids(Word("cat"), limit=400) == list(range(300, 0, -1))
    assert await on_postgres.ids(AtLeast("likes", 1), limit=400) == list(range(300, 0, -1))
    segments = await database.fetch(SEGMENTS)
    assert len(segments) > 3
    for (number, first_id), (_, next_id) in pairwise(segments):
        ends = await database.fetchrow(f"SELECT min(post_id), max(post_id) FROM posts_1_{number}")
        assert first_id <= ends[0] <= ends[1] < next_id


async def test_a_loaded_generation_has_full_segments(
    on_postgres: Engine, database: Database
) -> None:
    generation = await on_postgres.begin()
    # A live write of a new post, before the load reaches its id.
    await on_postgres.put(a_document(500, "cat", counts=Counts(likes=200)))
    for start in range(0, 200, 10):
        page = [a_document(n, "cat") for n in range(start + 1, start + 11)]
        await on_postgres.index.load(generation, page)

    await on_postgres.index.finish(generation)
    await on_postgres.swap(generation)

    sizes = [
        await database.fetchval(f"SELECT count(*) FROM posts_{generation}_{number}")
        for number in range(1, 7)
    ]
    assert sizes == [SEGMENT_SIZE] * 5 + [1]
    assert await on_postgres.ids(AtLeast("likes", 100)) == [500]
    assert len(await on_postgres.ids(Word("cat"), limit=300)) == 201


async def test_an_interrupted_index_is_built_again(on_postgres: Engine, database: Database) -> None:
    generation = await on_postgres.begin()
    await on_postgres.index.load(generation, [a_document(n, "cat") for n in range(1, 31)])
    connection = await asyncpg.connect(database.url)
    # A session that writes keeps the index from being valid until it ends.
    async with connection.transaction():
        await connection.execute(f"DELETE FROM posts_{generation}_1 WHERE post_id = 30")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(on_postgres.index.finish(generation), timeout=0.5)
    await connection.close()

    await on_postgres.index.finish(generation)
    await on_postgres.swap(generation)

    assert len(await on_postgres.ids(Word("cat"))) == 29
    indexed = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"
    assert await database.fetchval(indexed, f"posts_{generation}_1_tokens")


async def test_retired_generations_are_deleted(on_postgres: Engine, database: Database) -> None:
    for _ in range(2):
        generation = await on_postgres.rebuild([a_document(n, "cat") for n in range(1, 101)])
        await on_postgres.swap(generation)
    dropped = await on_postgres.rebuild([a_document(1, "cat")])
    await on_postgres.drop(dropped)

    await on_postgres.index.maintain()

    tables = await database.fetch(
        "SELECT tablename FROM pg_tables WHERE tablename ~ '^post(s|_counts)_[0-9]'"
    )
    assert {name.split("_")[-2] for (name,) in tables} == {str(generation)}
    assert await database.fetchval("SELECT count(*) FROM post_generations") == 1


async def test_a_generation_that_a_search_reads_is_deleted_later(
    on_postgres: Engine, database: Database
) -> None:
    generation = await on_postgres.rebuild([a_document(1, "cat")])
    reader = await asyncpg.connect(database.url)
    async with reader.transaction():
        await reader.fetch("SELECT * FROM posts_1_1")
        await on_postgres.swap(generation)

        await on_postgres.index.maintain()

        assert await on_postgres.ids(Word("cat")) == [1]
        assert await reader.fetch("SELECT * FROM posts_1_1") == []
    await reader.close()
    await on_postgres.index.maintain()

    assert await database.fetchval("SELECT to_regclass('posts_1_1')") is None


async def test_pending_entries_are_merged(on_postgres: Engine, database: Database) -> None:
    await on_postgres.put(*(a_document(n, "cat") for n in range(1, 31)))

    await on_postgres.index.maintain()

    left = "SELECT gin_clean_pending_list('posts_1_1_tokens')"
    assert await database.fetchval(left) == 0


async def test_counts_are_updated_in_place(on_postgres: Engine, database: Database) -> None:
    await on_postgres.put(a_document(1, "cat", counts=Counts(likes=1)))

    for likes in range(2, 30):
        await on_postgres.apply(SetCounts(1, Counts(likes=likes)))

    query = """
        SELECT n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables
        WHERE relname = 'post_counts_1_1'"""
    await database.execute("SELECT pg_stat_force_next_flush()")
    assert await database.fetchval(query) == 0
    assert await database.fetchval("SELECT pg_relation_size('posts_1_1')") == 8192


async def test_a_search_ends_with_its_deadline(database: Database, on_postgres: Engine) -> None:
    await on_postgres.put(a_document(1, "cat"))
    blocker = await asyncpg.connect(database.url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE posts_1_1 IN ACCESS EXCLUSIVE MODE")
        with deadline.within(0.2), pytest.raises(DeadlineExceeded):
            await on_postgres.index.find(Word("cat"), ANONYMOUS, limit=5)
    await blocker.close()


async def test_prepared_statements_keep_their_plans_for_values(
    on_postgres: Engine, database: Database
) -> None:
    for _ in range(8):
        await on_postgres.index.find(Term("has:media"), ANONYMOUS, limit=5)

    async with database.connection() as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
        plans = await connection.fetchrow(
            "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements"
            " WHERE statement LIKE $1",
            "%FROM posts_1_1%",
        )
    assert plans is not None
    assert plans[0] >= 8
    assert plans[1] == 0
