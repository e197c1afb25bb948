"""The usage of hashtags: which posts count, and what subtracts them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.search.domain.hashtags import usage
from services.search.domain.hashtags.model import LimitAuthor, PostGone
from services.search.worker import hashtag_recounts
from tests.stores.search.hashtags.conftest import Scenario


async def test_post_counts_once_with_its_author_and_hour(scenario: Scenario) -> None:
    author = scenario.user()
    await scenario.post(author, "cats", "dogs")
    await scenario.post(author, "cats", ago=timedelta(hours=1))

    assert await scenario.counts("cats") == (2, 1)
    assert await scenario.counts("dogs") == (1, 1)
    assert (await scenario.hours("cats"))[-3:] == [(0, 0), (1, 1), (1, 1)]
    assert len(await scenario.hours("cats")) == 24


async def test_history_has_hours_in_order_also_for_unused_hashtags(scenario: Scenario) -> None:
    now = scenario.clock.now()

    history = (await scenario.hashtags.histories(["cats"], now))["cats"]

    assert history[-1].start == now.replace(minute=0, second=0, microsecond=0)
    assert [each.start for each in history] == [
        history[-1].start - timedelta(hours=back) for back in range(23, -1, -1)
    ]
    assert await scenario.hours("cats") == [(0, 0)] * 24


async def test_authors_are_distinct_in_each_hour_and_in_all(scenario: Scenario) -> None:
    one, other = scenario.users(2)
    await scenario.post(one, "cats")
    await scenario.post(one, "cats")
    await scenario.post(other, "cats")

    assert await scenario.counts("cats") == (3, 2)
    assert (await scenario.hours("cats"))[-1] == (3, 2)


async def test_repeated_event_changes_nothing(scenario: Scenario) -> None:
    post = await scenario.post(scenario.user(), "cats")

    await scenario.apply(post)
    await scenario.apply(post, post)

    assert await scenario.counts("cats") == (1, 1)


async def test_deleted_post_is_subtracted_and_stays_so(scenario: Scenario) -> None:
    author = scenario.user()
    post = await scenario.post(author, "cats")
    kept = await scenario.post(author, "cats")

    await scenario.delete(post)
    await scenario.apply(post)

    assert await scenario.counts("cats") == (1, 1)
    await scenario.delete(kept)
    await scenario.delete(kept)
    assert await scenario.counts("cats") == (0, 0)
    assert (await scenario.hours("cats"))[-1] == (0, 0)
    assert await scenario.found("c") == []


async def test_post_whose_deletion_arrives_first_never_counts(scenario: Scenario) -> None:
    post = scenario.tags_of(scenario.user(), "cats")

    await scenario.apply(PostGone(post.post_id))
    await scenario.apply(post)

    assert await scenario.counts("cats") == (0, 0)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_post_written_and_deleted_in_one_batch_does_not_count(
    scenario: Scenario, order: tuple[int, int]
) -> None:
    post = scenario.tags_of(scenario.user(), "cats")
    changes = (post, PostGone(post.post_id))

    await scenario.apply(*(changes[place] for place in order))

    assert await scenario.counts("cats") == (0, 0)


async def test_edit_that_replaces_a_hashtag_moves_the_post(scenario: Scenario) -> None:
    author = scenario.user()
    post = await scenario.post(author, "cats", "pets")

    await scenario.apply(scenario.tags_of(author, "dogs", "pets", post_id=post.post_id, revision=2))

    assert await scenario.counts("cats") == (0, 0)
    assert await scenario.counts("dogs") == (1, 1)
    assert await scenario.counts("pets") == (1, 1)


async def test_older_revision_that_arrives_late_changes_nothing(scenario: Scenario) -> None:
    author = scenario.user()
    first = scenario.tags_of(author, "cats")
    second = first._replace(tags=(), revision=2)

    await scenario.apply(second)
    await scenario.apply(first)

    assert await scenario.counts("cats") == (0, 0)


async def test_highest_revision_of_a_batch_wins(scenario: Scenario) -> None:
    first = scenario.tags_of(scenario.user(), "cats")

    await scenario.apply(first._replace(tags=("dogs",), revision=2), first)

    assert await scenario.counts("cats") == (0, 0)
    assert await scenario.counts("dogs") == (1, 1)


async def test_closed_post_leaves_no_trace(scenario: Scenario) -> None:
    await scenario.post(scenario.user(), "secret", public=False)

    assert await scenario.counts("secret") == (0, 0)
    assert await scenario.found("secret") == []
    assert await scenario.hours("secret") == [(0, 0)] * 24


async def test_narrowed_post_is_subtracted(scenario: Scenario) -> None:
    post = await scenario.post(scenario.user(), "cats")

    await scenario.apply(post._replace(public=False, revision=2))

    assert await scenario.counts("cats") == (0, 0)


async def test_posts_of_a_protected_account_count_while_it_is_open(scenario: Scenario) -> None:
    author = scenario.user()
    await scenario.set_account(author, protected=True)
    await scenario.post(author, "cats")
    assert await scenario.counts("cats") == (0, 0)

    await scenario.set_account(author, protected=False)
    assert await scenario.counts("cats") == (1, 1)

    await scenario.set_account(author, protected=True)
    assert await scenario.counts("cats") == (0, 0)
    assert await scenario.found("cats") == []


async def test_older_state_of_an_account_changes_nothing(scenario: Scenario) -> None:
    author = scenario.user()
    await scenario.post(author, "cats")
    opened = scenario.account(author, protected=False)
    await scenario.set_account(author, protected=True)

    await scenario.apply(opened)

    assert await scenario.counts("cats") == (0, 0)


async def test_reply_counts_while_the_accounts_above_are_open(scenario: Scenario) -> None:
    above = scenario.user()
    await scenario.post(scenario.user(), "cats", limits=[LimitAuthor(above, False)])
    assert await scenario.counts("cats") == (1, 1)

    await scenario.set_account(above, protected=True)
    assert await scenario.counts("cats") == (0, 0)

    await scenario.set_account(above, protected=False)
    assert await scenario.counts("cats") == (1, 1)


async def test_reply_below_an_unknown_or_deleted_account_follows_its_state_at_the_reply(
    scenario: Scenario,
) -> None:
    open_above, protected_above = scenario.users(2)
    await scenario.post(scenario.user(), "open", limits=[LimitAuthor(open_above, False)])
    await scenario.post(scenario.user(), "closed", limits=[LimitAuthor(protected_above, True)])
    assert await scenario.counts("open") == (1, 1)
    assert await scenario.counts("closed") == (0, 0)

    await scenario.set_account(protected_above, protected=False)
    assert await scenario.counts("closed") == (1, 1)

    await scenario.set_account(open_above, deleted=True)
    await scenario.set_account(protected_above, deleted=True)
    assert await scenario.counts("open") == (1, 1)
    assert await scenario.counts("closed") == (0, 0)


async def test_posts_of_a_deleted_account_are_subtracted_for_good(scenario: Scenario) -> None:
    author = scenario.user()
    post = await scenario.post(author, "cats")

    await scenario.set_account(author, deleted=True)
    await scenario.set_account(author, protected=False)
    await scenario.apply(post, scenario.tags_of(author, "dogs"))

    assert await scenario.counts("cats") == (0, 0)
    assert await scenario.counts("dogs") == (0, 0)


async def test_post_and_protection_of_its_author_in_one_batch_count_nothing(
    scenario: Scenario,
) -> None:
    author = scenario.user()

    await scenario.apply(scenario.tags_of(author, "cats"), scenario.account(author, protected=True))

    assert await scenario.counts("cats") == (0, 0)


async def test_account_that_decides_many_posts_closes_all_of_them_in_steps(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (usage, hashtag_recounts):
        monkeypatch.setattr(module, "RECOUNTED_AT_ONCE", 10)
    above = scenario.user()
    limits = [LimitAuthor(above, False)]
    replies = [scenario.tags_of(scenario.user(), "cats", limits=limits) for _ in range(35)]
    for start in range(0, 35, 7):
        await scenario.apply(*replies[start : start + 7])
    await scenario.set_account(above, protected=True)
    assert await scenario.counts("cats") == (25, 25)

    await scenario.recounts.run_due()
    assert await scenario.counts("cats") == (0, 0)

    await scenario.set_account(above, protected=False)
    await scenario.recounts.run_due()
    assert await scenario.counts("cats") == (35, 35)


async def test_posts_older_than_the_window_are_ignored(scenario: Scenario) -> None:
    await scenario.post(scenario.user(), "cats", ago=timedelta(days=7, minutes=1))

    assert await scenario.counts("cats") == (0, 0)


async def test_retention_subtracts_posts_that_leave_the_window(scenario: Scenario) -> None:
    author, other = scenario.users(2)
    await scenario.post(author, "cats", "old")
    scenario.clock.advance(timedelta(days=3))
    await scenario.post(author, "cats")
    await scenario.post(other, "cats")
    assert await scenario.counts("cats") == (3, 2)
    scenario.clock.advance(timedelta(days=4, minutes=1))

    await scenario.retention.delete_expired()

    assert await scenario.counts("cats") == (2, 2)
    assert await scenario.found("old") == []


async def test_retention_deletes_in_several_steps(scenario: Scenario) -> None:
    author = scenario.user()
    await scenario.apply(*(scenario.tags_of(author, "cats") for _ in range(1_050)))
    kept = scenario.user()
    scenario.clock.advance(timedelta(days=7, minutes=1))
    await scenario.post(kept, "cats")

    await scenario.retention.delete_expired()

    assert await scenario.counts("cats") == (1, 1)
