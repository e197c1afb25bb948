"""Media of posts and revisions, and their changes, on every store."""

from dataclasses import replace
from datetime import timedelta

from services.post.domain.model import Medium, Post
from services.post.domain.store import ChangedIds
from tests.builders.posts import START, a_medium
from tests.stores.post.conftest import Scenario


async def edited(scenario: Scenario, post: Post, *media: Medium) -> Post:
    """The post after an edit that changes its media."""
    async with scenario.store.transaction() as transaction:
        locked = await transaction.lock_post(post.id)
        assert locked is not None
        after = replace(
            locked,
            media=media,
            edit_time=START + timedelta(minutes=1),
            revision=locked.revision + 1,
        )
        await transaction.edit(locked, after)
    return after


async def replace_medium(scenario: Scenario, post: Post, medium: Medium) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.replace_medium(post.id, medium)


async def remove_medium(scenario: Scenario, post: Post, medium_id: int) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.remove_medium(post.id, medium_id)


async def stored(scenario: Scenario, post: Post) -> Post:
    return (await scenario.store.posts([post.id]))[post.id]


async def media_of_revisions(scenario: Scenario, post: Post) -> list[tuple[Medium, ...]]:
    revisions = await scenario.store.revisions(post.id, before=0, limit=10)
    return [each.media for each in revisions]


async def test_media_keep_their_order(scenario: Scenario) -> None:
    media = (a_medium(9), a_medium(7), a_medium(8))

    post = await scenario.post(scenario.alice, text="", media=media)

    assert (await stored(scenario, post)).media == media
    assert (await stored(scenario, post)).media_ids == (9, 7, 8)


async def test_a_reply_has_limits_and_media(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice)

    reply = await scenario.post(scenario.bob, answers=first, media=(a_medium(7),))

    assert await stored(scenario, reply) == reply


async def test_an_edit_keeps_the_old_media_as_a_revision(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice, media=(a_medium(7), a_medium(8)))

    second = await edited(scenario, post, a_medium(9))
    third = await edited(scenario, second)

    assert await stored(scenario, post) == third
    assert await media_of_revisions(scenario, post) == [
        (a_medium(9),),
        (a_medium(7), a_medium(8)),
    ]


async def test_a_changed_medium_is_replaced_in_the_post_and_its_revisions(
    scenario: Scenario,
) -> None:
    first = await scenario.post(scenario.alice, media=(a_medium(7), a_medium(8)))
    post = await edited(scenario, first, a_medium(8), a_medium(9))

    await replace_medium(scenario, post, a_medium(8, version=3))
    await replace_medium(scenario, post, a_medium(7, version=2))

    assert (await stored(scenario, post)).media == (a_medium(8, version=3), a_medium(9))
    assert await media_of_revisions(scenario, post) == [
        (a_medium(7, version=2), a_medium(8, version=3))
    ]


async def test_a_change_of_a_medium_changes_the_version_and_no_revision(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice, media=(a_medium(7),))

    await replace_medium(scenario, post, a_medium(7, version=2))

    changed = await stored(scenario, post)
    assert (changed.revision, changed.etag, changed.edit_time) == (1, "1", None)
    assert (await scenario.state(post)).version == changed.version == post.version + 1


async def test_each_edit_and_each_change_of_a_medium_has_a_version_of_its_own(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice, media=(a_medium(7), a_medium(8)))
    versions = [(await scenario.state(post)).version]

    await replace_medium(scenario, post, a_medium(7, version=2))
    versions.append((await scenario.state(post)).version)
    await edited(scenario, post, a_medium(7, version=2), a_medium(8))
    versions.append((await scenario.state(post)).version)
    await remove_medium(scenario, post, 8)
    versions.append((await scenario.state(post)).version)
    await replace_medium(scenario, post, a_medium(7, version=3))
    versions.append((await scenario.state(post)).version)

    assert versions == [1, 2, 3, 4, 5]
    assert (await stored(scenario, post)).version == 5


async def test_an_older_state_of_a_medium_never_replaces_a_newer_one(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, media=(a_medium(7, version=10),))
    post = await edited(scenario, first, a_medium(7, version=10))
    before = await stored(scenario, post)

    for version in (1, 9, 10):
        await replace_medium(scenario, post, a_medium(7, version=version, alt_text="late"))

    assert await stored(scenario, post) == before
    assert await media_of_revisions(scenario, post) == [(a_medium(7, version=10),)]
    assert (await scenario.state(post)).version == before.version


async def test_a_deleted_medium_is_removed_from_the_post_and_its_revisions(
    scenario: Scenario,
) -> None:
    first = await scenario.post(scenario.alice, media=(a_medium(7), a_medium(8)))
    second = await edited(scenario, first, a_medium(7))
    post = await edited(scenario, second, a_medium(8), a_medium(7))

    await remove_medium(scenario, post, 7)

    left = await stored(scenario, post)
    assert (left.media, left.media_ids) == ((a_medium(8),), (8,))
    assert await media_of_revisions(scenario, post) == [(), (a_medium(8),)]


async def test_a_deleted_medium_does_not_return_with_an_older_event(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice, media=(a_medium(7),))
    await remove_medium(scenario, post, 7)

    await replace_medium(scenario, post, a_medium(7, version=2))

    assert (await stored(scenario, post)).media == ()


async def test_media_of_other_posts_stay_as_they_are(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice, media=(a_medium(7),))
    other = await scenario.post(scenario.alice, media=(a_medium(8),))
    without = await scenario.post(scenario.alice)

    for each in (post, without):
        await replace_medium(scenario, each, a_medium(8, version=2))
        await remove_medium(scenario, each, 8)

    assert [await stored(scenario, each) for each in (post, other, without)] == [
        post,
        other,
        without,
    ]


async def test_a_tombstone_has_no_media_and_gets_none(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, media=(a_medium(7),))
    post = await edited(scenario, first, a_medium(8))
    await replace_medium(scenario, post, a_medium(8, version=2))
    await scenario.delete(post)

    await replace_medium(scenario, post, a_medium(8, version=3))
    await remove_medium(scenario, post, 8)

    left = await stored(scenario, post)
    assert (left.deleted, left.media, left.media_ids) == (True, (), ())
    assert (await scenario.state(post)).version == 0
    assert await media_of_revisions(scenario, post) == []


async def test_changes_of_media_invalidate_also_when_they_are_repeated(
    scenario: Scenario,
) -> None:
    changes: list[ChangedIds] = []

    async def listen(changed: ChangedIds) -> None:
        changes.append(changed)

    post = await scenario.post(scenario.alice, media=(a_medium(7),))
    scenario.store.on_change(listen)

    for _ in range(2):
        await replace_medium(scenario, post, a_medium(7, version=2))
    for _ in range(2):
        await remove_medium(scenario, post, 7)

    assert changes == [ChangedIds({post.id})] * 4


async def test_a_change_of_a_medium_of_an_unknown_post_is_skipped(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.replace_medium(77, a_medium(7))
        await transaction.remove_medium(77, 7)

    assert await scenario.store.posts([77]) == {}


async def test_the_media_of_a_post_are_those_of_all_its_revisions(scenario: Scenario) -> None:
    first = await scenario.post(scenario.alice, media=(a_medium(7), a_medium(8)))
    post = await edited(scenario, first, a_medium(9), a_medium(8))
    bare = await scenario.post(scenario.carol)
    gone = await scenario.post(scenario.alice, media=(a_medium(10),))
    await scenario.delete(gone)

    found = await scenario.store.media_of([post.id, bare.id, gone.id, 77])

    assert found == {post.id: {7, 8, 9}, bare.id: set()}
