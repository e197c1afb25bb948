"""Conversations, quotes, users and timelines, on every store."""

from itertools import count, pairwise

from services.post.domain.model import (
    EngagementKind,
    Entry,
    Post,
    Visibility,
)
from tests.builders.posts import a_medium
from tests.stores.post.conftest import Scenario

FIRST = 0


async def a_chain(scenario: Scenario, length: int) -> list[Post]:
    posts = [await scenario.post(scenario.alice)]
    for number in range(1, length):
        author = (scenario.alice, scenario.bob, scenario.carol)[number % 3]
        posts.append(await scenario.post(author, answers=posts[-1]))
    return posts


async def test_ancestors_go_from_the_first_post_down(scenario: Scenario) -> None:
    chain = await a_chain(scenario, 5)

    found = await scenario.store.ancestors(chain[0].id, chain[4].id, 50)

    assert found == [post.id for post in chain[:4]]
    assert await scenario.store.ancestors(chain[0].id, chain[0].id, 50) == []


async def test_of_many_ancestors_the_nearest_are_given(scenario: Scenario) -> None:
    chain = await a_chain(scenario, 6)

    assert await scenario.store.ancestors(chain[0].id, chain[5].id, 2) == [chain[3].id, chain[4].id]


async def test_ancestors_are_found_through_tombstones(scenario: Scenario) -> None:
    chain = await a_chain(scenario, 4)
    await scenario.delete(chain[1], chain[2])

    found = await scenario.store.ancestors(chain[0].id, chain[3].id, 50)

    assert found == [post.id for post in chain[:3]]


