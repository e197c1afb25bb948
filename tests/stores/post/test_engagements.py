"""Likes, reposts and bookmarks, and their counts, on every store."""

from datetime import timedelta

import pytest

from services.post.domain.model import OPEN_ACCOUNT, EngagementKind, ListPosition
from tests.stores.post.conftest import Scenario

LIKE, REPOST, BOOKMARK = EngagementKind.LIKE, EngagementKind.REPOST, EngagementKind.BOOKMARK
KINDS = pytest.mark.parametrize("kind", [LIKE, REPOST, BOOKMARK])


@KINDS
async def test_an_engagement_exists_once(scenario: Scenario, kind: EngagementKind) -> None:
    post = await scenario.post(scenario.alice)

    first = await scenario.engage(kind, scenario.bob, post)
    second = await scenario.engage(kind, scenario.bob, post)

    assert first.changed
    assert not second.changed
    assert second.engagement_id == first.engagement_id
    assert second.state == first.state == await scenario.state(post, scenario.bob)
    assert await scenario.store.engagements_by_user(kind, scenario.bob, before=0, limit=9) == [
        ListPosition(first.engagement_id, post.id)
    ]


@KINDS
async def test_an_engagement_is_removed_once(scenario: Scenario, kind: EngagementKind) -> None:
    post = await scenario.post(scenario.alice)
    given = await scenario.engage(kind, scenario.bob, post)

    first = await scenario.withdraw(kind, scenario.bob, post)
    second = await scenario.withdraw(kind, scenario.bob, post)

    assert (first.changed, first.engagement_id) == (True, given.engagement_id)
    assert (second.changed, second.engagement_id) == (False, 0)
    assert first.state == second.state == (post.id, 1, 0, 0, 0, 0, False, False, False)
    assert await scenario.store.engagements_by_user(kind, scenario.bob, before=0, limit=9) == []


