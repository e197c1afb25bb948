"""What is counted: what everybody may see, whatever becomes of the accounts, on every store."""

from datetime import timedelta

import pytest

from services.post.domain.model import (
    OPEN_ACCOUNT,
    AccountState,
    Post,
    ResponseKind,
    Visibility,
)
from tests.builders.posts import START
from tests.stores.post.conftest import Scene

LIKE, REPOST, BOOKMARK = ResponseKind.LIKE, ResponseKind.REPOST, ResponseKind.BOOKMARK
PROTECTED = AccountState(True, START)
OPENED = AccountState(False, START + timedelta(hours=1))


async def counts_of(scene: Scene, post: Post) -> tuple[int, int, int, int]:
    """Likes, reposts, replies, quotes; and nothing is found wrong with them."""
    assert await scene.store.recount([post.id]) == []
    state = await scene.state(post)
    return state.likes, state.reposts, state.replies, state.quotes


async def contribute(scene: Scene, user_id: int, post: Post, account: AccountState) -> Post:
    """The person likes, reposts and bookmarks the post, quotes it and answers it."""
    for kind in ResponseKind:
        await scene.respond(kind, user_id, post, account)
    await scene.post(user_id, quotes=post, account=account)
    return await scene.post(user_id, answers=post, account=account)


async def record(scene: Scene, user_id: int, account: AccountState) -> None:
    async with scene.store.transaction() as transaction:
        await transaction.record_protection(user_id, account)


async def align(scene: Scene, user_id: int, *, limit: int = 100) -> list[int]:
    """Walks all that the person contributed; the posts whose counts changed."""
    changed: list[int] = []
    for responses in (True, False):
        after = 0
        while True:
            async with scene.store.transaction() as transaction:
                step = transaction.align_responses if responses else transaction.align_posts
                aligned = await step(user_id, after=after, limit=limit)
            changed += aligned.changed
            after = aligned.last_id
            if not after:
                break
    return sorted(changed)


@pytest.mark.parametrize("visibility", Visibility)
async def test_only_public_replies_and_quotes_are_counted(
    scene: Scene, visibility: Visibility
) -> None:
    post = await scene.post(scene.alice)

    reply = await scene.post(scene.bob, answers=post, visibility=visibility)
    quote = await scene.post(scene.carol, quotes=post, visibility=visibility)

    counted = int(visibility is Visibility.PUBLIC)
    assert await counts_of(scene, post) == (0, 0, counted, counted)
    # They are listed all the same: who may see them is decided when they are read.
    assert await scene.store.replies(post.id, post.id, after=0, limit=9) == [reply.id]
    assert await scene.store.quotes(post.id, before=0, limit=9) == [quote.id]
    await scene.delete(reply, quote)
    assert await counts_of(scene, post) == (0, 0, 0, 0)


async def test_quotes_in_replies_and_replies_on_profiles_are_not_counted(scene: Scene) -> None:
    post = await scene.post(scene.alice)

    both = await scene.post(scene.bob, answers=post, quotes=post)
    counted = await counts_of(scene, post)
    await record(scene, scene.bob, PROTECTED)
    await align(scene, scene.bob)
    hidden = await counts_of(scene, post)
    await record(scene, scene.bob, OPENED)
    await align(scene, scene.bob)

    assert counted == await counts_of(scene, post) == (0, 0, 1, 0)
    assert hidden == (0, 0, 0, 0)
    assert await scene.store.quotes(post.id, before=0, limit=9) == [both.id]
    assert await scene.store.count_posts([scene.alice, scene.bob]) == {scene.alice: 1}
    await scene.delete(both)
    assert await counts_of(scene, post) == (0, 0, 0, 0)


