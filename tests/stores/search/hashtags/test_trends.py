"""Trends: who counts, what subtracts, and how they are computed and kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.search.domain.hashtags.model import (
    ALL_HASHTAGS,
    ALL_LANGUAGES,
    LimitAuthor,
    Measure,
    TagsOfPost,
    TrendList,
    hour_at,
)
from services.search.domain.hashtags.usage import MAX_VOUCHED
from tests.stores.search.hashtags.conftest import OLD, TRUST_AGE, YOUNG, Scenario

HOUR = timedelta(hours=1)


async def burst(
    scenario: Scenario,
    tag: str,
    authors: int,
    *,
    age: timedelta = OLD,
    language: str = "en",
    ago: timedelta = timedelta(minutes=5),
) -> list[TagsOfPost]:
    """Posts with a hashtag by so many authors, each another one."""
    posts = [
        scenario.tags_of(author, tag, language=language, ago=ago)
        for author in scenario.users(authors, age)
    ]
    await scenario.apply(*posts)
    return posts


async def trusted(scenario: Scenario, tag: str, language: str = ALL_LANGUAGES) -> dict[int, int]:
    """The counted trusted authors by how many hours ago."""
    past = await scenario.trend_store.past_hours({(tag, language)}, since=0)
    now = hour_at(scenario.clock.now())
    return {now - hour: authors for hour, authors in past.get((tag, language), {}).items()}


async def test_hashtag_of_many_trusted_authors_trends_with_its_measure_and_history(
    scenario: Scenario,
) -> None:
    await burst(scenario, "earthquake", 20)

    await scenario.compute()

    found = await scenario.trends()
    (trend,) = found.trends
    assert found.as_of == scenario.clock.now()
    assert trend.measure == Measure(score=10.0, observed=20, baseline=0.0)
    assert (trend.use.tag, trend.use.posts_count, trend.use.authors_count) == ("earthquake", 20, 20)
    assert len(trend.use.history) == 24
    assert sum(each.posts_count for each in trend.use.history) == 20


async def test_many_posts_of_few_authors_do_not_trend(scenario: Scenario) -> None:
    authors = scenario.users(4)
    await scenario.apply(
        *(scenario.tags_of(author, "spam") for author in authors for _ in range(100))
    )

    await scenario.compute()

    assert await scenario.trending() == []


async def test_120_new_accounts_do_not_trend_a_hashtag(scenario: Scenario) -> None:
    await burst(scenario, "raid", 120, age=YOUNG)
    await burst(scenario, "news", 12)

    await scenario.compute()

    assert await scenario.counts("raid") == (120, 120)
    assert await scenario.trending() == ["news"]


async def test_one_old_account_that_follows_120_new_ones_does_not_trend_their_hashtag(
    scenario: Scenario,
) -> None:
    leader = scenario.user()
    posts = await burst(scenario, "raid", 120, age=YOUNG)
    await scenario.follow(leader, *(each.author_id for each in posts))
    await scenario.post(leader, "raid")

    await scenario.compute()

    assert await scenario.trending() == []
    (observed,) = await scenario.trend_store.observe(
        0, trusted_below=scenario.id_at(scenario.clock.now() - TRUST_AGE), least=1, limit=1
    )
    assert observed.authors == 1 + MAX_VOUCHED


async def test_new_accounts_that_different_old_accounts_follow_are_trusted(
    scenario: Scenario,
) -> None:
    posts = await burst(scenario, "launch", 10, age=YOUNG)
    followers = scenario.users(10)
    for follower, post in zip(followers, posts, strict=True):
        await scenario.follow(follower, post.author_id)

    await scenario.compute()
    assert await scenario.trending() == ["launch"]

    for follower, post in zip(followers, posts, strict=True):
        await scenario.unfollow(follower, post.author_id)
    await scenario.compute()
    assert await scenario.trending() == []


async def test_new_accounts_do_not_vouch_for_each_other(scenario: Scenario) -> None:
    posts = await burst(scenario, "raid", 30, age=YOUNG)
    authors = [each.author_id for each in posts]
    for author in authors:
        await scenario.follow(author, *authors)

    await scenario.compute()

    assert await scenario.trending() == []


async def test_deleted_account_vouches_for_nobody(scenario: Scenario) -> None:
    posts = await burst(scenario, "launch", 10, age=YOUNG)
    followers = scenario.users(10)
    for follower, post in zip(followers, posts, strict=True):
        await scenario.follow(follower, post.author_id)
        await scenario.set_account(follower, deleted=True)

    await scenario.compute()

    assert await scenario.trending() == []


async def test_unfollowed_account_makes_room_for_another(scenario: Scenario) -> None:
    follower = scenario.user()
    posts = await burst(scenario, "launch", MAX_VOUCHED + 1, age=YOUNG)
    authors = [each.author_id for each in posts]
    await scenario.follow(follower, *authors)
    trusted_below = scenario.id_at(scenario.clock.now() - TRUST_AGE)

    await scenario.unfollow(follower, authors[0])
    await scenario.follow(follower, authors[-1])

    (observed,) = await scenario.trend_store.observe(
        0, trusted_below=trusted_below, least=1, limit=1
    )
    assert observed.authors == MAX_VOUCHED


async def test_deleted_posts_do_not_trend(scenario: Scenario) -> None:
    posts = await burst(scenario, "rumour", 30)
    await scenario.compute()
    assert await scenario.trending() == ["rumour"]

    await scenario.delete(*posts[4:])
    await scenario.compute()

    assert await scenario.trending() == []


async def test_posts_that_stop_being_visible_do_not_trend(scenario: Scenario) -> None:
    above = scenario.user()
    replies = [
        scenario.tags_of(author, "replies", limits=[LimitAuthor(above, False)])
        for author in scenario.users(20)
    ]
    await scenario.apply(*replies)
    own = await burst(scenario, "own", 20)
    await scenario.compute()
    assert await scenario.trending() == ["own", "replies"]

    await scenario.set_account(above, protected=True)
    for each in own:
        await scenario.set_account(each.author_id, deleted=True)
    await scenario.compute()

    assert await scenario.trending() == []


async def test_trends_are_those_of_a_language_or_of_all(scenario: Scenario) -> None:
    await burst(scenario, "tor", 20, language="de")
    await burst(scenario, "goal", 30, language="en")
    await burst(scenario, "both", 6, language="de")
    await burst(scenario, "both", 6, language="en")
    await burst(scenario, "wordless", 25, language="und")

    await scenario.compute()

    assert await scenario.trending() == ["goal", "wordless", "tor", "both"]
    assert await scenario.trending("de") == ["tor"]
    assert await scenario.trending("en") == ["goal"]
    assert await scenario.trending("und") == []
    assert await scenario.trends("fr") == TrendList(scenario.clock.now())


async def test_hashtag_that_is_used_as_always_does_not_trend(scenario: Scenario) -> None:
    regulars = scenario.users(20)
    for _ in range(3 * 24):
        scenario.clock.advance(HOUR)
        await scenario.apply(*(scenario.tags_of(each, "gm") for each in regulars))
        await scenario.computation.run_due()

    await burst(scenario, "gn", 20)
    await scenario.compute()

    assert await scenario.trending() == ["gn"]


async def test_hidden_hashtag_leaves_the_trends_at_once_and_their_computation(
    scenario: Scenario,
) -> None:
    await burst(scenario, "slur", 20)
    await burst(scenario, "news", 12)
    await scenario.compute()

    await scenario.hashtags.hide_hashtag("slur", scenario.clock.now())
    assert await scenario.trending() == ["news"]
    await scenario.compute()
    assert await scenario.trending() == ["news"]

    await scenario.hashtags.unhide_hashtag("slur")
    await scenario.compute()
    assert await scenario.trending() == ["slur", "news"]


async def test_trends_of_a_language_end_when_nothing_trends_in_it(scenario: Scenario) -> None:
    await burst(scenario, "tor", 20, language="de")
    await scenario.compute()
    assert await scenario.trending("de") == ["tor"]

    scenario.clock.advance(2 * HOUR)
    await scenario.compute()

    assert await scenario.trends("de") == TrendList(scenario.clock.now())


async def test_there_are_no_trends_before_the_first_computation(scenario: Scenario) -> None:
    assert await scenario.trends() == TrendList(None)


async def test_one_process_computes_while_the_lease_lasts(scenario: Scenario) -> None:
    await scenario.compute()
    first = (await scenario.trends()).as_of
    scenario.clock.advance(30)

    await scenario.computation.run_due()

    assert (await scenario.trends()).as_of == first
    scenario.clock.advance(30)
    await scenario.computation.run_due()
    assert (await scenario.trends()).as_of == scenario.clock.now()


async def test_ended_hours_are_counted_once_they_are_over(scenario: Scenario) -> None:
    await burst(scenario, "cats", 3, language="en", ago=2 * HOUR)
    await burst(scenario, "cats", 2, language="de", ago=2 * HOUR)
    await burst(scenario, "lonely", 1, ago=HOUR)
    await burst(scenario, "cats", 4)

    await scenario.compute()

    assert await trusted(scenario, "cats") == {2: 5}
    assert await trusted(scenario, "cats", "de") == {2: 2}
    # One author is not stored, but is in the sum of all hashtags.
    assert await trusted(scenario, "lonely") == {}
    assert await trusted(scenario, ALL_HASHTAGS) == {2: 5, 1: 1}


async def test_young_accounts_do_not_count_in_past_hours(scenario: Scenario) -> None:
    await burst(scenario, "raid", 50, age=YOUNG, ago=HOUR)

    await scenario.compute()

    assert await trusted(scenario, "raid") == {}


@pytest.mark.parametrize("hours", [1, 40])
async def test_deletion_within_two_days_is_subtracted_from_past_hours(
    scenario: Scenario, hours: int
) -> None:
    posts = await burst(scenario, "rumour", 10)
    scenario.clock.advance(hours * HOUR)
    await scenario.compute()
    assert await trusted(scenario, "rumour") == {hours: 10}

    await scenario.delete(*posts[:7])
    await scenario.compute()

    assert await trusted(scenario, "rumour") == {hours: 3}


async def test_later_deletion_leaves_past_hours_as_they_are(scenario: Scenario) -> None:
    posts = await burst(scenario, "rumour", 10)
    scenario.clock.advance(50 * HOUR)
    await scenario.compute()

    await scenario.delete(*posts)
    await scenario.compute()

    assert await trusted(scenario, "rumour") == {50: 10}
    assert await scenario.counts("rumour") == (0, 0)


async def test_event_that_arrives_after_its_hour_was_counted_is_added(scenario: Scenario) -> None:
    await burst(scenario, "cats", 3)
    scenario.clock.advance(HOUR)
    await scenario.compute()

    await burst(scenario, "cats", 2, ago=HOUR)
    await scenario.compute()

    assert await trusted(scenario, "cats") == {1: 5}


async def test_past_hours_are_kept_for_five_weeks(scenario: Scenario) -> None:
    await burst(scenario, "cats", 3)
    scenario.clock.advance(HOUR)
    await scenario.compute()
    scenario.clock.advance(timedelta(days=34))

    await scenario.retention.delete_expired()
    assert await trusted(scenario, "cats") == {34 * 24 + 1: 3}

    scenario.clock.advance(timedelta(days=3))
    await scenario.retention.delete_expired()
    assert await trusted(scenario, "cats") == {}
    assert await trusted(scenario, ALL_HASHTAGS) == {}


async def test_vouches_end_when_the_account_is_old_enough(scenario: Scenario) -> None:
    follower = scenario.user()
    posts = await burst(scenario, "launch", 9, age=YOUNG)
    await scenario.follow(follower, *(each.author_id for each in posts[:MAX_VOUCHED]))
    scenario.clock.advance(TRUST_AGE + timedelta(days=3))
    await scenario.retention.delete_expired()

    young = await burst(scenario, "again", MAX_VOUCHED, age=YOUNG)
    await scenario.follow(follower, *(each.author_id for each in young))

    (observed,) = await scenario.trend_store.observe(
        young[0].post_id,
        trusted_below=scenario.id_at(scenario.clock.now() - TRUST_AGE),
        least=1,
        limit=1,
    )
    assert observed.authors == MAX_VOUCHED
