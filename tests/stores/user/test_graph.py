"""What every store of the User service promises about edges, counters and chores."""

import asyncio
from datetime import timedelta

import pytest

from services.user.domain.model import (
    Chore,
    Counts,
    Direction,
    Edge,
    EdgeBetween,
    IdPage,
    ListedEdge,
    Ties,
)
from tests.builders.users import Cast


@pytest.mark.parametrize(
    ("edge", "seen_by_source", "seen_by_target"),
    [
        (Edge.FOLLOW, Ties.FOLLOWING, Ties.FOLLOWED_BY),
        (Edge.REQUEST, Ties.REQUESTED, Ties.REQUESTED_BY),
        (Edge.BLOCK, Ties.BLOCKING, Ties.BLOCKED_BY),
        (Edge.MUTE, Ties.MUTING, Ties.NONE),
    ],
)
async def test_an_edge_is_a_tie_at_both_ends(
    cast: Cast, edge: Edge, seen_by_source: Ties, seen_by_target: Ties
) -> None:
    alice, bob = await cast.people(2)

    await cast.edge(edge, alice, bob)

    found = await cast.store.ties_with(alice.id, [bob.id])
    back = await cast.store.ties_with(bob.id, [alice.id])
    assert found == {bob.id: seen_by_source}
    assert back.get(alice.id, Ties.NONE) == seen_by_target
    async with cast.store.transaction() as transaction:
        assert await transaction.ties(alice.id, bob.id) == seen_by_source
        assert await transaction.ties(bob.id, alice.id) == seen_by_target


async def test_ties_with_many_are_told_apart(cast: Cast) -> None:
    alice, bob, carol, dave = await cast.people(4)
    await cast.edge(Edge.FOLLOW, alice, bob)
    await cast.edge(Edge.FOLLOW, bob, alice)
    await cast.edge(Edge.MUTE, alice, bob)
    await cast.edge(Edge.BLOCK, carol, alice)
    await cast.edge(Edge.FOLLOW, bob, carol)

    found = await cast.store.ties_with(alice.id, [bob.id, carol.id, dave.id, 1])

    assert found == {
        bob.id: Ties.FOLLOWING | Ties.FOLLOWED_BY | Ties.MUTING,
        carol.id: Ties.BLOCKED_BY,
    }


async def test_ties_of_pairs_are_those_of_each_first_with_its_second(cast: Cast) -> None:
    alice, bob, carol = await cast.people(3)
    await cast.edge(Edge.FOLLOW, alice, bob)
    await cast.edge(Edge.MUTE, bob, alice)
    await cast.edge(Edge.BLOCK, carol, bob)
    pairs = [(alice.id, bob.id), (bob.id, alice.id), (bob.id, carol.id), (alice.id, carol.id)]

    found = await cast.store.ties_of_pairs([*pairs, pairs[0]])

    assert found == {
        pairs[0]: Ties.FOLLOWING,
        pairs[1]: Ties.FOLLOWED_BY | Ties.MUTING,
        pairs[2]: Ties.BLOCKED_BY,
    }


async def test_an_edge_is_added_and_removed_once(cast: Cast) -> None:
    alice, bob = await cast.people(2)
    await cast.edge(Edge.FOLLOW, alice, bob)

    async with cast.store.transaction() as transaction:
        assert not await transaction.add_edge(Edge.FOLLOW, alice.id, bob.id, 99)
        assert await transaction.remove_edge(Edge.FOLLOW, alice.id, bob.id)
        assert not await transaction.remove_edge(Edge.FOLLOW, alice.id, bob.id)

    assert await cast.store.ties_with(alice.id, [bob.id]) == {}
    assert await cast.store.ties_with(bob.id, [alice.id]) == {}


async def test_lists_come_newest_first_by_page_from_both_ends(cast: Cast) -> None:
    alice, *others = await cast.people(4)
    out = [ListedEdge(await cast.edge(Edge.FOLLOW, alice, each), each.id) for each in others]
    into = [ListedEdge(await cast.edge(Edge.FOLLOW, each, alice), each.id) for each in others]
    await cast.edge(Edge.MUTE, alice, others[0])
    list_edges = cast.store.list_edges

    first = await list_edges(Edge.FOLLOW, Direction.OUT, alice.id, before=None, limit=2)
    rest = await list_edges(Edge.FOLLOW, Direction.OUT, alice.id, before=first[-1].edge_id, limit=2)
    followers = await list_edges(Edge.FOLLOW, Direction.IN, alice.id, before=None, limit=9)

    assert first + rest == out[::-1]
    assert followers == into[::-1]


