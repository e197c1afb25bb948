"""How activities form groups, and the order of groups; on every implementation of the store."""

from datetime import timedelta
from functools import partial

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import MAX_ID
from services.notification.domain.model import (
    DELETED_KEPT,
    KEPT,
    MAX_UNREAD,
    Kind,
)
from services.notification.domain.read_markers import mark_read
from services.notification.domain.store import NotificationStore
from services.notification.worker.account_cleanup import AccountCleanup
from services.notification.worker.retention import delete_expired
from tests.stores.notification.scenario import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    Scenario,
    created,
    deleted,
    followed,
    liked,
    reposted,
    unfollowed,
    unliked,
)


async def read_all(scenario: Scenario) -> int:
    newest = (await scenario.groups(ALICE))[0].id
    async with scenario.store.transaction() as transaction:
        await mark_read(transaction, ALICE, newest, clock=scenario.clock)
    return newest


async def test_likes_of_a_post_are_one_line_with_samples_and_a_count(scenario: Scenario) -> None:
    post, other = scenario.post(ALICE), scenario.post(ALICE)
    likers = range(10, 17)
    start = scenario.clock.now()

    await scenario.handle(*(liked(each, post) for each in likers), liked(BOB, other))

    of_other, group = await scenario.groups(ALICE)
    assert (of_other.post_id, of_other.count) == (other.id, 1)
    assert (group.kind, group.post_id, group.count) == (Kind.LIKE, post.id, 7)
    assert group.actor_ids == (16, 15, 14, 13, 12)
    assert group.first_time == start + timedelta(seconds=1)
    assert group.last_time == start + timedelta(seconds=7)


async def test_a_group_moves_up_with_a_new_activity_and_back_when_that_is_undone(
    scenario: Scenario,
) -> None:
    post, other = scenario.post(ALICE), scenario.post(ALICE)
    await scenario.handle(liked(BOB, post), liked(BOB, other))
    before = await scenario.groups(ALICE)

    await scenario.handle(liked(CAROL, post))
    risen = await scenario.listed(ALICE)
    await scenario.handle(unliked(CAROL, post))

    assert risen == [("like", post.id, (CAROL, BOB)), ("like", other.id, (BOB,))]
    assert await scenario.groups(ALICE) == before


async def test_a_group_that_rises_is_unread_again(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post), reposted(BOB, post))
    first = await scenario.visible_notifications.count_unread(ALICE)
    await read_all(scenario)
    read = await scenario.visible_notifications.count_unread(ALICE)

    await scenario.handle(liked(CAROL, post))
    again = await scenario.visible_notifications.count_unread(ALICE)
    await scenario.handle(unliked(CAROL, post))

    assert (first, read, again, await scenario.visible_notifications.count_unread(ALICE)) == (
        2,
        0,
        1,
        0,
    )


async def test_unread_are_counted_up_to_a_limit(scenario: Scenario) -> None:
    posts = [scenario.post(ALICE) for _ in range(MAX_UNREAD + 2)]

    await scenario.handle(*(liked(BOB, post) for post in posts))

    assert await scenario.visible_notifications.count_unread(ALICE) == MAX_UNREAD


async def test_follows_of_a_day_are_one_group(scenario: Scenario) -> None:
    await scenario.handle(followed(BOB, ALICE), followed(CAROL, ALICE))
    scenario.clock.advance(timedelta(hours=23))
    await scenario.handle(followed(DAVE, ALICE))
    scenario.clock.advance(timedelta(hours=25))

    await scenario.handle(followed(ERIN, ALICE))

    assert await scenario.listed(ALICE) == [
        ("follow", 0, (ERIN,)),
        ("follow", 0, (DAVE, CAROL, BOB)),
    ]


async def test_a_follow_does_not_join_what_is_read(scenario: Scenario) -> None:
    await scenario.handle(followed(BOB, ALICE))
    await read_all(scenario)

    await scenario.handle(followed(CAROL, ALICE))
    await scenario.handle(followed(DAVE, ALICE))

    assert await scenario.listed(ALICE) == [("follow", 0, (DAVE, CAROL)), ("follow", 0, (BOB,))]


async def test_a_repeated_follow_is_a_new_notification(scenario: Scenario) -> None:
    await scenario.handle(followed(BOB, ALICE), followed(CAROL, ALICE))

    await scenario.handle(unfollowed(BOB, ALICE), followed(BOB, ALICE))

    assert await scenario.listed(ALICE) == [("follow", 0, (BOB, CAROL))]


async def test_pages_continue_below_an_id_and_show_the_requested_kinds(
    scenario: Scenario, store: NotificationStore
) -> None:
    posts = [scenario.post(ALICE) for _ in range(4)]
    await scenario.handle(*(liked(BOB, post) for post in posts), reposted(BOB, posts[0]))

    first = await store.groups(ALICE, kinds=[], before=MAX_ID, limit=2)
    second = await store.groups(ALICE, kinds=[], before=first[-1].id, limit=2)
    likes = await store.groups(ALICE, kinds=[Kind.LIKE, Kind.FOLLOW], before=MAX_ID, limit=9)

    assert [each.kind for each in first] == [Kind.REPOST, Kind.LIKE]
    assert [each.post_id for each in first + second] == [
        posts[0].id,
        posts[3].id,
        posts[2].id,
        posts[1].id,
    ]
    assert [each.post_id for each in likes] == [post.id for post in reversed(posts)]


async def test_what_is_old_is_forgotten(
    scenario: Scenario, store: NotificationStore, clock: ManualClock
) -> None:
    old, new = scenario.post(ALICE), scenario.post(ALICE)
    await scenario.handle(liked(BOB, old), liked(BOB, new))
    clock.advance(KEPT)
    await scenario.handle(liked(CAROL, new))
    expire = partial(
        delete_expired,
        store=store,
        cleanup=AccountCleanup(store=store, graph=scenario.graph, clock=clock, at_once=1),
        clock=clock,
    )

    await expire()

    assert await scenario.listed(ALICE) == [("like", new.id, (CAROL,))]


async def test_a_deletion_is_remembered_for_a_while(
    scenario: Scenario, store: NotificationStore, clock: ManualClock
) -> None:
    post = scenario.post(ALICE, mentions=[BOB])
    await scenario.handle(deleted(post))
    expire = partial(
        delete_expired,
        store=store,
        cleanup=AccountCleanup(store=store, graph=scenario.graph, clock=clock),
        clock=clock,
    )
    await expire()
    await scenario.handle(created(post))
    in_between = await scenario.listed(BOB)
    clock.advance(DELETED_KEPT + timedelta(seconds=1))

    await expire()
    await scenario.handle(liked(CAROL, post))

    assert in_between == []
    assert await scenario.listed(ALICE) == [("like", post.id, (CAROL,))]
