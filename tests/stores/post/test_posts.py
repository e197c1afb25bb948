"""Writing, reading, editing and deleting posts, on every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.chassis.storage.idempotency import RequestIdReused, RequestKey
from services.post.domain.errors import PostNotFound
from services.post.domain.model import (
    Hashtag,
    Limit,
    Link,
    Mention,
    Tombstone,
    Visibility,
)
from tests.builders.posts import START, a_post
from tests.stores.post.conftest import Scene


def a_key(scene: Scene) -> RequestKey:
    return RequestKey(str(scene.alice), "request-1", b"fingerprint")


async def test_a_post_is_read_as_it_was_written(scene: Scene) -> None:
    written = a_post(
        scene.numbers.of(scene.alice),
        scene.alice,
        text="Hello @Bob #go https://roost.example 👋",
        entities=(
            Mention(6, 10, scene.bob, "Bob"),
            Hashtag(11, 14, "go"),
            Link(15, 36, "https://roost.example"),
        ),
        visibility=Visibility.FOLLOWERS,
        media_ids=(5, 6),
    )

    assert await scene.create(written) is None

    assert await scene.store.posts([written.id, 12345]) == {written.id: written}


async def test_a_reply_keeps_the_audiences_above_it(scene: Scene) -> None:
    first = await scene.post(scene.alice, visibility=Visibility.FOLLOWERS)
    limits = (
        Limit(scene.alice, Visibility.FOLLOWERS, (scene.bob,)),
        Limit(scene.carol, Visibility.PUBLIC, protected=True),
    )

    reply = await scene.post(scene.bob, answers=first, limits=limits)
    own = await scene.post(scene.alice, answers=first)
    await scene.delete(reply)

    found = await scene.store.posts([first.id, reply.id, own.id])
    assert [found[each.id].limits for each in (first, reply, own)] == [(), limits, ()]


async def test_a_new_post_starts_with_no_responses(scene: Scene) -> None:
    post = await scene.post(scene.alice)

    assert await scene.state(post) == (post.id, 1, 0, 0, 0, 0, False, False, False)


async def test_a_repeated_request_gets_the_first_response_and_writes_nothing(scene: Scene) -> None:
    first = a_post(scene.numbers.of(scene.alice), scene.alice)
    second = a_post(scene.numbers.of(scene.alice), scene.alice)

    assert await scene.create(first, key=a_key(scene), response=b"the first") is None
    assert await scene.create(second, key=a_key(scene), response=b"the second") == b"the first"

    assert await scene.store.count_posts([scene.alice]) == {scene.alice: 1}


async def test_a_request_id_is_not_taken_for_another_request(scene: Scene) -> None:
    await scene.create(a_post(scene.numbers.of(scene.alice), scene.alice), key=a_key(scene))
    other = replace(a_key(scene), fingerprint=b"other")

    with pytest.raises(RequestIdReused):
        await scene.create(a_post(scene.numbers.of(scene.alice), scene.alice), key=other)


async def test_replies_and_quotes_are_counted_where_they_point(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    await scene.post(scene.bob, answers=first)
    await scene.post(scene.bob, answers=first)
    await scene.post(scene.bob, quotes=first)
    await scene.post(scene.carol, quotes=first)

    state = await scene.state(first)

    assert (state.replies, state.quotes) == (2, 2)


async def test_nobody_answers_or_quotes_a_tombstone(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    second = await scene.post(scene.alice)
    await scene.delete(first)

    with pytest.raises(PostNotFound):
        await scene.post(scene.bob, answers=first)
    with pytest.raises(PostNotFound):
        await scene.post(scene.bob, answers=second, quotes=first)

    assert (await scene.state(second)).replies == 0
    assert await scene.store.count_posts([scene.bob]) == {}


async def test_an_edit_keeps_the_old_text_as_a_revision(scene: Scene) -> None:
    before = await scene.post(scene.alice, text="old", entities=(Hashtag(0, 3, "old"),))
    edit_time = START + timedelta(minutes=1)
    after = replace(before, text="new", entities=(), edit_time=edit_time, revision=2)

    async with scene.store.transaction() as transaction:
        assert await transaction.lock_post(before.id) == before
        await transaction.edit(before, after)

    assert await scene.store.posts([before.id]) == {before.id: after}
    assert (await scene.state(before)).revision == 2
    assert await scene.store.revisions(before.id, before=0, limit=10) == [
        (1, "old", (Hashtag(0, 3, "old"),), before.create_time)
    ]


async def test_revisions_go_by_number_newest_first(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    for revision in (2, 3, 4):
        edited = replace(
            post, text=f"text {revision}", revision=revision, edit_time=post.create_time
        )
        async with scene.store.transaction() as transaction:
            await transaction.edit(post, edited)
        post = edited

    newest = await scene.store.revisions(post.id, before=0, limit=2)
    older = await scene.store.revisions(post.id, before=2, limit=2)

    assert [each.revision for each in newest] == [3, 2]
    assert [each.revision for each in older] == [1]


async def test_an_unknown_post_cannot_be_locked(scene: Scene) -> None:
    async with scene.store.transaction() as transaction:
        assert await transaction.lock_post(77) is None


async def test_a_tombstone_keeps_its_place_and_nothing_that_was_said(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    reply = await scene.post(scene.bob, answers=first, quotes=first, text="words", media_ids=(5,))
    edited = replace(reply, text="more words", revision=2, edit_time=reply.create_time)
    async with scene.store.transaction() as transaction:
        await transaction.edit(reply, edited)

    async with scene.store.transaction() as transaction:
        gone = await transaction.delete([reply.id], START)

    assert gone == [Tombstone(reply.id, scene.bob, first.id, first.id, Visibility.PUBLIC)]
    left = (await scene.store.posts([reply.id]))[reply.id]
    assert (left.text, left.entities, left.media_ids, left.deleted) == ("", (), (), True)
    assert (left.author_id, left.reply_to_post_id) == (scene.bob, first.id)
    assert (await scene.state(reply)).revision == 0
    assert await scene.store.revisions(reply.id, before=0, limit=10) == []


async def test_deleting_takes_the_post_from_the_counts_of_others(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    replies = [await scene.post(scene.bob, answers=first) for _ in range(3)]
    quotes = [await scene.post(scene.bob, quotes=first) for _ in range(3)]

    gone = [*replies[:2], *quotes[:2]]
    assert await scene.delete(*gone) == [each.id for each in gone]

    state = await scene.state(first)
    assert (state.replies, state.quotes) == (1, 1)
    assert await scene.store.count_posts([scene.bob]) == {scene.bob: 1}


async def test_deleting_again_changes_nothing(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    reply = await scene.post(scene.bob, answers=first)
    other = await scene.post(scene.bob, answers=first)
    await scene.delete(reply)

    assert await scene.delete(reply) == []
    assert await scene.delete(reply, other) == [other.id]

    assert (await scene.state(first)).replies == 0


async def test_a_thread_may_be_deleted_at_once(scene: Scene) -> None:
    first = await scene.post(scene.alice)
    second = await scene.post(scene.alice, answers=first)

    assert await scene.delete(first, second) == [first.id, second.id]

    assert (await scene.state(first)).replies == 0


async def test_what_a_failed_transaction_did_is_undone(scene: Scene) -> None:
    post = await scene.post(scene.alice)

    async def delete_and_fail() -> None:
        async with scene.store.transaction() as transaction:
            await transaction.delete([post.id], START)
            raise PostNotFound

    with pytest.raises(PostNotFound):
        await delete_and_fail()

    assert (await scene.state(post)).revision == 1
