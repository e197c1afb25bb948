"""Events in any order, repeated and in any batches lead to the counts of a plain computation over
what is true at the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.search.domain.hashtags.model import (
    AccountChanged,
    Change,
    LimitAuthor,
    PostGone,
    TagsOfPost,
    hour_of,
)
from tests.stores.search.hashtags.conftest import Scenario

TAGS = ("cats", "dogs", "birds", "fish")


def events(scenario: Scenario, rng: random.Random, count: int) -> list[Change]:
    """Posts with their edits and deletions, and accounts that change."""
    users = scenario.users(6)
    found: list[Change] = []
    for _ in range(count):
        author = rng.choice(users)
        limits = [
            LimitAuthor(each, rng.random() < 0.3)
            for each in rng.sample(users, rng.choice([0, 0, 1, 2]))
        ]
        post = scenario.tags_of(
            author,
            *rng.sample(TAGS, rng.randint(0, 3)),
            ago=timedelta(minutes=rng.randint(0, 200)),
            language=rng.choice(["en", "de", "und"]),
            public=rng.random() < 0.9,
            limits=[each for each in limits if each.user_id != author],
        )
        found.append(post)
        for revision in range(2, rng.choice([2, 2, 3, 4])):
            tags = tuple(rng.sample(TAGS, rng.randint(0, 3)))
            found.append(post._replace(revision=revision, tags=tags))
        if rng.random() < 0.2:
            found.append(PostGone(post.post_id))
    for step in range(count // 4):
        changed = scenario.clock.now() + timedelta(seconds=step)
        deleted = rng.random() < 0.05
        protected = rng.random() < 0.4 and not deleted
        found.append(AccountChanged(rng.choice(users), protected, deleted, changed))
    return found


def visible(changes: Sequence[Change]) -> list[TagsOfPost]:
    """The newest revisions of the posts that everyone may see at the end."""
    gone = {each.post_id for each in changes if isinstance(each, PostGone)}
    posts: dict[int, TagsOfPost] = {}
    accounts: dict[int, AccountChanged] = {}
    for each in changes:
        if isinstance(each, TagsOfPost) and each.post_id not in gone:
            posts[each.post_id] = max(posts.get(each.post_id, each), each, key=lambda p: p.revision)
        elif isinstance(each, AccountChanged):
            accounts[each.user_id] = max(
                accounts.get(each.user_id, each), each, key=lambda a: (a.deleted, a.update_time)
            )

    def closed(limit: LimitAuthor) -> bool:
        account = accounts.get(limit.user_id)
        return limit.was_protected if account is None or account.deleted else account.protected

    def is_visible(post: TagsOfPost) -> bool:
        author = accounts.get(post.author_id)
        return (
            post.public
            and not (author and (author.protected or author.deleted))
            and not any(map(closed, post.limit_authors))
        )

    return [each for each in posts.values() if is_visible(each)]


async def assert_counts(scenario: Scenario, changes: Sequence[Change]) -> None:
    posts = visible(changes)
    now = hour_of(scenario.id_at(scenario.clock.now()))
    for tag in TAGS:
        tagged = [each for each in posts if tag in each.tags]
        assert await scenario.counts(tag) == (len(tagged), len({p.author_id for p in tagged}))
        for ago, counts in enumerate(reversed(await scenario.hours(tag))):
            hour = [each for each in tagged if hour_of(each.post_id) == now - ago]
            assert counts == (len(hour), len({p.author_id for p in hour}))
    used = {tag for each in posts for tag in each.tags}
    found = {tag for first in "cdbf" for tag in await scenario.found(first)}
    assert found == used


@pytest.mark.parametrize("seed", range(12))
async def test_order_and_repetition_of_events_do_not_matter(scenario: Scenario, seed: int) -> None:
    rng = random.Random(seed)
    changes = events(scenario, rng, 40)
    arrivals = changes + rng.sample(changes, len(changes) // 3)
    rng.shuffle(arrivals)

    while arrivals:
        size = rng.choice([1, 3, 20])
        await scenario.apply(*arrivals[:size])
        del arrivals[:size]

    await assert_counts(scenario, changes)


async def test_concurrent_batches_lose_nothing(scenario: Scenario) -> None:
    rng = random.Random(1)
    changes = events(scenario, rng, 120)
    rng.shuffle(changes)
    batches = [changes[start : start + 10] for start in range(0, len(changes), 10)]

    await asyncio.gather(*(scenario.apply(*batch) for batch in batches))

    await assert_counts(scenario, changes)