async def test_the_state_counts_everybody_and_has_the_viewers_own_engagement(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(LIKE, scenario.bob, post)
    await scenario.engage(LIKE, scenario.carol, post)
    await scenario.engage(REPOST, scenario.carol, post)
    await scenario.engage(BOOKMARK, scenario.bob, post)

    assert await scenario.state(post) == (post.id, 1, 2, 1, 0, 0, False, False, False)
    assert await scenario.state(post, scenario.bob) == (post.id, 1, 2, 1, 0, 0, True, False, True)
    assert await scenario.state(post, scenario.carol) == (post.id, 1, 2, 1, 0, 0, True, True, False)


async def test_states_of_unknown_posts_are_absent(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)

    found = await scenario.store.states([post.id, 4242], scenario.bob)

    assert list(found) == [post.id]


async def test_a_tombstone_gets_no_engagement(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.delete(post)

    refused = await scenario.engage(LIKE, scenario.bob, post)

    assert not refused.changed
    assert refused.state is not None
    assert (refused.state.version, refused.state.likes) == (0, 0)


async def test_an_engagement_with_an_unknown_post_has_no_state(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        given = await transaction.engage(
            LIKE,
            user_id=scenario.bob,
            account=OPEN_ACCOUNT,
            post_id=55,
            author_id=1,
            engagement_id=2,
        )
        taken = await transaction.withdraw(LIKE, user_id=scenario.bob, post_id=55)

    assert given == taken == (False, 0, None)


@pytest.mark.parametrize("kind", [LIKE, REPOST])
async def test_users_who_engaged_are_listed_newest_first(
    scenario: Scenario, kind: EngagementKind
) -> None:
    post = await scenario.post(scenario.alice)
    users = [scenario.numbers.user() for _ in range(4)]
    given = [await scenario.engage(kind, user_id, post) for user_id in users]

    page = await scenario.store.engagements_of_post(kind, post.id, before=0, limit=3)
    rest = await scenario.store.engagements_of_post(kind, post.id, before=page[-1].id, limit=3)

    assert [*page, *rest] == [
        ListPosition(each.engagement_id, user_id)
        for each, user_id in reversed(list(zip(given, users, strict=True)))
    ]


@KINDS
async def test_posts_that_a_user_engaged_with_are_listed_newest_first(
    scenario: Scenario, kind: EngagementKind
) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(4)]
    for post in posts:
        await scenario.engage(kind, scenario.bob, post)

    page = await scenario.store.engagements_by_user(kind, scenario.bob, before=0, limit=3)
    rest = await scenario.store.engagements_by_user(kind, scenario.bob, before=page[-1].id, limit=3)

    assert [each.subject_id for each in [*page, *rest]] == [post.id for post in reversed(posts)]


async def test_all_engagement_of_a_user_is_removed_in_steps(scenario: Scenario) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(3)]
    like = await scenario.engage(LIKE, scenario.bob, posts[0])
    repost = await scenario.engage(REPOST, scenario.bob, posts[0])
    await scenario.engage(BOOKMARK, scenario.bob, posts[1])
    await scenario.engage(LIKE, scenario.bob, posts[2])
    await scenario.engage(LIKE, scenario.carol, posts[2])

    async with scenario.store.transaction() as transaction:
        first = await transaction.withdraw_all(scenario.bob, 2)
    async with scenario.store.transaction() as transaction:
        rest = await transaction.withdraw_all(scenario.bob, 2)

    assert first == [
        (posts[0].id, scenario.alice, scenario.bob, like.engagement_id, repost.engagement_id),
        (posts[1].id, scenario.alice, scenario.bob, 0, 0),
    ]
    assert [each.post_id for each in rest] == [posts[2].id]
    assert await scenario.state(posts[0], scenario.bob) == (
        posts[0].id,
        1,
        0,
        0,
        0,
        0,
        *[False] * 3,
    )
    assert (await scenario.state(posts[2])).likes == 1


async def test_likes_of_a_tombstone_are_deleted_in_steps(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    for user_id in (scenario.alice, scenario.bob, scenario.carol):
        await scenario.engage(LIKE, user_id, post)
    await scenario.delete(post)

    gone = []
    for _ in range(3):
        async with scenario.store.transaction() as transaction:
            gone.append(await transaction.delete_likes(post.id, 2))

    assert gone == [2, 1, 0]
    assert await scenario.store.engagements_by_user(LIKE, scenario.bob, before=0, limit=9) == []
    assert (await scenario.state(post)).likes == 0


async def test_counts_that_are_right_show_no_drift(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(LIKE, scenario.bob, post)
    reply = await scenario.post(scenario.bob, answers=post)
    await scenario.post(scenario.bob, quotes=post)
    await scenario.delete(await scenario.post(scenario.bob, answers=reply))

    assert await scenario.store.recount([post.id, reply.id, 404]) == []

    assert (await scenario.state(post))[2:6] == (1, 0, 1, 1)


async def test_touched_posts_are_found_by_time_in_steps(scenario: Scenario) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(3)]
    since, until = posts[0].create_time, posts[-1].create_time + timedelta(milliseconds=1)

    page = await scenario.store.touched(since, until, after=0, limit=2)
    rest = await scenario.store.touched(since, until, after=page[-1], limit=2)

    assert [*page, *rest] == [post.id for post in posts]
    assert await scenario.store.touched(since, since, after=0, limit=9) == []


async def test_reposts_between_two_users_are_listed_oldest_first(scenario: Scenario) -> None:
    theirs = [await scenario.post(scenario.alice) for _ in range(3)]
    other = await scenario.post(scenario.carol)
    for post in (theirs[2], other, theirs[0]):
        await scenario.engage(EngagementKind.REPOST, scenario.bob, post)
    await scenario.engage(EngagementKind.LIKE, scenario.bob, theirs[1])
    await scenario.engage(EngagementKind.REPOST, scenario.carol, theirs[1])

    between = scenario.store.reposts_between

    assert await between(scenario.bob, scenario.alice, 9) == [theirs[2].id, theirs[0].id]
    assert await between(scenario.bob, scenario.alice, 1) == [theirs[2].id]
    assert await between(scenario.alice, scenario.bob, 9) == []
