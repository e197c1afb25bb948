"""Conversations, quotes, profiles and timelines, on every store."""

from itertools import pairwise

from services.post.domain.model import (
    Entry,
    Post,
    ResponseKind,
    Visibility,
)
from tests.stores.post.conftest import Scene

FIRST = 0


async def a_chain(scene: Scene, length: int) -> list[Post]:
    posts = [await scene.post(scene.alice)]
    for number in range(1, length):
        author = (scene.alice, scene.bob, scene.carol)[number % 3]
        posts.append(await scene.post(author, answers=posts[-1]))
    return posts


async def test_ancestors_go_from_the_first_post_down(scene: Scene) -> None:
    chain = await a_chain(scene, 5)

    found = await scene.store.ancestors(chain[0].id, chain[4].id, 50)

    assert found == [post.id for post in chain[:4]]
    assert await scene.store.ancestors(chain[0].id, chain[0].id, 50) == []


async def test_of_many_ancestors_the_nearest_are_given(scene: Scene) -> None:
    chain = await a_chain(scene, 6)

    assert await scene.store.ancestors(chain[0].id, chain[5].id, 2) == [chain[3].id, chain[4].id]


async def test_ancestors_are_found_through_tombstones(scene: Scene) -> None:
    chain = await a_chain(scene, 4)
    await scene.delete(chain[1], chain[2])

    found = await scene.store.ancestors(chain[0].id, chain[3].id, 50)

    assert found == [post.id for post in chain[:3]]


async def test_replies_are_direct_ones_oldest_first_with_tombstones(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    replies = [await scene.post(scene.bob, answers=first) for _ in range(4)]
    await scene.post(scene.carol, answers=replies[0])
    await scene.delete(replies[1])

    page = await scene.store.replies(first.id, first.id, after=FIRST, limit=3)
    rest = await scene.store.replies(first.id, first.id, after=page[-1], limit=3)

    assert [*page, *rest] == [post.id for post in replies]


async def test_a_post_is_answered_where_a_live_one_stands_under_it(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    directly, far, dead, alone = [await scene.post(scene.bob, answers=first) for _ in range(4)]
    await scene.post(scene.carol, answers=directly)
    between = await scene.post(scene.alice, answers=far)
    await scene.post(scene.carol, answers=between)
    below_dead = await scene.post(scene.carol, answers=dead)
    await scene.delete(directly, far, between, dead, below_dead, alone)

    ids = [directly.id, far.id, dead.id, alone.id]

    assert await scene.store.answered(first.id, ids) == {directly.id, far.id}
    assert await scene.store.answered(first.id, []) == set()


async def test_a_live_post_far_below_deleted_ones_is_looked_for_fifty_steps(scene: Scene) -> None:
    chain = [await scene.post(scene.alice)]
    for _ in range(51):
        chain.append(await scene.post(scene.alice, answers=chain[-1]))
    await scene.delete(*chain[:-1])

    ids = [chain[0].id, chain[1].id]

    assert await scene.store.answered(chain[0].id, ids) == {chain[1].id}


async def test_quotes_are_live_ones_newest_first(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    quotes = [await scene.post(scene.carol, quotes=first) for _ in range(4)]
    await scene.delete(quotes[1])

    page = await scene.store.quotes(first.id, before=FIRST, limit=2)
    rest = await scene.store.quotes(first.id, before=page[-1], limit=2)

    assert page == [quotes[3].id, quotes[2].id]
    assert rest == [quotes[0].id]


async def test_a_profile_merges_posts_and_reposts_by_time(scene: Scene) -> None:
    other = await scene.post(scene.carol)
    older = await scene.post(scene.alice)
    repost = await scene.respond(ResponseKind.REPOST, scene.alice, other)
    newer = await scene.post(scene.alice)
    gone = await scene.post(scene.alice)
    await scene.delete(gone)

    found = await scene.store.entries(scene.alice, include_replies=False, before=FIRST, limit=10)

    assert found == [
        Entry(newer.id, newer.id, scene.alice),
        Entry(repost.response_id, other.id, scene.carol, scene.alice),
        Entry(older.id, older.id, scene.alice),
    ]
    assert found[1:] == await scene.store.entries(
        scene.alice, include_replies=False, before=newer.id, limit=10
    )


async def test_a_profile_without_replies_keeps_answers_to_oneself(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    to_self = await scene.post(scene.alice, answers=first)
    theirs = await scene.post(scene.bob)
    to_other = await scene.post(scene.alice, answers=theirs)

    async def ids(*, include_replies: bool) -> list[int]:
        found = await scene.store.entries(
            scene.alice, include_replies=include_replies, before=FIRST, limit=10
        )
        return [each.entry_id for each in found]

    assert await ids(include_replies=False) == [to_self.id, first.id]
    assert await ids(include_replies=True) == [to_other.id, to_self.id, first.id]


async def test_timelines_hold_what_followers_are_meant_to_meet(scene: Scene) -> None:
    public = await scene.post(scene.alice)
    followers = await scene.post(scene.alice, visibility=Visibility.FOLLOWERS)
    await scene.post(scene.alice, visibility=Visibility.MENTIONED)
    to_self = await scene.post(scene.alice, answers=public)
    theirs = await scene.post(scene.carol)
    await scene.post(scene.alice, answers=theirs)
    repost = await scene.respond(ResponseKind.REPOST, scene.alice, theirs)
    await scene.delete(await scene.post(scene.alice))

    found = await scene.store.timeline_entries([scene.alice], before=FIRST, limit=10)

    assert [each.entry_id for each in found] == [
        repost.response_id,
        to_self.id,
        followers.id,
        public.id,
    ]


async def test_timeline_entries_are_the_newest_of_all_authors_at_any_limit(scene: Scene) -> None:
    people = [scene.numbers.person(bucket=n) for n in range(12)]
    # Some write a lot, some little, one nothing; all mixed in time.
    for turn in range(40):
        author = people[turn * turn % 11]
        post = await scene.post(author)
        if turn % 7 == 0:
            await scene.respond(ResponseKind.REPOST, people[3], post)
    everything = await scene.store.timeline_entries(people, before=FIRST, limit=800)
    assert len(everything) == 40 + 6
    assert all(newer > older for newer, older in pairwise(everything))

    for limit in (1, 2, 3, 5, 13, 40, 46):
        pages: list[Entry] = []
        while page := await scene.store.timeline_entries(
            people, before=pages[-1].entry_id if pages else FIRST, limit=limit
        ):
            assert len(page) <= limit
            pages += page
        assert pages == everything


async def test_timeline_entries_of_people_without_posts_are_none(scene: Scene) -> None:
    assert await scene.store.timeline_entries([scene.alice, 99], before=FIRST, limit=10) == []


async def test_live_public_posts_are_counted_for_each_author(scene: Scene) -> None:
    for _ in range(3):
        post = await scene.post(scene.alice)
    await scene.delete(post)
    for visibility in (Visibility.FOLLOWERS, Visibility.MENTIONED):
        await scene.post(scene.alice, visibility=visibility)
    await scene.post(scene.carol)

    counts = await scene.store.count_posts([scene.alice, scene.bob, scene.carol])

    assert counts == {scene.alice: 2, scene.carol: 1}


async def test_live_posts_of_a_person_are_given_oldest_first(scene: Scene) -> None:
    posts = [await scene.post(scene.alice) for _ in range(4)]
    await scene.delete(posts[1])

    assert await scene.store.live_posts_of(scene.alice, 2) == [posts[0].id, posts[2].id]