async def test_ids_come_in_ascending_order_by_page(cast: Cast) -> None:
    alice, *others = await cast.people(4)
    for each in reversed(others):
        await cast.edge(Edge.FOLLOW, each, alice)
    await cast.edge(Edge.REQUEST, alice, others[0])
    async with cast.store.transaction() as transaction:
        await transaction.change_counts({alice.id: Counts(followers=3)})
    ids = sorted(each.id for each in others)

    first = await cast.store.list_ids(Direction.IN, [alice.id], limit=2)
    rest = await cast.store.list_ids(Direction.IN, [alice.id], limit=1, after_id=ids[1])

    assert first == {alice.id: IdPage(ids[:2], has_more=True, total=3)}
    assert rest == {alice.id: IdPage(ids[2:], has_more=False, total=3)}


async def test_ids_of_several_people_come_at_once(cast: Cast) -> None:
    alice, bob, carol = await cast.people(3)
    await cast.edge(Edge.FOLLOW, alice, bob)
    await cast.edge(Edge.FOLLOW, carol, bob)
    async with cast.store.transaction() as transaction:
        await transaction.change_counts({bob.id: Counts(followers=2)})

    pages = await cast.store.list_ids(Direction.IN, [bob.id, alice.id, 1], limit=2)

    nobody = IdPage([], has_more=False, total=0)
    followers = IdPage(sorted([alice.id, carol.id]), has_more=False, total=2)
    assert pages == {bob.id: followers, alice.id: nobody, 1: nobody}


async def test_wanted_people_are_counted_up_to_the_limit(cast: Cast) -> None:
    alice, *others = await cast.people(5)
    for each in others[:2]:
        await cast.edge(Edge.FOLLOW, alice, each)
    await cast.edge(Edge.REQUEST, alice, others[2])
    await cast.edge(Edge.MUTE, alice, others[3])
    await cast.edge(Edge.FOLLOW, others[3], alice)

    async with cast.store.transaction() as transaction:
        assert await transaction.count_wanted(alice.id, 100) == 3
        assert await transaction.count_wanted(alice.id, 2) == 2


async def test_who_waits_longest_comes_first(cast: Cast) -> None:
    alice, *others = await cast.people(4)
    for each in others:
        await cast.edge(Edge.REQUEST, each, alice)

    async with cast.store.transaction() as transaction:
        waiting = await transaction.oldest_requests(alice.id, 2)

    assert waiting == [others[0].id, others[1].id]


async def test_all_edges_of_a_person_are_found_in_the_end(cast: Cast) -> None:
    alice, bob, carol = await cast.people(3)
    await cast.edge(Edge.FOLLOW, alice, bob)
    await cast.edge(Edge.FOLLOW, carol, alice)
    await cast.edge(Edge.BLOCK, carol, alice)
    await cast.edge(Edge.MUTE, alice, carol)
    await cast.edge(Edge.FOLLOW, bob, carol)
    found: set[EdgeBetween] = set()

    while True:
        async with cast.store.transaction() as transaction:
            some = await transaction.some_edges(alice.id, 2)
            for each in some:
                assert await transaction.remove_edge(each.edge, each.source_id, each.target_id)
        assert len(some) <= 2
        found.update(some)
        if not some:
            break

    assert found == {
        EdgeBetween(Edge.FOLLOW, alice.id, bob.id),
        EdgeBetween(Edge.FOLLOW, carol.id, alice.id),
        EdgeBetween(Edge.BLOCK, carol.id, alice.id),
        EdgeBetween(Edge.MUTE, alice.id, carol.id),
    }
    assert await cast.store.ties_with(bob.id, [carol.id]) == {carol.id: Ties.FOLLOWING}


