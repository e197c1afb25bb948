"""Generations: built beside the live one, compared with it, and swapped."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest

from services.chassis.storage.postgres import Database
from services.search.adapters.postgres.post_index import generations
from services.search.adapters.postgres.post_index.catalogue import generations_in
from services.search.domain.posts.index import GenerationGone, GenerationRunning
from services.search.domain.posts.model import ANONYMOUS, Counts, SetCounts
from services.search.domain.query.model import AtLeast, Not, Word
from tests.stores.search.posts.chance import Chance
from tests.stores.search.posts.engine import EVERYTHING, Engine, a_document
from tests.waiting import eventually

POSTS = [a_document(n << 22, f"cat number{n}", "has:media") for n in range(1, 131)]


async def test_a_loaded_generation_finds_what_the_live_one_found(engine: Engine) -> None:
    chance = Chance(3)
    posts = [chance.post(n << 22) for n in range(1, 131)]
    await engine.put(*posts)
    queries = [(chance.expression(posts), chance.viewer()) for _ in range(60)]
    before = [await engine.index.find(*each, limit=50) for each in queries]

    generation = await engine.rebuild(posts)
    compared = await engine.index.compare(generation)
    await engine.swap(generation)

    assert all(each.equal for each in compared)
    assert sum(each.count for each in compared) == len(posts)
    assert [await engine.index.find(*each, limit=50) for each in queries] == before


async def test_segments_of_a_comparison_cover_all_ids_once(engine: Engine) -> None:
    await engine.put(*POSTS)
    generation = await engine.rebuild(POSTS)

    compared = await engine.index.compare(generation)

    assert compared[0].first_id == 0
    for one, following in pairwise(compared):
        assert one.last_id + 1 == following.first_id


async def test_only_one_generation_is_built_at_a_time(engine: Engine) -> None:
    generation = await engine.begin()

    with pytest.raises(GenerationRunning):
        await engine.begin()
    await engine.drop(generation)

    assert await engine.begin() > generation


async def test_nothing_of_a_generation_is_found_before_the_swap(engine: Engine) -> None:
    await engine.put(POSTS[0])

    generation = await engine.rebuild(POSTS)

    assert await engine.ids(Word("cat")) == [POSTS[0].post_id]
    await engine.swap(generation)
    assert len(await engine.ids(Word("cat"), limit=200)) == len(POSTS)


async def test_pages_may_be_loaded_twice(engine: Engine) -> None:
    generation = await engine.begin()
    for page in (POSTS[:50], POSTS[:50], POSTS[50:100], POSTS[30:130]):
        await engine.index.load(generation, page)

    await engine.index.finish(generation)
    await engine.index.finish(generation)
    compared = await engine.index.compare(generation)

    assert sum(each.count for each in compared) == len(POSTS)


async def test_live_writes_go_to_both_generations(engine: Engine) -> None:
    await engine.put(*POSTS[:3])
    generation = await engine.begin()
    edited = replace(POSTS[0], words=("dog",), revision=2)
    late = a_document(10_000 << 22, "dog")

    await engine.put(edited, late)
    await engine.delete(POSTS[1].post_id)
    await engine.apply(SetCounts(POSTS[2].post_id, Counts(likes=5)))
    # What was read before these changes.
    await engine.index.load(generation, POSTS[:3])
    await engine.index.finish(generation)
    compared = await engine.index.compare(generation)
    await engine.swap(generation)

    assert all(each.equal for each in compared)
    assert await engine.ids(Word("dog")) == [late.post_id, edited.post_id]
    assert await engine.ids(Word("cat")) == [POSTS[2].post_id]
    assert await engine.ids(AtLeast("likes", 5)) == [POSTS[2].post_id]


async def test_the_same_revision_that_was_read_before_a_change_is_left_out(
    engine: Engine,
) -> None:
    generation = await engine.begin()
    await engine.put(replace(POSTS[0], words=("new", "alt")))

    await engine.index.load(generation, [POSTS[0]])
    await engine.index.finish(generation)
    await engine.swap(generation)

    assert await engine.ids(Word("alt")) == [POSTS[0].post_id]


async def test_counts_that_were_read_before_a_change_are_left_out(engine: Engine) -> None:
    generation = await engine.begin()
    await engine.apply(SetCounts(POSTS[0].post_id, Counts(likes=7)))

    await engine.index.load(generation, [replace(POSTS[0], counts=Counts(likes=9))])
    await engine.index.load(generation, [replace(POSTS[1], counts=Counts(likes=9))])
    await engine.index.finish(generation)
    await engine.swap(generation)

    assert await engine.ids(AtLeast("likes", 8)) == [POSTS[1].post_id]


async def test_a_comparison_names_every_kind_of_difference(engine: Engine) -> None:
    await engine.put(*POSTS)
    missing, changed, unknown = POSTS[10], POSTS[20], a_document(5, "only in the new one")
    loaded = [each for each in POSTS if each not in (missing, changed)]
    loaded += [replace(changed, marks=b"other"), unknown]

    generation = await engine.rebuild(loaded)
    compared = await engine.index.compare(generation)
    differing = [
        post_id
        for each in compared
        if not each.equal
        for post_id in await engine.index.differing(generation, each, limit=10)
    ]

    assert sorted(differing) == sorted([unknown.post_id, missing.post_id, changed.post_id])


async def test_an_unfinished_generation_cannot_go_live(engine: Engine) -> None:
    generation = await engine.begin()
    await engine.index.load(generation, POSTS)

    with pytest.raises(ValueError, match="not finished"):
        await engine.swap(generation)


async def test_a_dropped_generation_is_gone(engine: Engine) -> None:
    await engine.put(*POSTS)
    generation = await engine.rebuild(POSTS[:50])

    await engine.drop(generation)
    await engine.drop(generation)
    await engine.index.maintain()

    for use in (
        engine.index.load(generation, POSTS),
        engine.index.finish(generation),
        engine.index.compare(generation),
        engine.swap(generation),
    ):
        with pytest.raises(GenerationGone):
            await use
    assert len(await engine.ids(Word("cat"), limit=200)) == len(POSTS)


async def test_dropping_the_live_generation_does_nothing(engine: Engine) -> None:
    generation = await engine.rebuild(POSTS)
    await engine.swap(generation)

    await engine.drop(generation)
    await engine.index.maintain()

    assert len(await engine.ids(Word("cat"), limit=200)) == len(POSTS)


async def test_maintenance_does_not_fail_when_a_generation_is_deleted_beside_it(
    on_postgres: Engine, database: Database
) -> None:
    await on_postgres.put(*POSTS)
    replaced = await on_postgres.rebuild(POSTS)
    await on_postgres.swap(replaced)
    generation = await on_postgres.rebuild(POSTS)

    async with database.connection() as other, other.transaction():
        await generations.swap(other, generation)
        for segment in (await generations_in(other, "retired"))[-1].segments:
            await other.execute(f"DROP TABLE {segment.posts}, {segment.counts}")
        await other.execute("DELETE FROM post_segments WHERE generation = $1", replaced)
        maintenance = asyncio.create_task(on_postgres.index.maintain())
        await eventually(lambda: _waits_for_a_lock(database))
    await maintenance

    assert len(await on_postgres.ids(Word("cat"), limit=200)) == len(POSTS)


async def _waits_for_a_lock(database: Database) -> bool:
    waiting = "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) "
    waiting += "WHERE NOT granted AND datname = current_database())"
    return bool(await database.fetchval(waiting))


async def test_an_interrupted_load_continues(engine: Engine) -> None:
    generation = await engine.begin()
    await engine.index.load(generation, POSTS[:60])
    with suppress(TimeoutError):
        await asyncio.wait_for(engine.index.load(generation, POSTS[60:90]), timeout=0.001)

    for start in range(60, 130, 10):
        await engine.index.load(generation, POSTS[start : start + 10])
    await engine.index.finish(generation)
    await engine.swap(generation)

    assert await engine.ids(Not(Word("dog")), limit=200) == [each.post_id for each in POSTS[::-1]]


async def test_searches_during_a_swap_see_one_generation_whole(engine: Engine) -> None:
    old = [a_document(n, "old") for n in range(1, 101)]
    new = [a_document(n, "new", revision=2) for n in range(1, 121)]
    await engine.put(*old)
    generation = await engine.rebuild(new)
    swapped = asyncio.Event()
    seen: set[tuple[int, int]] = set()

    async def search() -> None:
        while not swapped.is_set():
            for _ in range(3):
                found = await engine.index.find(EVERYTHING, ANONYMOUS, limit=200)
                seen.add((len(found), len({each.revision for each in found})))
            await asyncio.sleep(0)

    searches = [asyncio.create_task(search()) for _ in range(3)]
    await engine.swap(generation)
    await engine.index.maintain()
    swapped.set()
    await asyncio.gather(*searches)

    assert seen <= {(100, 1), (120, 1)}
    assert len(await engine.ids(limit=200)) == 120


async def test_writes_and_a_rebuild_at_the_same_time_lose_nothing(engine: Engine) -> None:
    chance = Chance(11)
    posts = [chance.post(n << 22) for n in range(1, 161)]
    await engine.put(*posts)
    final = {each.post_id: each for each in posts}

    async def write() -> None:
        for number in range(60):
            post = chance.dice.choice(posts)
            if number % 6 == 5:
                await engine.delete(post.post_id)
                final.pop(post.post_id, None)
            elif post.post_id in final:
                edited = replace(
                    chance.post(post.post_id),
                    author_id=post.author_id,
                    revision=final[post.post_id].revision + 1,
                )
                await engine.put(edited)
                final[post.post_id] = edited

    writing = asyncio.create_task(write())
    generation = await engine.rebuild(posts)
    await writing
    compared = await engine.index.compare(generation)
    await engine.swap(generation)
    await engine.index.maintain()

    assert [each for each in compared if not each.equal] == []
    assert sum(each.count for each in compared) == len(final)
