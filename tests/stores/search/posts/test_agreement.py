"""Random queries over random posts: every engine finds what the definition in memory finds."""

import pytest

from services.search.domain.posts.model import IndexedPost, Upsert
from tests.stores.search.posts.chance import Chance
from tests.stores.search.posts.engine import Engine

POSTS, CHANGES, QUERIES = 320, 400, 150


async def fill(engine: Engine, reference: Engine, chance: Chance) -> list[IndexedPost]:
    """The same posts and changes for both, in batches; ids out of order here and there."""
    posts = [chance.post(post_id << 22) for post_id in range(1, POSTS)]
    late = chance.dice.sample(posts, 30)
    ordered = [each for each in posts if each not in late]
    changes = [Upsert(each) for each in [*ordered, *late]]
    changes.extend(chance.change(posts) for _ in range(CHANGES))
    for start in range(0, len(changes), 25):
        batch = changes[start : start + 25]
        await engine.apply(*batch)
        await reference.apply(*batch)
        await engine.index.maintain()
    return posts


@pytest.mark.parametrize("seed", range(4))
async def test_every_engine_finds_the_same_posts(
    engine: Engine, reference: Engine, seed: int
) -> None:
    chance = Chance(seed)
    posts = await fill(engine, reference, chance)
    hits = 0

    for _ in range(QUERIES):
        expression, viewer = chance.expression(posts), chance.viewer()
        limit = chance.dice.choice([1, 7, 50, 400])
        below = chance.dice.choice(posts).post_id
        expected = await reference.index.find(expression, viewer, below=below, limit=limit)
        found = await engine.index.find(expression, viewer, below=below, limit=limit)

        assert found == expected, (expression, viewer, below, limit)
        hits += len(found)
    assert hits > QUERIES


@pytest.mark.parametrize("seed", range(2))
async def test_pages_have_no_gaps_and_repeat_nothing(
    engine: Engine, reference: Engine, seed: int
) -> None:
    chance = Chance(100 + seed)
    posts = await fill(engine, reference, chance)

    for _ in range(20):
        expression, viewer = chance.expression(posts), chance.viewer()
        size = chance.dice.choice([1, 3, 10])
        paged: list[int] = []
        page = await engine.ids(expression, viewer, limit=size)
        while page:
            paged += page
            page = await engine.ids(expression, viewer, below=paged[-1], limit=size)

        assert paged == await reference.ids(expression, viewer, limit=POSTS)


async def test_terms_lead_to_posts_whoever_may_see_them(engine: Engine, reference: Engine) -> None:
    chance = Chance(7)
    await fill(engine, reference, chance)

    for term in ("has:media", "#cat", "host:a.b\\'", "nowhere"):
        for limit in (5, POSTS):
            expected = await reference.index.ids_with(term, limit=limit)
            assert await engine.index.ids_with(term, limit=limit) == expected
