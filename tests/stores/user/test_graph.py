"""What every store of the User service promises about relationships, counters and
background tasks."""

import asyncio
from datetime import timedelta

import pytest

from services.user.domain.model import (
    BackgroundTask,
    Counts,
    Direction,
    IdPage,
    ListedRelationship,
    Relationship,
    RelationshipKind,
    StoredRelationship,
)
from tests.builders.users import Scenario


@pytest.mark.parametrize(
    ("kind", "seen_by_source", "seen_by_target"),
    [
        (RelationshipKind.FOLLOW, Relationship.FOLLOWING, Relationship.FOLLOWED_BY),
        (RelationshipKind.REQUEST, Relationship.REQUESTED, Relationship.REQUESTED_BY),
        (RelationshipKind.BLOCK, Relationship.BLOCKING, Relationship.BLOCKED_BY),
        (RelationshipKind.MUTE, Relationship.MUTING, Relationship.NONE),
    ],
)
async def test_a_relationship_is_read_from_both_ends(
    scenario: Scenario,
    kind: RelationshipKind,
    seen_by_source: Relationship,
    seen_by_target: Relationship,
) -> None:
    alice, bob = await scenario.users(2)

    await scenario.relate(kind, alice, bob)

    found = await scenario.store.relationships_with(alice.id, [bob.id])
    back = await scenario.store.relationships_with(bob.id, [alice.id])
    assert found == {bob.id: seen_by_source}
    assert back.get(alice.id, Relationship.NONE) == seen_by_target
    async with scenario.store.transaction() as transaction:
        assert await transaction.relationship(alice.id, bob.id) == seen_by_source
        assert await transaction.relationship(bob.id, alice.id) == seen_by_target


async def test_relationships_with_many_users_are_distinct(scenario: Scenario) -> None:
    alice, bob, carol, dave = await scenario.users(4)
    await scenario.relate(RelationshipKind.FOLLOW, alice, bob)
    await scenario.relate(RelationshipKind.FOLLOW, bob, alice)
    await scenario.relate(RelationshipKind.MUTE, alice, bob)
    await scenario.relate(RelationshipKind.BLOCK, carol, alice)
    await scenario.relate(RelationshipKind.FOLLOW, bob, carol)

    found = await scenario.store.relationships_with(alice.id, [bob.id, carol.id, dave.id, 1])

    assert found == {
        bob.id: Relationship.FOLLOWING | Relationship.FOLLOWED_BY | Relationship.MUTING,
        carol.id: Relationship.BLOCKED_BY,
    }


async def test_relationships_of_pairs_are_those_of_each_first_user_with_the_second(
    scenario: Scenario,
) -> None:
    alice, bob, carol = await scenario.users(3)
    await scenario.relate(RelationshipKind.FOLLOW, alice, bob)
    await scenario.relate(RelationshipKind.MUTE, bob, alice)
    await scenario.relate(RelationshipKind.BLOCK, carol, bob)
    pairs = [(alice.id, bob.id), (bob.id, alice.id), (bob.id, carol.id), (alice.id, carol.id)]

    found = await scenario.store.relationships_of_pairs([*pairs, pairs[0]])

    assert found == {
        pairs[0]: Relationship.FOLLOWING,
        pairs[1]: Relationship.FOLLOWED_BY | Relationship.MUTING,
        pairs[2]: Relationship.BLOCKED_BY,
    }


async def test_a_relationship_is_added_and_removed_once(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)
    await scenario.relate(RelationshipKind.FOLLOW, alice, bob)

    async with scenario.store.transaction() as transaction:
        assert not await transaction.add_relationship(RelationshipKind.FOLLOW, alice.id, bob.id, 99)
        assert await transaction.remove_relationship(RelationshipKind.FOLLOW, alice.id, bob.id)
        assert not await transaction.remove_relationship(RelationshipKind.FOLLOW, alice.id, bob.id)

    assert await scenario.store.relationships_with(alice.id, [bob.id]) == {}
    assert await scenario.store.relationships_with(bob.id, [alice.id]) == {}


async def test_lists_come_newest_first_by_page_from_both_ends(scenario: Scenario) -> None:
    alice, *others = await scenario.users(4)
    out = [
        ListedRelationship(await scenario.relate(RelationshipKind.FOLLOW, alice, each), each.id)
        for each in others
    ]
    into = [
        ListedRelationship(await scenario.relate(RelationshipKind.FOLLOW, each, alice), each.id)
        for each in others
    ]
    await scenario.relate(RelationshipKind.MUTE, alice, others[0])
    list_relationships = scenario.store.list_relationships

    first = await list_relationships(
        RelationshipKind.FOLLOW, Direction.OUT, alice.id, before=None, limit=2
    )
    rest = await list_relationships(
        RelationshipKind.FOLLOW, Direction.OUT, alice.id, before=first[-1].id, limit=2
    )
    followers = await list_relationships(
        RelationshipKind.FOLLOW, Direction.IN, alice.id, before=None, limit=9
    )

    assert first + rest == out[::-1]
    assert followers == into[::-1]


