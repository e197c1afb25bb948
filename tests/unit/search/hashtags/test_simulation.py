"""Four simulated weeks of hashtags with bursts, raids of new accounts and weekly habits: what the
score lists, and what counting posts would list. docs/trends.md quotes the figures.

Each hour of a hashtag has a random number of authors around its mean, which follows the hour of the
day. Hashtags of weekly habits have one busy day a week. The list of each hour of the last ten days
is judged by what was simulated within the last four hours.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from services.search.domain.hashtags.model import (
    ALL_HASHTAGS,
    LEAST_RECORDED,
    CountedHours,
    Measure,
    start_of,
)
from services.search.domain.hashtags.trends import (
    MIN_AUTHORS,
    Known,
    Past,
    expected_at,
    measure_of,
    rank,
    shape_of,
)

DAY = 24
HOURS = 4 * 7 * DAY
FIRST_JUDGED = HOURS - 10 * DAY
HASHTAGS = 300
WEEKLY = 20
BURSTS = 60
RAIDS = 60
LISTED = 10
# What happened so recently is still news.
RECENT = 4


@dataclass
class World:
    """What was simulated, by hashtag and hour."""

    authors: list[list[int]]
    trusted: list[list[int]]
    posts: list[list[int]]
    weekly: frozenset[int]
    # The hashtag, the first hour and the length of each burst and raid.
    bursts: list[tuple[int, int, int]] = field(default_factory=list)
    raids: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass
class Quality:
    """What the lists contained, as shares of all listed places, and the bursts that they found."""

    bursts: float
    raids: float
    weekly: float
    listed: int
    found_within_the_hour: float


def poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method, for large means in parts."""
    if mean > 30:
        return poisson(rng, mean / 2) + poisson(rng, mean / 2)
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def simulate(seed: int) -> World:
    rng = random.Random(seed)
    day = [1 + 0.8 * math.sin((hour - 9) / DAY * 2 * math.pi) for hour in range(DAY)]
    weekly = range(WEEKLY)
    authors: list[list[int]] = []
    for tag in range(HASHTAGS):
        busy_day, mean = rng.randrange(7), rng.uniform(3, 20)
        if tag not in weekly:
            mean = min(max((rng.paretovariate(1.1) - 1) * 0.6, 0.02), 200)
        habit = [(8 if each == busy_day else 0.3) if tag in weekly else 1.0 for each in range(7)]
        authors.append(
            [poisson(rng, mean * day[hour % DAY] * habit[hour // DAY % 7]) for hour in range(HOURS)]
        )
    posts = [[each + poisson(rng, each * 0.3) for each in hours] for hours in authors]
    world = World(authors, [list(hours) for hours in authors], posts, frozenset(weekly))
    chosen = rng.sample(range(WEEKLY, HASHTAGS), BURSTS + RAIDS)
    for tag in chosen[:BURSTS]:
        _add_burst(world, rng, tag)
    for tag in chosen[BURSTS:]:
        _add_raid(world, rng, tag)
    return world


def _add_burst(world: World, rng: random.Random, tag: int) -> None:
    """A rise over some hours to many times the usual authors, and its end."""
    first, length = rng.randrange(FIRST_JUDGED, HOURS - 12), rng.randint(3, 9)
    usual = sum(world.authors[tag]) / HOURS
    height = rng.uniform(15, 150) + usual * rng.uniform(2, 6)
    for hour in range(length):
        more = poisson(rng, height * math.exp(-((hour - 1) ** 2) / (2 * (length / 2.5) ** 2)))
        world.authors[tag][first + hour] += more
        world.trusted[tag][first + hour] += more
        world.posts[tag][first + hour] += more + poisson(rng, more * 0.5)
    world.bursts.append((tag, first, length))


def _add_raid(world: World, rng: random.Random, tag: int) -> None:
    """New accounts that post one hashtag again and again; one of ten is an older account."""
    first, length = rng.randrange(FIRST_JUDGED, HOURS - 12), rng.randint(1, 5)
    accounts = rng.randint(5, 79)
    for hour in range(first, first + length):
        world.authors[tag][hour] += accounts
        world.trusted[tag][hour] += accounts // 10
        world.posts[tag][hour] += accounts * rng.randint(3, 19)
    world.raids.append((tag, first, length))


def judge(world: World, list_at: Callable[[int], Sequence[int]]) -> Quality:
    """Judges the list at the end of each hour."""
    bursts, raids = _recent(world.bursts), _recent(world.raids)
    listed = true = spam = weekly = 0
    found: dict[int, int] = {}
    for hour in range(FIRST_JUDGED, HOURS):
        for tag in list_at(hour):
            listed += 1
            if hour in bursts.get(tag, ()):
                true += 1
                found.setdefault(tag, hour)
            spam += hour in raids.get(tag, ())
            weekly += tag in world.weekly
    in_time = sum(found.get(tag, HOURS) <= first + 1 for tag, first, _ in world.bursts)
    places = max(listed, 1)
    return Quality(true / places, spam / places, weekly / places, listed, in_time / BURSTS)


def _recent(happened: Sequence[tuple[int, int, int]]) -> dict[int, range]:
    return {tag: range(first, first + length + RECENT - 1) for tag, first, length in happened}


def by_score(counted: Sequence[Sequence[int]]) -> Callable[[int], list[int]]:
    """The list of the score over these authors."""
    pasts: dict[str, Past] = {
        str(tag): {hour: each for hour, each in enumerate(hours) if each >= LEAST_RECORDED}
        for tag, hours in enumerate(counted)
    }
    pasts[ALL_HASHTAGS] = dict(enumerate(map(sum, zip(*counted, strict=True))))

    def list_at(hour: int) -> list[int]:
        hours = CountedHours(0, hour)
        known = Known(hours, shape_of(pasts[ALL_HASHTAGS], hours))

        def measure(tag: int) -> Measure:
            expected = expected_at(start_of(hour + 1), pasts[str(tag)], known)
            return measure_of(counted[tag][hour], expected)

        candidates = [tag for tag in range(HASHTAGS) if counted[tag][hour] >= MIN_AUTHORS]
        ranked = rank((str(tag), measure(tag)) for tag in candidates)
        return [int(each.tag) for each in ranked[:LISTED]]

    return list_at


def by_posts(world: World) -> Callable[[int], list[int]]:
    """The list of those with the most posts of four hours."""

    def list_at(hour: int) -> list[int]:
        counts = {tag: sum(world.posts[tag][hour - 3 : hour + 1]) for tag in range(HASHTAGS)}
        return sorted(counts, key=lambda tag: -counts[tag])[:LISTED]

    return list_at


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(seed=1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_score_of_trusted_authors_finds_bursts_and_neither_raids_nor_habits(seed: int) -> None:
    world = simulate(seed)

    quality = judge(world, by_score(world.trusted))

    assert quality.found_within_the_hour >= 0.95
    assert quality.raids == 0
    assert quality.weekly == 0
    assert quality.bursts >= 0.98


def test_score_of_all_authors_lists_raids(world: World) -> None:
    quality = judge(world, by_score(world.authors))

    assert quality.raids > 0.1


def test_counting_posts_lists_what_is_always_used_and_raids(world: World) -> None:
    quality = judge(world, by_posts(world))

    assert quality.bursts < 0.3
    assert quality.raids > 0.05
    assert quality.weekly > 0.05
