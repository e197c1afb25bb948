"""One rule for the list, the count, digests and pushes: what is hidden is in none of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from roost.post.v1.post_pb2 import Post

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.ids import MAX_ID
from services.delivery.domain.unread_queries import StoredUnread
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.domain.model import MAX_UNREAD, Group
from tests.stores.notification.world import ALICE, BOB, CAROL, DAVE, World, created, followed, liked


@pytest.fixture
def world() -> World:
    clock = ManualClock()
    return World(MemoryNotificationStore(clock=clock), clock)


async def mention(world: World, posts: Sequence[Post]) -> None:
    """Has the posts arrive, no more of them in one moment than ids can be made in it."""
    for start in range(0, len(posts), 100):
        await world.hear(*(created(post) for post in posts[start : start + 100]))


async def listed(world: World, *, limit: int = 20) -> list[Group]:
    """The whole list, by pages."""
    found: list[Group] = []
    before = MAX_ID
    while before:
        page = await world.showing.page(ALICE, kinds=(), before=before, limit=limit)
        found += page.groups
        before = page.next_before
    return found


async def unread_everywhere(world: World) -> tuple[list[Group], int, list[Group], list[Group]]:
    """What the list, the count, the digest and pushes say."""
    unread = StoredUnread(store=world.store, showing=world.showing, clock=world.clock)
    stored = await world.groups(ALICE)
    pushed = await unread.unread({(ALICE, group.id) for group in stored})
    digest = await unread.newest_unread(ALICE, limit=MAX_UNREAD)
    return (
        await listed(world),
        await world.showing.count_unread(ALICE),
        digest,
        sorted(pushed.values(), key=lambda group: -group.id),
    )


async def test_a_post_that_is_hidden_is_in_no_list_count_digest_or_push(world: World) -> None:
    hidden, shown = (world.post(author, mentions=[ALICE]) for author in (BOB, CAROL))
    await world.hear(created(hidden), created(shown))
    world.sight.hidden_posts.add((ALICE, hidden.id))

    groups, count, digest, pushed = await unread_everywhere(world)

    assert [group.post_id for group in groups] == [shown.id]
    assert count == 1
    assert groups == digest == pushed


async def test_what_was_hidden_comes_back_with_what_may_be_seen(world: World) -> None:
    post = world.post(BOB, mentions=[ALICE])
    await world.hear(created(post))
    world.sight.hidden_posts.add((ALICE, post.id))
    hidden = await unread_everywhere(world)
    world.sight.hidden_posts.clear()

    groups, count, digest, pushed = await unread_everywhere(world)

    assert hidden == ([], 0, [], [])
    assert count == 1
    assert groups == digest == pushed == await world.groups(ALICE)


async def test_hidden_and_muted_people_are_neither_named_nor_counted(world: World) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post), liked(CAROL, post), liked(DAVE, post))
    world.sight.hidden_people.add((ALICE, BOB))
    world.sight.muted.add((ALICE, CAROL))

    groups, count, digest, pushed = await unread_everywhere(world)

    assert [(group.actor_ids, group.count) for group in groups] == [((DAVE,), 1)]
    assert count == 1
    assert groups == digest == pushed


async def test_a_group_of_nobody_who_may_be_seen_is_not_there(world: World) -> None:
    await world.hear(followed(BOB, ALICE))
    world.sight.hidden_people.add((ALICE, BOB))

    assert await unread_everywhere(world) == ([], 0, [], [])


async def test_a_page_is_full_however_much_is_hidden_between(world: World) -> None:
    posts = [world.post(BOB, mentions=[ALICE]) for _ in range(250)]
    await mention(world, posts)
    kept = {posts[0].id, posts[100].id, posts[249].id}
    world.sight.hidden_posts.update((ALICE, post.id) for post in posts if post.id not in kept)

    page = await world.showing.page(ALICE, kinds=(), before=MAX_ID, limit=2)

    assert [group.post_id for group in page.groups] == [posts[249].id, posts[100].id]
    assert page.following is not None
    assert page.following.post_id == posts[0].id
    assert len(await listed(world, limit=1)) == await world.showing.count_unread(ALICE) == 3


async def test_one_answer_looks_through_a_thousand_hidden_groups_at_most(world: World) -> None:
    posts = [world.post(BOB, mentions=[ALICE]) for _ in range(1_050)]
    await mention(world, posts)
    world.sight.hidden_posts.update((ALICE, post.id) for post in posts[1:])

    count = await world.showing.count_unread(ALICE)
    calls = world.sight.calls

    assert (count, calls) == (0, 10)
    assert [group.post_id for group in await listed(world)] == [posts[0].id]


async def test_nothing_unread_asks_nobody_and_a_hundred_take_one_call(world: World) -> None:
    assert await world.showing.count_unread(ALICE) == 0
    asked_for_none = world.sight.calls
    posts = [world.post(ALICE) for _ in range(MAX_UNREAD + 2)]
    await world.hear(*(liked(BOB, post) for post in posts))

    count = await world.showing.count_unread(ALICE)

    assert asked_for_none == 0
    assert (count, world.sight.calls) == (MAX_UNREAD, 1)


async def test_nothing_is_said_while_nobody_knows_what_may_be_seen(world: World) -> None:
    await world.hear(followed(BOB, ALICE))
    world.sight.away = True

    with pytest.raises(Unavailable):
        await world.showing.count_unread(ALICE)
    with pytest.raises(Unavailable):
        await world.showing.page(ALICE, kinds=(), before=MAX_ID, limit=20)