async def test_ids_come_in_ascending_order_by_page(scenario: Scenario) -> None:
    alice, *others = await scenario.users(4)
    for each in reversed(others):
        await scenario.relate(RelationshipKind.FOLLOW, each, alice)
    await scenario.relate(RelationshipKind.REQUEST, alice, others[0])
    async with scenario.store.transaction() as transaction:
        await transaction.change_counts({alice.id: Counts(followers=3)})
    ids = sorted(each.id for each in others)

    first = await scenario.store.list_ids(Direction.IN, [alice.id], limit=2)
    rest = await scenario.store.list_ids(Direction.IN, [alice.id], limit=1, after_id=ids[1])

    assert first == {alice.id: IdPage(ids[:2], has_more=True, total=3)}
    assert rest == {alice.id: IdPage(ids[2:], has_more=False, total=3)}


async def test_ids_of_several_users_come_at_once(scenario: Scenario) -> None:
    alice, bob, carol = await scenario.users(3)
    await scenario.relate(RelationshipKind.FOLLOW, alice, bob)
    await scenario.relate(RelationshipKind.FOLLOW, carol, bob)
    async with scenario.store.transaction() as transaction:
        await transaction.change_counts({bob.id: Counts(followers=2)})

    pages = await scenario.store.list_ids(Direction.IN, [bob.id, alice.id, 1], limit=2)

    nobody = IdPage([], has_more=False, total=0)
    followers = IdPage(sorted([alice.id, carol.id]), has_more=False, total=2)
    assert pages == {bob.id: followers, alice.id: nobody, 1: nobody}


async def test_follows_and_requests_are_counted_up_to_the_limit(scenario: Scenario) -> None:
    alice, *others = await scenario.users(5)
    for each in others[:2]:
        await scenario.relate(RelationshipKind.FOLLOW, alice, each)
    await scenario.relate(RelationshipKind.REQUEST, alice, others[2])
    await scenario.relate(RelationshipKind.MUTE, alice, others[3])
    await scenario.relate(RelationshipKind.FOLLOW, others[3], alice)

    async with scenario.store.transaction() as transaction:
        assert await transaction.count_wanted(alice.id, 100) == 3
        assert await transaction.count_wanted(alice.id, 2) == 2


async def test_who_waits_longest_comes_first(scenario: Scenario) -> None:
    alice, *others = await scenario.users(4)
    for each in others:
        await scenario.relate(RelationshipKind.REQUEST, each, alice)

    async with scenario.store.transaction() as transaction:
        waiting = await transaction.oldest_requests(alice.id, 2)

    assert waiting == [others[0].id, others[1].id]


async def test_all_relationships_of_a_user_are_found_in_batches(scenario: Scenario) -> None:
    alice, bob, carol = await scenario.users(3)
    await scenario.relate(RelationshipKind.FOLLOW, alice, bob)
    await scenario.relate(RelationshipKind.FOLLOW, carol, alice)
    await scenario.relate(RelationshipKind.BLOCK, carol, alice)
    await scenario.relate(RelationshipKind.MUTE, alice, carol)
    await scenario.relate(RelationshipKind.FOLLOW, bob, carol)
    found: set[StoredRelationship] = set()

    while True:
        async with scenario.store.transaction() as transaction:
            some = await transaction.some_relationships(alice.id, 2)
            for each in some:
                assert await transaction.remove_relationship(
                    each.kind, each.source_id, each.target_id
                )
        assert len(some) <= 2
        found.update(some)
        if not some:
            break

    assert found == {
        StoredRelationship(RelationshipKind.FOLLOW, alice.id, bob.id),
        StoredRelationship(RelationshipKind.FOLLOW, carol.id, alice.id),
        StoredRelationship(RelationshipKind.BLOCK, carol.id, alice.id),
        StoredRelationship(RelationshipKind.MUTE, alice.id, carol.id),
    }
    assert await scenario.store.relationships_with(bob.id, [carol.id]) == {
        carol.id: Relationship.FOLLOWING
    }


async def test_a_background_task_is_stored_once_and_the_oldest_comes_first(
    scenario: Scenario,
) -> None:
    alice, bob = await scenario.users(2)
    now = scenario.clock.now()
    background_task = BackgroundTask.REMOVE_RELATIONSHIPS
    async with scenario.store.transaction() as transaction:
        await transaction.add_background_task(background_task, bob.id, now + timedelta(seconds=1))
        await transaction.add_background_task(background_task, alice.id, now)
        await transaction.add_background_task(background_task, alice.id, now + timedelta(seconds=2))

    assert await scenario.store.next_background_task(background_task) == alice.id
    for user in (alice, bob):
        async with scenario.store.transaction() as transaction:
            await transaction.finish_background_task(background_task, user.id)
    assert await scenario.store.next_background_task(background_task) is None


async def test_counters_change_and_never_fall_below_zero(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)

    async with scenario.store.transaction() as transaction:
        await transaction.change_counts(
            {alice.id: Counts(2, 1, 5), bob.id: Counts(followers=-1), 1: Counts(posts=1)}
        )
        await transaction.change_counts({alice.id: Counts(-1, -3, 1)})

    assert await scenario.store.counts(alice.id) == Counts(1, 0, 6)
    assert await scenario.store.counts(bob.id) == Counts()
    assert await scenario.store.counts(1) == Counts()
    assert (await scenario.store.users([alice.id]))[0].posts_count == 6


