"""One rule for the list, the count, digests and pushes: what is hidden is in none of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from roost.post.v1.post_pb2 import Post

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.ids import MAX_ID
from services.delivery.domain.model import Notification
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.adapters.unread import UnreadQueries, notification_of
from services.notification.domain.model import MAX_UNREAD, Group
from tests.stores.notification.scenario import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    Scenario,
    created,
    followed,
    liked,
)


@pytest.fixture
def scenario() -> Scenario:
    clock = ManualClock()
    return Scenario(MemoryNotificationStore(clock=clock), clock)


async def mention(scenario: Scenario, posts: Sequence[Post]) -> None:
    """Publishes the posts, at most as many at one time as ids can be created."""
    for start in range(0, len(posts), 100):
        await scenario.handle(*(created(post) for post in posts[start : start + 100]))


async def listed(scenario: Scenario, *, limit: int = 20) -> list[Group]:
    """The whole list, by pages."""
    found: list[Group] = []
    before = MAX_ID
    while before:
        page = await scenario.visible_notifications.page(
            ALICE, kinds=(), before=before, limit=limit
        )
        found += page.groups
        before = page.next_before
    return found


async def unread_everywhere(
    scenario: Scenario,
) -> tuple[list[Notification], int, list[Notification], list[Notification]]:
    """The list, the count, the digest and the pushes."""
    unread = UnreadQueries(
        store=scenario.store,
        visible_notifications=scenario.visible_notifications,
        clock=scenario.clock,
    )
    stored = await scenario.groups(ALICE)
    pushed = await unread.unread({(ALICE, group.id) for group in stored})
    digest = await unread.newest_unread(ALICE, limit=MAX_UNREAD)
    return (
        [notification_of(each) for each in await listed(scenario)],
        await scenario.visible_notifications.count_unread(ALICE),
        digest,
        sorted(pushed.values(), key=lambda each: -each.id),
    )


async def test_a_post_that_is_hidden_is_in_no_list_count_digest_or_push(scenario: Scenario) -> None:
    hidden, shown = (scenario.post(author, mentions=[ALICE]) for author in (BOB, CAROL))
    await scenario.handle(created(hidden), created(shown))
    scenario.visibility.hidden_posts.add((ALICE, hidden.id))

    groups, count, digest, pushed = await unread_everywhere(scenario)

    assert [group.post_id for group in groups] == [shown.id]
    assert count == 1
    assert groups == digest == pushed


async def test_what_was_hidden_comes_back_with_what_may_be_seen(scenario: Scenario) -> None:
    post = scenario.post(BOB, mentions=[ALICE])
    await scenario.handle(created(post))
    scenario.visibility.hidden_posts.add((ALICE, post.id))
    hidden = await unread_everywhere(scenario)
    scenario.visibility.hidden_posts.clear()

    groups, count, digest, pushed = await unread_everywhere(scenario)

    assert hidden == ([], 0, [], [])
    assert count == 1
    stored = [notification_of(each) for each in await scenario.groups(ALICE)]
    assert groups == digest == pushed == stored


async def test_hidden_and_muted_users_are_neither_shown_nor_counted(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post), liked(CAROL, post), liked(DAVE, post))
    scenario.visibility.hidden_users.add((ALICE, BOB))
    scenario.visibility.muted.add((ALICE, CAROL))

    groups, count, digest, pushed = await unread_everywhere(scenario)

    assert [(group.actor_ids, group.count) for group in groups] == [((DAVE,), 1)]
    assert count == 1
    assert groups == digest == pushed


async def test_a_group_of_nobody_who_may_be_seen_is_not_there(scenario: Scenario) -> None:
    await scenario.handle(followed(BOB, ALICE))
    scenario.visibility.hidden_users.add((ALICE, BOB))

    assert await unread_everywhere(scenario) == ([], 0, [], [])


async def test_a_page_is_full_however_much_is_hidden_between(scenario: Scenario) -> None:
    posts = [scenario.post(BOB, mentions=[ALICE]) for _ in range(250)]
    await mention(scenario, posts)
    kept = {posts[0].id, posts[100].id, posts[249].id}
    scenario.visibility.hidden_posts.update(
        (ALICE, post.id) for post in posts if post.id not in kept
    )

    page = await scenario.visible_notifications.page(ALICE, kinds=(), before=MAX_ID, limit=2)

    assert [group.post_id for group in page.groups] == [posts[249].id, posts[100].id]
    assert page.following is not None
    assert page.following.post_id == posts[0].id
    assert (
        len(await listed(scenario, limit=1))
        == await scenario.visible_notifications.count_unread(ALICE)
        == 3
    )


async def test_one_answer_looks_through_a_thousand_hidden_groups_at_most(
    scenario: Scenario,
) -> None:
    posts = [scenario.post(BOB, mentions=[ALICE]) for _ in range(1_050)]
    await mention(scenario, posts)
    scenario.visibility.hidden_posts.update((ALICE, post.id) for post in posts[1:])

    count = await scenario.visible_notifications.count_unread(ALICE)
    calls = scenario.visibility.calls

    assert (count, calls) == (0, 10)
    assert [group.post_id for group in await listed(scenario)] == [posts[0].id]


async def test_no_unread_makes_no_call_and_a_hundred_take_one_call(scenario: Scenario) -> None:
    assert await scenario.visible_notifications.count_unread(ALICE) == 0
    asked_for_none = scenario.visibility.calls
    posts = [scenario.post(ALICE) for _ in range(MAX_UNREAD + 2)]
    await scenario.handle(*(liked(BOB, post) for post in posts))

    count = await scenario.visible_notifications.count_unread(ALICE)

    assert asked_for_none == 0
    assert (count, scenario.visibility.calls) == (MAX_UNREAD, 1)


async def test_nothing_is_said_while_nobody_knows_what_may_be_seen(scenario: Scenario) -> None:
    await scenario.handle(followed(BOB, ALICE))
    scenario.visibility.away = True

    with pytest.raises(Unavailable):
        await scenario.visible_notifications.count_unread(ALICE)
    with pytest.raises(Unavailable):
        await scenario.visible_notifications.page(ALICE, kinds=(), before=MAX_ID, limit=20)