async def test_a_chore_waits_once_and_the_longest_waiting_comes_first(cast: Cast) -> None:
    alice, bob = await cast.people(2)
    now = cast.clock.now()
    chore = Chore.REMOVE_EDGES
    async with cast.store.transaction() as transaction:
        await transaction.add_chore(chore, bob.id, now + timedelta(seconds=1))
        await transaction.add_chore(chore, alice.id, now)
        await transaction.add_chore(chore, alice.id, now + timedelta(seconds=2))

    assert await cast.store.next_chore(chore) == alice.id
    for user in (alice, bob):
        async with cast.store.transaction() as transaction:
            await transaction.end_chore(chore, user.id)
    assert await cast.store.next_chore(chore) is None


async def test_counters_change_and_never_fall_below_zero(cast: Cast) -> None:
    alice, bob = await cast.people(2)

    async with cast.store.transaction() as transaction:
        await transaction.change_counts(
            {alice.id: Counts(2, 1, 5), bob.id: Counts(followers=-1), 1: Counts(posts=1)}
        )
        await transaction.change_counts({alice.id: Counts(-1, -3, 1)})

    assert await cast.store.counts(alice.id) == Counts(1, 0, 6)
    assert await cast.store.counts(bob.id) == Counts()
    assert await cast.store.counts(1) == Counts()
    assert (await cast.store.users([alice.id]))[0].posts_count == 6


async def test_only_counters_that_are_as_seen_are_corrected(cast: Cast) -> None:
    alice, bob = await cast.people(2, followers_count=4)
    seen = {alice.id: Counts(followers=4), bob.id: Counts(followers=3)}
    right = {alice.id: Counts(1, 1, 1), bob.id: Counts(1, 1, 1)}

    async with cast.store.transaction() as transaction:
        corrected = await transaction.correct_counts(seen, right)

    assert corrected == 1
    assert await cast.store.counts(alice.id) == Counts(1, 1, 1)
    assert await cast.store.counts(bob.id) == Counts(followers=4)


async def test_counters_are_compared_with_the_edges(cast: Cast) -> None:
    alice, bob, carol = await cast.people(3)
    await cast.edge(Edge.FOLLOW, alice, bob)
    await cast.edge(Edge.FOLLOW, carol, bob)
    await cast.edge(Edge.BLOCK, alice, carol)
    async with cast.store.transaction() as transaction:
        await transaction.change_counts({bob.id: Counts(9, 9, 9)})

    seen, counted = await cast.store.compared_counts(after_id=bob.id - 1, limit=1)

    assert seen == {bob.id: Counts(9, 9, 9)}
    assert counted == {bob.id: Counts(2, 0, 9)}


async def test_pairs_that_lock_each_other_both_ways_never_deadlock(real: Cast) -> None:
    people = await real.people(4)

    async def flip(actor: int, other: int) -> None:
        async with real.store.transaction() as transaction:
            await transaction.lock_pair(people[actor].id, people[other].id)
            if await transaction.remove_edge(Edge.FOLLOW, people[actor].id, people[other].id):
                return
            edge_id = await real.ids.make(0)
            await transaction.add_edge(Edge.FOLLOW, people[actor].id, people[other].id, edge_id)

    pairs = [(a, b) for a in range(4) for b in range(4) if a != b]
    for _ in range(15):
        await asyncio.gather(*(flip(*pair) for pair in pairs))

    for actor, other in pairs:
        ties = await real.store.ties_with(people[actor].id, [people[other].id])
        back = await real.store.ties_with(people[other].id, [people[actor].id])
        following = Ties.FOLLOWING in ties.get(people[other].id, Ties.NONE)
        # Fifteen flips, an odd number: every one follows every other in the end.
        assert following
        assert Ties.FOLLOWED_BY in back[people[actor].id]


async def test_counters_changed_by_many_at_once_add_up(real: Cast) -> None:
    people = await real.people(5)

    async def change(turn: int) -> None:
        order = people[turn % 5 :] + people[: turn % 5]
        async with real.store.transaction() as transaction:
            await transaction.change_counts({user.id: Counts(followers=1) for user in order})

    await asyncio.gather(*(change(turn) for turn in range(15)))

    for user in people:
        assert (await real.store.counts(user.id)).followers == 15
