"""Writing, reading, editing and deleting posts, on every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import postgres, shard_key
from services.chassis.storage.idempotency import RequestIdReused, RequestKey
from services.post.adapters.postgres import PostgresStore
from services.post.domain.errors import PostNotFound
from services.post.domain.model import (
    AudienceLimit,
    Hashtag,
    Link,
    Mention,
    Tombstone,
    Visibility,
)
from tests.builders.posts import START, a_medium, a_post
from tests.stores.post.conftest import Scenario


def a_key(scenario: Scenario) -> RequestKey:
    return RequestKey(str(scenario.alice), "request-1", b"fingerprint")


async def test_a_post_is_read_as_it_was_written(scenario: Scenario) -> None:
    written = a_post(
        scenario.numbers.of(scenario.alice),
        scenario.alice,
        text="Hello @Bob #go https://roost.example 👋",
        entities=(
            Mention(6, 10, scenario.bob, "Bob"),
            Hashtag(11, 14, "go"),
            Link(15, 36, "https://roost.example"),
        ),
        visibility=Visibility.FOLLOWERS,
        media=(a_medium(6), a_medium(5)),
        language="en",
        language_given=True,
    )

    assert await scenario.create(written) is None

    assert await scenario.store.posts([written.id, 12345]) == {written.id: written}


async def test_a_reply_keeps_the_audiences_above_it(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, visibility=Visibility.FOLLOWERS)
    limits = (
        AudienceLimit(scenario.alice, Visibility.FOLLOWERS, (scenario.bob,)),
        AudienceLimit(scenario.carol, Visibility.PUBLIC, protected=True),
    )

    reply = await scenario.post(scenario.bob, answers=first, limits=limits)
    own = await scenario.post(scenario.alice, answers=first)
    await scenario.delete(reply)

    found = await scenario.store.posts([first.id, reply.id, own.id])
    assert [found[each.id].limits for each in (first, reply, own)] == [(), limits, ()]


async def test_a_reply_with_media_is_read_as_it_was_written(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, language="und")
    limits = (AudienceLimit(scenario.alice, Visibility.PUBLIC),)

    reply = await scenario.post(
        scenario.bob, answers=first, limits=limits, media=(a_medium(5),), language="de"
    )

    found = await scenario.store.posts([first.id, reply.id])
    assert found == {first.id: first, reply.id: reply}


@pytest.mark.parametrize("given", [True, False])
async def test_an_edit_replaces_the_language(scenario: Scenario, given: bool) -> None:
    before = await scenario.post(scenario.alice, language="en", language_given=not given)
    after = replace(before, language="de", language_given=given, revision=2, edit_time=START)

    async with scenario.store.transaction() as transaction:
        await transaction.edit(before, after)

    assert await scenario.store.posts([before.id]) == {before.id: after}


async def test_a_new_post_starts_with_no_responses(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)

    assert await scenario.state(post) == (post.id, 1, 0, 0, 0, 0, False, False, False)


async def test_a_repeated_request_gets_the_first_response_and_writes_nothing(
    scenario: Scenario,
) -> None:
    first = a_post(scenario.numbers.of(scenario.alice), scenario.alice)
    second = a_post(scenario.numbers.of(scenario.alice), scenario.alice)

    assert await scenario.create(first, key=a_key(scenario), response=b"the first") is None
    assert (
        await scenario.create(second, key=a_key(scenario), response=b"the second") == b"the first"
    )

    assert await scenario.store.count_posts([scenario.alice]) == {scenario.alice: 1}


async def test_a_request_id_is_not_taken_for_another_request(scenario: Scenario) -> None:
    await scenario.create(
        a_post(scenario.numbers.of(scenario.alice), scenario.alice), key=a_key(scenario)
    )
    other = replace(a_key(scenario), fingerprint=b"other")

    with pytest.raises(RequestIdReused):
        await scenario.create(
            a_post(scenario.numbers.of(scenario.alice), scenario.alice), key=other
        )


async def test_replies_and_quotes_are_counted_where_they_point(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    await scenario.post(scenario.bob, answers=first)
    await scenario.post(scenario.bob, answers=first)
    await scenario.post(scenario.bob, quotes=first)
    await scenario.post(scenario.carol, quotes=first)

    state = await scenario.state(first)

    assert (state.replies, state.quotes) == (2, 2)


async def test_a_tombstone_cannot_be_answered_or_quoted(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    second = await scenario.post(scenario.alice)
    await scenario.delete(first)

    with pytest.raises(PostNotFound):
        await scenario.post(scenario.bob, answers=first)
    with pytest.raises(PostNotFound):
        await scenario.post(scenario.bob, answers=second, quotes=first)

    assert (await scenario.state(second)).replies == 0
    assert await scenario.store.count_posts([scenario.bob]) == {}


async def test_an_edit_keeps_the_old_text_as_a_revision(scenario: Scenario) -> None:
    before = await scenario.post(scenario.alice, text="old", entities=(Hashtag(0, 3, "old"),))
    edit_time = START + timedelta(minutes=1)
    after = replace(before, text="new", entities=(), edit_time=edit_time, revision=2)

    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_post(before.id) == before
        await transaction.edit(before, after)

    assert await scenario.store.posts([before.id]) == {before.id: after}
    assert (await scenario.state(before)).version == 2
    assert await scenario.store.revisions(before.id, before=0, limit=10) == [
        (1, "old", (Hashtag(0, 3, "old"),), before.create_time, ())
    ]


async def test_revisions_go_by_number_newest_first(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    for revision in (2, 3, 4):
        edited = replace(
            post, text=f"text {revision}", revision=revision, edit_time=post.create_time
        )
        async with scenario.store.transaction() as transaction:
            await transaction.edit(post, edited)
        post = edited

    newest = await scenario.store.revisions(post.id, before=0, limit=2)
    older = await scenario.store.revisions(post.id, before=2, limit=2)

    assert [each.revision for each in newest] == [3, 2]
    assert [each.revision for each in older] == [1]


async def test_an_unknown_post_cannot_be_locked(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_post(77) is None


async def test_a_tombstone_keeps_its_place_and_nothing_that_was_said(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    reply = await scenario.post(
        scenario.bob,
        answers=first,
        quotes=first,
        text="words",
        media=(a_medium(5),),
        language="en",
        language_given=True,
    )
    edited = replace(reply, text="more words", revision=2, edit_time=reply.create_time)
    async with scenario.store.transaction() as transaction:
        await transaction.edit(reply, edited)

    async with scenario.store.transaction() as transaction:
        gone = await transaction.delete([reply.id], START)

    assert gone == [Tombstone(reply.id, scenario.bob, first.id, first.id, Visibility.PUBLIC)]
    left = (await scenario.store.posts([reply.id]))[reply.id]
    assert (left.text, left.entities, left.media, left.deleted) == ("", (), (), True)
    assert (left.language, left.language_given) == ("", False)
    assert (left.author_id, left.reply_to_post_id) == (scenario.bob, first.id)
    assert (await scenario.state(reply)).version == 0
    assert await scenario.store.revisions(reply.id, before=0, limit=10) == []


async def test_deleting_takes_the_post_from_the_counts_of_others(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    replies = [await scenario.post(scenario.bob, answers=first) for _ in range(3)]
    quotes = [await scenario.post(scenario.bob, quotes=first) for _ in range(3)]

    gone = [*replies[:2], *quotes[:2]]
    assert await scenario.delete(*gone) == [each.id for each in gone]

    state = await scenario.state(first)
    assert (state.replies, state.quotes) == (1, 1)
    assert await scenario.store.count_posts([scenario.bob]) == {scenario.bob: 1}


async def test_deleting_again_changes_nothing(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    reply = await scenario.post(scenario.bob, answers=first)
    other = await scenario.post(scenario.bob, answers=first)
    await scenario.delete(reply)

    assert await scenario.delete(reply) == []
    assert await scenario.delete(reply, other) == [other.id]

    assert (await scenario.state(first)).replies == 0


async def test_a_thread_may_be_deleted_at_once(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)
    second = await scenario.post(scenario.alice, answers=first)

    assert await scenario.delete(first, second) == [first.id, second.id]

    assert (await scenario.state(first)).replies == 0


async def test_what_a_failed_transaction_did_is_undone(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)

    async def delete_and_fail() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.delete([post.id], START)
            raise PostNotFound

    with pytest.raises(PostNotFound):
        await delete_and_fail()

    assert (await scenario.state(post)).version == 1


async def test_every_event_of_a_user_has_the_shard_key_of_its_key(
    database: postgres.Database,
) -> None:
    """So that one relay publishes all events of one key. A post is written by a function in SQL,
    and what follows by Python."""
    scenario = Scenario(PostgresStore(database))
    for author in (scenario.alice, scenario.carol):
        await scenario.post(author)
        message = OutboxMessage(topic="t", key=str(author), type="other", payload=b"")
        async with scenario.store.transaction() as transaction:
            await transaction.publish(message)

    keys = await database.fetch(
        "SELECT key, shard_key FROM outbox WHERE key = ANY ($1)",
        [str(scenario.alice), str(scenario.carol)],
    )

    assert len(keys) == 4
    assert {row["shard_key"] for row in keys} == {3, 511}
    assert all(row["shard_key"] == shard_key.of_name(ShardKey.BUCKET, row["key"]) for row in keys)