async def test_what_protected_accounts_contribute_is_kept_and_not_counted(scene: Scene) -> None:
    post = await scene.post(scene.alice)

    theirs = await contribute(scene, scene.bob, post, PROTECTED)
    await contribute(scene, scene.carol, post, OPEN_ACCOUNT)

    assert await counts_of(scene, post) == (1, 1, 1, 1)
    own = await scene.state(post, scene.bob)
    assert (own.liked, own.reposted, own.bookmarked) == (True, True, True)
    likers = await scene.store.responses_to(LIKE, post.id, before=0, limit=9)
    assert [each.subject_id for each in likers] == [scene.carol, scene.bob]
    for kind in ResponseKind:
        await scene.withdraw(kind, scene.bob, post)
    await scene.delete(theirs)
    assert await counts_of(scene, post) == (1, 1, 1, 1)


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_contributions_follow_the_account_in_steps(scene: Scene, limit: int) -> None:
    posts = [await scene.post(scene.alice) for _ in range(3)]
    for post in posts:
        await contribute(scene, scene.bob, post, OPEN_ACCOUNT)
        await contribute(scene, scene.carol, post, OPEN_ACCOUNT)
    await scene.post(scene.bob, answers=posts[0], visibility=Visibility.FOLLOWERS)

    await record(scene, scene.bob, PROTECTED)
    changed = await align(scene, scene.bob, limit=limit)
    hidden = [await counts_of(scene, post) for post in posts]
    again = await align(scene, scene.bob, limit=limit)
    await record(scene, scene.bob, OPENED)
    await align(scene, scene.bob, limit=limit)

    assert set(changed) == {post.id for post in posts}
    assert hidden == [(1, 1, 1, 1)] * 3
    assert again == []
    assert [await counts_of(scene, post) for post in posts] == [(2, 2, 2, 2)] * 3


async def test_several_replies_to_one_post_follow_the_account_together(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    replies = [await scene.post(scene.bob, answers=post) for _ in range(3)]
    await scene.delete(replies[0])

    await record(scene, scene.bob, PROTECTED)
    await align(scene, scene.bob)
    hidden = await counts_of(scene, post)
    await scene.delete(replies[1])
    await record(scene, scene.bob, OPENED)
    await align(scene, scene.bob)

    assert hidden == (0, 0, 0, 0)
    assert await counts_of(scene, post) == (0, 0, 1, 0)


async def test_the_newest_account_decides_however_late_a_write_is(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await record(scene, scene.bob, PROTECTED)
    await record(scene, scene.carol, OPENED)

    # Each was asked about before the account changed, and writes after that was recorded.
    await contribute(scene, scene.bob, post, OPEN_ACCOUNT)
    await contribute(scene, scene.carol, post, PROTECTED)

    assert await counts_of(scene, post) == (1, 1, 1, 1)
    await record(scene, scene.carol, PROTECTED)
    assert await align(scene, scene.carol) == []


async def test_an_account_newer_than_the_one_that_is_kept_decides(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await record(scene, scene.bob, PROTECTED)

    await contribute(scene, scene.bob, post, OPENED)

    assert await counts_of(scene, post) == (1, 1, 1, 1)


async def test_recounting_goes_by_the_same_rule(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await contribute(scene, scene.bob, post, PROTECTED)
    await contribute(scene, scene.carol, post, OPEN_ACCOUNT)
    await scene.post(scene.alice, answers=post, visibility=Visibility.MENTIONED)

    assert await scene.store.recount([post.id]) == []


async def test_accounts_are_unsettled_until_all_is_aligned(scene: Scene) -> None:
    accounts = {scene.bob: PROTECTED, scene.carol: OPENED}
    assert await scene.store.unsettled(accounts) == [scene.bob]

    await record(scene, scene.bob, PROTECTED)
    assert await scene.store.unsettled(accounts) == [scene.bob]

    async with scene.store.transaction() as transaction:
        await transaction.settle_protection(scene.bob, PROTECTED)
    assert await scene.store.unsettled(accounts) == []
    assert await scene.store.unsettled({scene.bob: OPENED}) == [scene.bob]

    await record(scene, scene.bob, OPENED)
    async with scene.store.transaction() as transaction:
        await transaction.settle_protection(scene.bob, PROTECTED)
    assert await scene.store.unsettled({scene.bob: OPENED}) == [scene.bob]

    async with scene.store.transaction() as transaction:
        await transaction.forget_protection(scene.bob)
    assert await scene.store.unsettled({scene.bob: OPENED}) == []


async def test_contributors_are_given_ascending_in_steps(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await scene.post(scene.bob, answers=post)
    await scene.respond(BOOKMARK, scene.carol, post)
    await scene.respond(LIKE, scene.bob, post)

    before = scene.alice - 1
    page = await scene.store.contributors(after=before, limit=2)
    rest = await scene.store.contributors(after=page[-1], limit=2)

    assert page + rest[:1] == sorted((scene.alice, scene.bob, scene.carol))
