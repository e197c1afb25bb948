"""Likes, reposts and bookmarks, and what they count for, on every store."""

from datetime import timedelta

import pytest

from services.post.domain.model import OPEN_ACCOUNT, Place, ResponseKind
from tests.stores.post.conftest import Scene

LIKE, REPOST, BOOKMARK = ResponseKind.LIKE, ResponseKind.REPOST, ResponseKind.BOOKMARK
KINDS = pytest.mark.parametrize("kind", [LIKE, REPOST, BOOKMARK])


@KINDS
async def test_a_response_stands_once(scene: Scene, kind: ResponseKind) -> None:
    post = await scene.post(scene.alice)

    first = await scene.respond(kind, scene.bob, post)
    second = await scene.respond(kind, scene.bob, post)

    assert first.changed
    assert not second.changed
    assert second.response_id == first.response_id
    assert second.state == first.state == await scene.state(post, scene.bob)
    assert await scene.store.responses_of(kind, scene.bob, before=0, limit=9) == [
        Place(first.response_id, post.id)
    ]


@KINDS
async def test_a_response_is_taken_back_once(scene: Scene, kind: ResponseKind) -> None:
    post = await scene.post(scene.alice)
    given = await scene.respond(kind, scene.bob, post)

    first = await scene.withdraw(kind, scene.bob, post)
    second = await scene.withdraw(kind, scene.bob, post)

    assert (first.changed, first.response_id) == (True, given.response_id)
    assert (second.changed, second.response_id) == (False, 0)
    assert first.state == second.state == (post.id, 1, 0, 0, 0, 0, False, False, False)
    assert await scene.store.responses_of(kind, scene.bob, before=0, limit=9) == []


