"""Counts cover what everyone may see, also after accounts change, on every store."""

from datetime import timedelta

import pytest

from services.post.domain.model import (
    OPEN_ACCOUNT,
    AccountState,
    EngagementKind,
    Post,
    Visibility,
)
from tests.builders.posts import START
from tests.stores.post.conftest import Scenario

LIKE, REPOST, BOOKMARK = EngagementKind.LIKE, EngagementKind.REPOST, EngagementKind.BOOKMARK
PROTECTED = AccountState(True, START)
OPENED = AccountState(False, START + timedelta(hours=1))


async def counts_of(scenario: Scenario, post: Post) -> tuple[int, int, int, int]:
    """Likes, reposts, replies and quotes; a recount corrects nothing."""
    assert await scenario.store.recount([post.id]) == []
    state = await scenario.state(post)
    return state.likes, state.reposts, state.replies, state.quotes


async def contribute(scenario: Scenario, user_id: int, post: Post, account: AccountState) -> Post:
    """The user_id likes, reposts and bookmarks the post, quotes it and answers it."""
    for kind in EngagementKind:
        await scenario.engage(kind, user_id, post, account)
    await scenario.post(user_id, quotes=post, account=account)
    return await scenario.post(user_id, answers=post, account=account)


async def record(scenario: Scenario, user_id: int, account: AccountState) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.record_protection(user_id, account)


async def align(scenario: Scenario, user_id: int, *, limit: int = 100) -> list[int]:
    """Walks all that the user_id contributed; the posts whose counts changed."""
    changed: list[int] = []
    for responses in (True, False):
        after = 0
        while True:
            async with scenario.store.transaction() as transaction:
                step = transaction.align_engagements if responses else transaction.align_posts
                aligned = await step(user_id, after=after, limit=limit)
            changed += aligned.changed
            after = aligned.last_id
            if not after:
                break
    return sorted(changed)


@pytest.mark.parametrize("visibility", Visibility)
async def test_only_public_replies_and_quotes_are_counted(
    scenario: Scenario, visibility: Visibility
) -> None:
    post = await scenario.post(scenario.alice)

    reply = await scenario.post(scenario.bob, answers=post, visibility=visibility)
    quote = await scenario.post(scenario.carol, quotes=post, visibility=visibility)

    counted = int(visibility is Visibility.PUBLIC)
    assert await counts_of(scenario, post) == (0, 0, counted, counted)
    # Lists of the store contain them: reads decide who may see them.
    assert await scenario.store.replies(post.id, post.id, after=0, limit=9) == [reply.id]
    assert await scenario.store.quotes(post.id, before=0, limit=9) == [quote.id]
    await scenario.delete(reply, quote)
    assert await counts_of(scenario, post) == (0, 0, 0, 0)


async def test_quotes_in_replies_and_replies_on_profiles_are_not_counted(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice)

    both = await scenario.post(scenario.bob, answers=post, quotes=post)
    counted = await counts_of(scenario, post)
    await record(scenario, scenario.bob, PROTECTED)
    await align(scenario, scenario.bob)
    hidden = await counts_of(scenario, post)
    await record(scenario, scenario.bob, OPENED)
    await align(scenario, scenario.bob)

    assert counted == await counts_of(scenario, post) == (0, 0, 1, 0)
    assert hidden == (0, 0, 0, 0)
    assert await scenario.store.quotes(post.id, before=0, limit=9) == [both.id]
    assert await scenario.store.count_posts([scenario.alice, scenario.bob]) == {scenario.alice: 1}
    await scenario.delete(both)
    assert await counts_of(scenario, post) == (0, 0, 0, 0)