async def test_only_counters_that_are_as_seen_are_corrected(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2, followers_count=4)
    seen = {alice.id: Counts(followers=4), bob.id: Counts(followers=3)}
    right = {alice.id: Counts(1, 1, 1), bob.id: Counts(1, 1, 1)}

    async with scenario.store.transaction() as transaction:
        corrected = await transaction.correct_counts(seen, right)

    assert corrected == 1
    assert await scenario.store.counts(alice.id) == Counts(1, 1, 1)
    assert await scenario.store.counts(bob.id) == Counts(followers=4)


async def test_counters_are_compared_with_the_relationships(scenario: Scenario) -> None:
    alice, bob, carol = await scenario.users(3)
    await scenario.relate(RelationshipKind.FOLLOW, alice, bob)
    await scenario.relate(RelationshipKind.FOLLOW, carol, bob)
    await scenario.relate(RelationshipKind.BLOCK, alice, carol)
    async with scenario.store.transaction() as transaction:
        await transaction.change_counts({bob.id: Counts(9, 9, 9)})

    seen, counted = await scenario.store.compared_counts(after_id=bob.id - 1, limit=1)

    assert seen == {bob.id: Counts(9, 9, 9)}
    assert counted == {bob.id: Counts(2, 0, 9)}


async def test_pairs_that_lock_each_other_both_ways_never_deadlock(real: Scenario) -> None:
    people = await real.users(4)

    async def flip(actor: int, other: int) -> None:
        async with real.store.transaction() as transaction:
            await transaction.lock_pair(people[actor].id, people[other].id)
            if await transaction.remove_relationship(
                RelationshipKind.FOLLOW, people[actor].id, people[other].id
            ):
                return
            new_id = await real.ids.make(0)
            await transaction.add_relationship(
                RelationshipKind.FOLLOW, people[actor].id, people[other].id, new_id
            )

    pairs = [(a, b) for a in range(4) for b in range(4) if a != b]
    for _ in range(15):
        await asyncio.gather(*(flip(*pair) for pair in pairs))

    for actor, other in pairs:
        relationship = await real.store.relationships_with(people[actor].id, [people[other].id])
        back = await real.store.relationships_with(people[other].id, [people[actor].id])
        following = Relationship.FOLLOWING in relationship.get(people[other].id, Relationship.NONE)
        # Fifteen flips, an odd number: every one follows every other in the end.
        assert following
        assert Relationship.FOLLOWED_BY in back[people[actor].id]


async def test_counters_changed_by_many_at_once_add_up(real: Scenario) -> None:
    people = await real.users(5)

    async def change(turn: int) -> None:
        order = people[turn % 5 :] + people[: turn % 5]
        async with real.store.transaction() as transaction:
            await transaction.change_counts({user.id: Counts(followers=1) for user in order})

    await asyncio.gather(*(change(turn) for turn in range(15)))

    for user in people:
        assert (await real.store.counts(user.id)).followers == 15


async def test_related_users_are_listed_by_kind_and_ascending(scenario: Scenario) -> None:
    alice, *others = await scenario.users(6)
    bob, carol, dave, erin, frank = others
    for followee in (carol, bob):
        await scenario.relate(RelationshipKind.FOLLOW, alice, followee)
    await scenario.relate(RelationshipKind.FOLLOW, dave, alice)
    await scenario.relate(RelationshipKind.REQUEST, alice, dave)
    await scenario.relate(RelationshipKind.BLOCK, alice, dave)
    await scenario.relate(RelationshipKind.BLOCK, frank, alice)
    await scenario.relate(RelationshipKind.BLOCK, erin, alice)
    await scenario.relate(RelationshipKind.MUTE, alice, bob)
    await scenario.relate(RelationshipKind.MUTE, carol, alice)

    found = await scenario.store.related_users(alice.id, limit=10)

    assert [list(ids) for ids in found] == [
        [bob.id, carol.id],
        [dave.id],
        [erin.id, frank.id],
        [bob.id],
    ]


async def test_related_users_have_all_follows_and_the_newest_of_the_others(
    scenario: Scenario,
) -> None:
    alice, *others = await scenario.users(4)
    ends = ((alice, RelationshipKind.FOLLOW), (alice, RelationshipKind.BLOCK))
    for source, kind in (*ends, (alice, RelationshipKind.MUTE)):
        for other in reversed(others):
            await scenario.relate(kind, source, other)
    for other in reversed(others):
        await scenario.relate(RelationshipKind.BLOCK, other, alice)

    found = await scenario.store.related_users(alice.id, limit=2)

    newest = [others[0].id, others[1].id]
    everybody = [other.id for other in others]
    assert [list(ids) for ids in found] == [everybody, newest, newest, newest]


async def test_an_unknown_user_has_no_related_users(scenario: Scenario) -> None:
    found = await scenario.store.related_users(1, limit=10)

    assert [list(ids) for ids in found] == [[], [], [], []]
