"""Hashtags by their beginning, most used first."""

from __future__ import annotations

import pytest

from services.search.domain.hashtags.model import HashtagUse, Position
from tests.stores.search.hashtags.conftest import Scenario


async def use(scenario: Scenario, **posts: int) -> None:
    """Uses each hashtag in so many posts, each by another author."""
    await scenario.apply(
        *(
            scenario.tags_of(scenario.user(), tag)
            for tag, count in posts.items()
            for _ in range(count)
        )
    )


@pytest.mark.parametrize("prefix", ["c", "ca", "cat", "cats", "catsa"])
async def test_most_used_hashtags_with_the_prefix_come_first(
    scenario: Scenario, prefix: str
) -> None:
    await use(scenario, catsareus=1, catsaturday=3, catsandogs=1, dogs=5, cas=0)

    assert await scenario.found(prefix) == ["catsaturday", "catsandogs", "catsareus"]


async def test_prefix_is_matched_by_whole_signs_of_any_script(scenario: Scenario) -> None:
    await use(
        scenario, **{"ทวิตล่ม": 1, "ทวิตเตอร์": 2, "東京": 1, "東北": 2, "zähler": 1, "zahler": 1}
    )

    assert await scenario.found("ทวิต") == ["ทวิตเตอร์", "ทวิตล่ม"]
    assert await scenario.found("東") == ["東北", "東京"]
    assert await scenario.found("zä") == ["zähler"]


async def test_percent_and_underscore_are_no_wildcards(scenario: Scenario) -> None:
    await use(scenario, a_b=1, axb=1)

    assert await scenario.found("a_") == ["a_b"]
    assert await scenario.found("%") == []


async def test_pages_follow_each_other_without_gaps(scenario: Scenario) -> None:
    await use(scenario, ca=2, cb=2, cc=1, cd=2, ce=1)
    found: list[HashtagUse] = []
    after = None
    while page := await scenario.hashtags.find_hashtags("c", after=after, limit=2):
        found += page
        after = Position(page[-1].posts_count, page[-1].tag)

    assert [each.tag for each in found] == ["ca", "cb", "cd", "cc", "ce"]
    assert found[0] == HashtagUse("ca", 2, 2)


async def test_hidden_hashtags_are_left_out_until_they_are_shown_again(scenario: Scenario) -> None:
    await use(scenario, cats=2, cars=1)

    await scenario.hashtags.hide_hashtag("cats", scenario.clock.now())
    await scenario.hashtags.hide_hashtag("cats", scenario.clock.now())
    assert await scenario.found("ca") == ["cars"]
    assert await scenario.counts("cats") == (2, 2)

    await scenario.hashtags.unhide_hashtag("cats")
    await scenario.hashtags.unhide_hashtag("cats")
    assert await scenario.found("ca") == ["cats", "cars"]


async def test_hidden_hashtags_are_listed_in_pages(scenario: Scenario) -> None:
    for tag in ("b", "東京", "a", "ä"):
        await scenario.hashtags.hide_hashtag(tag, scenario.clock.now())

    assert await scenario.hashtags.hidden_hashtags(limit=2) == ["a", "b"]
    assert await scenario.hashtags.hidden_hashtags(after="b", limit=9) == ["ä", "東京"]


async def test_hashtags_of_closed_posts_alone_never_appear(scenario: Scenario) -> None:
    protected = scenario.user()
    await scenario.set_account(protected, protected=True)
    await scenario.post(protected, "secretplan")
    await scenario.post(scenario.user(), "secretparty", public=False)
    await scenario.post(scenario.user(), "secretsanta")

    assert await scenario.found("s") == ["secretsanta"]
    assert await scenario.found("secretp") == []
    assert await scenario.hashtags.hashtags(["secretplan", "secretparty"]) == {}