async def test_contributions_of_protected_accounts_are_stored_and_not_counted(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice)

    theirs = await contribute(scenario, scenario.bob, post, PROTECTED)
    await contribute(scenario, scenario.carol, post, OPEN_ACCOUNT)

    assert await counts_of(scenario, post) == (1, 1, 1, 1)
    own = await scenario.state(post, scenario.bob)
    assert (own.liked, own.reposted, own.bookmarked) == (True, True, True)
    likers = await scenario.store.engagements_of_post(LIKE, post.id, before=0, limit=9)
    assert [each.subject_id for each in likers] == [scenario.carol, scenario.bob]
    for kind in EngagementKind:
        await scenario.withdraw(kind, scenario.bob, post)
    await scenario.delete(theirs)
    assert await counts_of(scenario, post) == (1, 1, 1, 1)


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_contributions_follow_the_account_in_steps(scenario: Scenario, limit: int) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(3)]
    for post in posts:
        await contribute(scenario, scenario.bob, post, OPEN_ACCOUNT)
        await contribute(scenario, scenario.carol, post, OPEN_ACCOUNT)
    await scenario.post(scenario.bob, answers=posts[0], visibility=Visibility.FOLLOWERS)

    await record(scenario, scenario.bob, PROTECTED)
    changed = await align(scenario, scenario.bob, limit=limit)
    hidden = [await counts_of(scenario, post) for post in posts]
    again = await align(scenario, scenario.bob, limit=limit)
    await record(scenario, scenario.bob, OPENED)
    await align(scenario, scenario.bob, limit=limit)

    assert set(changed) == {post.id for post in posts}
    assert hidden == [(1, 1, 1, 1)] * 3
    assert again == []
    assert [await counts_of(scenario, post) for post in posts] == [(2, 2, 2, 2)] * 3


async def test_several_replies_to_one_post_follow_the_account_together(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    replies = [await scenario.post(scenario.bob, answers=post) for _ in range(3)]
    await scenario.delete(replies[0])

    await record(scenario, scenario.bob, PROTECTED)
    await align(scenario, scenario.bob)
    hidden = await counts_of(scenario, post)
    await scenario.delete(replies[1])
    await record(scenario, scenario.bob, OPENED)
    await align(scenario, scenario.bob)

    assert hidden == (0, 0, 0, 0)
    assert await counts_of(scenario, post) == (0, 0, 1, 0)


async def test_the_newest_account_decides_however_late_a_write_is(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await record(scenario, scenario.bob, PROTECTED)
    await record(scenario, scenario.carol, OPENED)

    # Each read the account before it changed, and writes after the change was recorded.
    await contribute(scenario, scenario.bob, post, OPEN_ACCOUNT)
    await contribute(scenario, scenario.carol, post, PROTECTED)

    assert await counts_of(scenario, post) == (1, 1, 1, 1)
    await record(scenario, scenario.carol, PROTECTED)
    assert await align(scenario, scenario.carol) == []


async def test_a_newer_account_state_than_the_stored_one_decides(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await record(scenario, scenario.bob, PROTECTED)

    await contribute(scenario, scenario.bob, post, OPENED)

    assert await counts_of(scenario, post) == (1, 1, 1, 1)


async def test_recounting_goes_by_the_same_rule(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await contribute(scenario, scenario.bob, post, PROTECTED)
    await contribute(scenario, scenario.carol, post, OPEN_ACCOUNT)
    await scenario.post(scenario.alice, answers=post, visibility=Visibility.MENTIONED)

    assert await scenario.store.recount([post.id]) == []


async def test_accounts_are_unsettled_until_all_is_aligned(scenario: Scenario) -> None:
    accounts = {scenario.bob: PROTECTED, scenario.carol: OPENED}
    assert await scenario.store.unreconciled(accounts) == [scenario.bob]

    await record(scenario, scenario.bob, PROTECTED)
    assert await scenario.store.unreconciled(accounts) == [scenario.bob]

    async with scenario.store.transaction() as transaction:
        await transaction.finish_protection(scenario.bob, PROTECTED)
    assert await scenario.store.unreconciled(accounts) == []
    assert await scenario.store.unreconciled({scenario.bob: OPENED}) == [scenario.bob]

    await record(scenario, scenario.bob, OPENED)
    async with scenario.store.transaction() as transaction:
        await transaction.finish_protection(scenario.bob, PROTECTED)
    assert await scenario.store.unreconciled({scenario.bob: OPENED}) == [scenario.bob]

    async with scenario.store.transaction() as transaction:
        await transaction.delete_protection(scenario.bob)
    assert await scenario.store.unreconciled({scenario.bob: OPENED}) == []


async def test_contributors_are_given_ascending_in_steps(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.post(scenario.bob, answers=post)
    await scenario.engage(BOOKMARK, scenario.carol, post)
    await scenario.engage(LIKE, scenario.bob, post)

    before = scenario.alice - 1
    page = await scenario.store.contributors(after=before, limit=2)
    rest = await scenario.store.contributors(after=page[-1], limit=2)

    assert page + rest[:1] == sorted((scenario.alice, scenario.bob, scenario.carol))