async def test_the_state_counts_everybody_and_tells_the_viewers_own(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await scene.respond(LIKE, scene.bob, post)
    await scene.respond(LIKE, scene.carol, post)
    await scene.respond(REPOST, scene.carol, post)
    await scene.respond(BOOKMARK, scene.bob, post)

    assert await scene.state(post) == (post.id, 1, 2, 1, 0, 0, False, False, False)
    assert await scene.state(post, scene.bob) == (post.id, 1, 2, 1, 0, 0, True, False, True)
    assert await scene.state(post, scene.carol) == (post.id, 1, 2, 1, 0, 0, True, True, False)


async def test_states_of_unknown_posts_are_absent(scene: Scene) -> None:
    post = await scene.post(scene.alice)

    found = await scene.store.states([post.id, 4242], scene.bob)

    assert list(found) == [post.id]


async def test_nobody_responds_to_a_tombstone(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await scene.delete(post)

    refused = await scene.respond(LIKE, scene.bob, post)

    assert not refused.changed
    assert refused.state is not None
    assert (refused.state.revision, refused.state.likes) == (0, 0)


async def test_a_response_to_nothing_has_no_state(scene: Scene) -> None:
    async with scene.store.transaction() as transaction:
        given = await transaction.respond(
            LIKE, user_id=scene.bob, account=OPEN_ACCOUNT, post_id=55, author_id=1, response_id=2
        )
        taken = await transaction.withdraw(LIKE, user_id=scene.bob, post_id=55)

    assert given == taken == (False, 0, None)


@pytest.mark.parametrize("kind", [LIKE, REPOST])
async def test_who_responded_is_listed_newest_first(scene: Scene, kind: ResponseKind) -> None:
    post = await scene.post(scene.alice)
    people = [scene.numbers.person() for _ in range(4)]
    given = [await scene.respond(kind, person, post) for person in people]

    page = await scene.store.responses_to(kind, post.id, before=0, limit=3)
    rest = await scene.store.responses_to(kind, post.id, before=page[-1].id, limit=3)

    assert [*page, *rest] == [
        Place(each.response_id, person)
        for each, person in reversed(list(zip(given, people, strict=True)))
    ]


@KINDS
async def test_what_somebody_responded_to_is_listed_newest_first(
    scene: Scene, kind: ResponseKind
) -> None:
    posts = [await scene.post(scene.alice) for _ in range(4)]
    for post in posts:
        await scene.respond(kind, scene.bob, post)

    page = await scene.store.responses_of(kind, scene.bob, before=0, limit=3)
    rest = await scene.store.responses_of(kind, scene.bob, before=page[-1].id, limit=3)

    assert [each.subject_id for each in [*page, *rest]] == [post.id for post in reversed(posts)]


async def test_all_of_a_persons_responses_go_in_steps(scene: Scene) -> None:
    posts = [await scene.post(scene.alice) for _ in range(3)]
    like = await scene.respond(LIKE, scene.bob, posts[0])
    repost = await scene.respond(REPOST, scene.bob, posts[0])
    await scene.respond(BOOKMARK, scene.bob, posts[1])
    await scene.respond(LIKE, scene.bob, posts[2])
    await scene.respond(LIKE, scene.carol, posts[2])

    async with scene.store.transaction() as transaction:
        first = await transaction.withdraw_all_of(scene.bob, 2)
    async with scene.store.transaction() as transaction:
        rest = await transaction.withdraw_all_of(scene.bob, 2)

    assert first == [
        (posts[0].id, scene.alice, scene.bob, like.response_id, repost.response_id),
        (posts[1].id, scene.alice, scene.bob, 0, 0),
    ]
    assert [each.post_id for each in rest] == [posts[2].id]
    assert await scene.state(posts[0], scene.bob) == (posts[0].id, 1, 0, 0, 0, 0, *[False] * 3)
    assert (await scene.state(posts[2])).likes == 1


async def test_likes_of_a_tombstone_are_forgotten_in_steps(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    for person in (scene.alice, scene.bob, scene.carol):
        await scene.respond(LIKE, person, post)
    await scene.delete(post)

    gone = []
    for _ in range(3):
        async with scene.store.transaction() as transaction:
            gone.append(await transaction.forget_likes(post.id, 2))

    assert gone == [2, 1, 0]
    assert await scene.store.responses_of(LIKE, scene.bob, before=0, limit=9) == []
    assert (await scene.state(post)).likes == 0


async def test_counts_that_are_right_show_no_drift(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await scene.respond(LIKE, scene.bob, post)
    reply = await scene.post(scene.bob, answers=post)
    await scene.post(scene.bob, quotes=post)
    await scene.delete(await scene.post(scene.bob, answers=reply))

    assert await scene.store.recount([post.id, reply.id, 404]) == []

    assert (await scene.state(post))[2:6] == (1, 0, 1, 1)


async def test_touched_posts_are_found_by_time_in_steps(scene: Scene) -> None:
    posts = [await scene.post(scene.alice) for _ in range(3)]
    since, until = posts[0].create_time, posts[-1].create_time + timedelta(milliseconds=1)

    page = await scene.store.touched(since, until, after=0, limit=2)
    rest = await scene.store.touched(since, until, after=page[-1], limit=2)

    assert [*page, *rest] == [post.id for post in posts]
    assert await scene.store.touched(since, since, after=0, limit=9) == []


async def test_reposts_between_two_people_are_given_oldest_first(scene: Scene) -> None:
    theirs = [await scene.post(scene.alice) for _ in range(3)]
    other = await scene.post(scene.carol)
    for post in (theirs[2], other, theirs[0]):
        await scene.respond(ResponseKind.REPOST, scene.bob, post)
    await scene.respond(ResponseKind.LIKE, scene.bob, theirs[1])
    await scene.respond(ResponseKind.REPOST, scene.carol, theirs[1])

    between = scene.store.reposts_between

    assert await between(scene.bob, scene.alice, 9) == [theirs[2].id, theirs[0].id]
    assert await between(scene.bob, scene.alice, 1) == [theirs[2].id]
    assert await between(scene.alice, scene.bob, 9) == []