async def test_replies_are_direct_ones_oldest_first_with_tombstones(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    replies = [await scenario.post(scenario.bob, answers=first) for _ in range(4)]
    await scenario.post(scenario.carol, answers=replies[0])
    await scenario.delete(replies[1])

    page = await scenario.store.replies(first.id, first.id, after=FIRST, limit=3)
    rest = await scenario.store.replies(first.id, first.id, after=page[-1], limit=3)

    assert [*page, *rest] == [post.id for post in replies]


async def test_a_post_is_answered_if_a_live_post_is_below_it(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    directly, far, dead, alone = [
        await scenario.post(scenario.bob, answers=first) for _ in range(4)
    ]
    await scenario.post(scenario.carol, answers=directly)
    between = await scenario.post(scenario.alice, answers=far)
    await scenario.post(scenario.carol, answers=between)
    below_dead = await scenario.post(scenario.carol, answers=dead)
    await scenario.delete(directly, far, between, dead, below_dead, alone)

    ids = [directly.id, far.id, dead.id, alone.id]

    assert await scenario.store.answered(first.id, ids) == {directly.id, far.id}
    assert await scenario.store.answered(first.id, []) == set()


async def test_a_live_post_far_below_deleted_ones_is_looked_for_fifty_steps(
    scenario: Scenario,
) -> None:
    chain = [await scenario.post(scenario.alice)]
    for _ in range(51):
        chain.append(await scenario.post(scenario.alice, answers=chain[-1]))
    await scenario.delete(*chain[:-1])

    ids = [chain[0].id, chain[1].id]

    assert await scenario.store.answered(chain[0].id, ids) == {chain[1].id}


async def test_quotes_are_live_ones_newest_first(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    quotes = [await scenario.post(scenario.carol, quotes=first) for _ in range(4)]
    await scenario.delete(quotes[1])

    page = await scenario.store.quotes(first.id, before=FIRST, limit=2)
    rest = await scenario.store.quotes(first.id, before=page[-1], limit=2)

    assert page == [quotes[3].id, quotes[2].id]
    assert rest == [quotes[0].id]


async def test_a_profile_merges_posts_and_reposts_by_time(scenario: Scenario) -> None:
    other = await scenario.post(scenario.carol)
    older = await scenario.post(scenario.alice)
    repost = await scenario.engage(EngagementKind.REPOST, scenario.alice, other)
    newer = await scenario.post(scenario.alice)
    gone = await scenario.post(scenario.alice)
    await scenario.delete(gone)

    found = await scenario.store.entries(
        scenario.alice, include_replies=False, before=FIRST, limit=10
    )

    assert found == [
        Entry(newer.id, newer.id, scenario.alice),
        Entry(repost.engagement_id, other.id, scenario.carol, scenario.alice),
        Entry(older.id, older.id, scenario.alice),
    ]
    assert found[1:] == await scenario.store.entries(
        scenario.alice, include_replies=False, before=newer.id, limit=10
    )


async def test_a_profile_without_replies_has_replies_to_oneself(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    to_self = await scenario.post(scenario.alice, answers=first)
    theirs = await scenario.post(scenario.bob)
    to_other = await scenario.post(scenario.alice, answers=theirs)

    async def ids(*, include_replies: bool) -> list[int]:
        found = await scenario.store.entries(
            scenario.alice, include_replies=include_replies, before=FIRST, limit=10
        )
        return [each.entry_id for each in found]

    assert await ids(include_replies=False) == [to_self.id, first.id]
    assert await ids(include_replies=True) == [to_other.id, to_self.id, first.id]


async def test_posts_with_media_are_live_own_ones_with_replies(scenario: Scenario) -> None:
    number = count(1)
    other = await scenario.post(scenario.bob, media=(a_medium(next(number)),))
    first = await scenario.post(scenario.alice, media=(a_medium(next(number)),))
    await scenario.post(scenario.alice)
    reply = await scenario.post(scenario.alice, answers=other, media=(a_medium(next(number)),))
    gone = await scenario.post(scenario.alice, media=(a_medium(next(number)),))
    without = await scenario.post(scenario.alice, media=(a_medium(next(number)),))
    last = await scenario.post(scenario.alice, media=(a_medium(next(number)),))
    await scenario.engage(EngagementKind.REPOST, scenario.alice, other)
    await scenario.delete(gone)
    async with scenario.store.transaction() as transaction:
        await transaction.remove_medium(without.id, without.media_ids[0])

    page = await scenario.store.entries_with_media(scenario.alice, before=FIRST, limit=2)
    rest = await scenario.store.entries_with_media(scenario.alice, before=reply.id, limit=2)

    assert page == [Entry(each.id, each.id, scenario.alice) for each in (last, reply)]
    assert rest == [Entry(first.id, first.id, scenario.alice)]


async def test_timelines_contain_what_belongs_on_homes(scenario: Scenario) -> None:
    public = await scenario.post(scenario.alice)
    followers = await scenario.post(scenario.alice, visibility=Visibility.FOLLOWERS)
    await scenario.post(scenario.alice, visibility=Visibility.MENTIONED)
    to_self = await scenario.post(scenario.alice, answers=public)
    theirs = await scenario.post(scenario.carol)
    await scenario.post(scenario.alice, answers=theirs)
    repost = await scenario.engage(EngagementKind.REPOST, scenario.alice, theirs)
    await scenario.delete(await scenario.post(scenario.alice))

    found = await scenario.store.timeline_entries([scenario.alice], before=FIRST, limit=10)

    assert [each.entry_id for each in found] == [
        repost.engagement_id,
        to_self.id,
        followers.id,
        public.id,
    ]


async def test_timeline_entries_are_the_newest_of_all_authors_at_any_limit(
    scenario: Scenario,
) -> None:
    users = [scenario.numbers.user(bucket=n) for n in range(12)]
    # Some write a lot, some little, one nothing, in mixed order.
    for turn in range(40):
        author = users[turn * turn % 11]
        post = await scenario.post(author)
        if turn % 7 == 0:
            await scenario.engage(EngagementKind.REPOST, users[3], post)
    everything = await scenario.store.timeline_entries(users, before=FIRST, limit=800)
    assert len(everything) == 40 + 6
    assert all(newer > older for newer, older in pairwise(everything))

    for limit in (1, 2, 3, 5, 13, 40, 46):
        pages: list[Entry] = []
        while page := await scenario.store.timeline_entries(
            users, before=pages[-1].entry_id if pages else FIRST, limit=limit
        ):
            assert len(page) <= limit
            pages += page
        assert pages == everything


async def test_users_without_posts_have_no_timeline_entries(scenario: Scenario) -> None:
    assert await scenario.store.timeline_entries([scenario.alice, 99], before=FIRST, limit=10) == []


async def test_live_public_posts_are_counted_for_each_author(scenario: Scenario) -> None:
    for _ in range(3):
        post = await scenario.post(scenario.alice)
    await scenario.delete(post)
    for visibility in (Visibility.FOLLOWERS, Visibility.MENTIONED):
        await scenario.post(scenario.alice, visibility=visibility)
    await scenario.post(scenario.carol)

    counts = await scenario.store.count_posts([scenario.alice, scenario.bob, scenario.carol])

    assert counts == {scenario.alice: 2, scenario.carol: 1}


async def test_live_posts_of_a_user_are_listed_oldest_first(scenario: Scenario) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(4)]
    await scenario.delete(posts[1])

    assert await scenario.store.live_posts_of(scenario.alice, 2) == [posts[0].id, posts[2].id]
