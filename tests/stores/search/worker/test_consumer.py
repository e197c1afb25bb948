"""Events of posts, users and media change what is found, in any order and however often."""

from __future__ import annotations

import contextlib
import itertools
import random
from datetime import timedelta

import pytest
from roost.media.v1 import media_events_pb2 as media
from roost.media.v1.media_pb2 import MEDIUM_USE_AVATAR
from roost.media.v1.media_pb2 import Medium as MediumMessage
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    AudienceLimit,
)
from roost.user.v1 import user_events_pb2 as users

from services.chassis.runtime.errors import Unavailable
from services.search.domain.posts.model import ANONYMOUS, Counts, Viewer
from services.search.domain.query.model import Term
from services.search.domain.refreshes import Subject
from services.search.domain.users.words import user_query
from tests.builders.search_worker import Killed, Stepping, Steps, World, a_picture


async def test_new_post_is_found_and_its_edit_replaces_its_words(world: World) -> None:
    await world.consume(world.post(world.alice, "a marmalade sandwich"))
    post_id = world.last_post
    assert await world.found("marmalade") == [post_id]

    await world.consume(world.edit(post_id, "a cheese sandwich"))

    assert await world.found("marmalade") == []
    assert await world.found("cheese") == [post_id]


async def test_deleted_post_is_gone_and_no_late_event_brings_it_back(world: World) -> None:
    created = world.post(world.alice, "a marmalade sandwich #lunch")
    post_id = world.last_post
    edited = world.edit(post_id, "more marmalade #lunch")
    deleted = world.delete(post_id)

    await world.consume(created)
    await world.consume(deleted)
    await world.consume(edited, created)

    assert await world.found("marmalade") == []
    assert await world.stores.hashtags.hashtags(["lunch"]) == {}


@pytest.mark.parametrize("seed", range(6))
async def test_index_is_right_after_events_in_any_order_and_repeated(
    world: World, seed: int
) -> None:
    dice = random.Random(seed)
    events = []
    for number in range(8):
        events.append(world.post(world.alice, f"word{number} #tag"))
        post_id = world.last_post
        if dice.random() < 0.6:
            events.append(world.edit(post_id, f"other{number}"))
        if dice.random() < 0.4:
            events.append(world.delete(post_id))
    given = events + dice.sample(events, 5)
    dice.shuffle(given)

    place = 0
    while place < len(given):
        size = dice.randint(1, 6)
        await world.consume(*given[place : place + size])
        place += size

    for number in range(8):
        right = {
            word: [id_ for id_, post in world.truth().items() if word in post.words]
            for word in (f"word{number}", f"other{number}")
        }
        assert {word: await world.found(word) for word in right} == right


async def test_deleted_account_takes_its_posts_along(world: World) -> None:
    await world.consume(world.register(world.alice, "alice"))
    await world.consume(world.post(world.alice, "a marmalade sandwich #lunch"))

    await world.consume(world.delete_user(world.alice))

    assert await world.found("marmalade") == []
    assert await world.found("marmalade", Viewer(user_id=world.alice)) == []
    assert await world.stores.hashtags.hashtags(["lunch"]) == {}
    assert await handles(world, "alice") == []


async def handles(world: World, text: str) -> list[int]:
    query = user_query(text)
    assert query is not None
    found = await world.stores.users.find(query, ANONYMOUS, after=None, limit=10)
    return [each.user_id for each in found]


async def test_profile_is_found_by_its_newest_version(world: World) -> None:
    registered = world.register(world.alice, "alice", display_name="Alice Liddell")
    renamed = world.update(world.alice, display_name="Queen Alice")

    await world.consume(renamed)
    await world.consume(registered)

    assert await handles(world, "queen") == [world.alice]
    assert await handles(world, "liddell") == []


async def test_account_that_becomes_protected_hides_its_posts_at_once(world: World) -> None:
    await world.consume(world.register(world.alice, "alice"))
    await world.consume(world.post(world.alice, "a marmalade sandwich #lunch"))
    post_id = world.last_post
    assert "lunch" in await world.stores.hashtags.hashtags(["lunch"])

    await world.consume(world.update(world.alice, protected=True))

    follower = Viewer(user_id=world.bob, following=frozenset({world.alice}))
    assert await world.found("marmalade") == []
    assert await world.found("marmalade", follower) == [post_id]
    assert await world.stores.hashtags.hashtags(["lunch"]) == {}


async def test_who_is_replied_to_but_not_named_in_a_private_post_finds_it_alone(
    world: World,
) -> None:
    await world.consume(world.post(world.bob, "what is for lunch?"))
    await world.consume(
        world.post(
            world.alice,
            "a marmalade sandwich",
            visibility=VISIBILITY_MENTIONED,
            reply_to_post_id=world.last_post,
            reply_to_author_id=world.bob,
        )
    )
    post_id = world.last_post

    assert await world.found("marmalade", Viewer(user_id=world.bob)) == [post_id]
    assert await world.found("marmalade", Viewer(user_id=world.new_id())) == []
    assert await world.found("marmalade") == []


async def test_reply_is_limited_by_the_audiences_above_it(world: World) -> None:
    limit = AudienceLimit(
        author_id=world.bob, visibility=VISIBILITY_FOLLOWERS, addressed_user_ids=[world.alice]
    )
    await world.consume(
        world.post(
            world.alice,
            "marmalade #lunch",
            reply_to_post_id=7,
            reply_to_author_id=world.bob,
            audience_limits=[limit],
        )
    )
    post_id = world.last_post

    follower = Viewer(user_id=world.new_id(), following=frozenset({world.bob}))
    assert await world.found("marmalade") == []
    assert await world.found("marmalade", follower) == [post_id]
    assert await world.stores.hashtags.hashtags(["lunch"]) == {}


async def test_protected_author_whom_no_event_reported_is_known_before_the_post_is_found(
    world: World,
) -> None:
    world.register(world.alice, "alice", protected=True)
    await world.consume(world.post(world.alice, "a marmalade sandwich"))

    assert await world.found("marmalade") == []
    assert await world.found("marmalade", Viewer(user_id=world.alice)) == [world.last_post]


async def test_authors_are_not_read_once_a_rebuild_has_read_all_users(world: World) -> None:
    world.register(world.alice, "alice", protected=True)
    await world.reindex()
    reads = world.user_service.reads

    await world.consume(world.post(world.alice, "a marmalade sandwich"))

    assert world.user_service.reads == reads
    assert await world.found("marmalade") == []


async def test_language_of_a_post_of_an_older_release_is_detected(world: World) -> None:
    await world.consume(
        world.post(world.alice, "Heute scheint in Hamburg endlich die Sonne", language="")
    )

    assert await world.found(Term("lang:de")) == [world.last_post]


async def test_counts_are_read_after_a_like_a_reply_a_quote_and_their_ends(world: World) -> None:
    await world.consume(world.post(world.alice, "a marmalade sandwich"))
    post_id = world.last_post
    post = world.post_service.posts[post_id]

    await world.consume(world.like(post_id, world.bob))
    await world.refresh()
    assert await world.counts(world.alice, post_id) == Counts(likes=1)

    post.counts.replies = 1
    await world.consume(
        world.post(world.bob, "yes", reply_to_post_id=post_id, reply_to_author_id=world.alice)
    )
    reply_id = world.last_post
    post.counts.quotes = 1
    await world.consume(world.post(world.bob, "look", quoted_post_id=post_id))
    await world.refresh()
    assert await world.counts(world.alice, post_id) == Counts(likes=1, replies=1, quotes=1)

    post.counts.replies = 0
    await world.consume(world.delete(reply_id))
    await world.refresh()
    assert await world.counts(world.alice, post_id) == Counts(likes=1, quotes=1)


async def test_relations_that_change_are_read_again_for_both_sides_of_a_block(
    world: World,
) -> None:
    alice, bob = sorted([world.alice, world.bob])
    for body, changed in (
        (users.FollowCreated(follower_id=alice, followee_id=bob), [alice]),
        (users.FollowRemoved(follower_id=alice, followee_id=bob), [alice]),
        (users.BlockCreated(blocker_id=alice, blocked_id=bob), [alice, bob]),
        (users.BlockRemoved(blocker_id=alice, blocked_id=bob), [alice, bob]),
        (users.MuteCreated(muter_id=alice, muted_id=bob), [alice]),
        (users.MuteRemoved(muter_id=alice, muted_id=bob), [alice]),
    ):
        world.viewer_changes.invalidated.clear()
        event = world.event(body)
        await world.consume(event)
        # A process may die between the commit and the invalidation.
        await world.consume(event)
        assert world.viewer_changes.invalidated == changed * 2


async def test_followers_are_counted_after_a_follow(world: World) -> None:
    await world.consume(world.register(world.alice, "alice"), world.register(world.bob, "alicia"))
    await world.refresh()
    world.user_service.users[world.bob].followers_count = 5

    followed = users.FollowCreated(follower_id=world.alice, followee_id=world.bob)
    await world.consume(world.event(followed))
    await world.refresh()

    assert await handles(world, "ali") == [world.bob, world.alice]


async def test_avatar_that_changes_is_no_matter_of_posts(world: World) -> None:
    medium = MediumMessage(id=5, etag="2", use=MEDIUM_USE_AVATAR, alt_text="me")
    body = media.MediumUpdated(medium=medium, changed_fields=["alt_text"])

    await world.consume(world.event(body))

    assert (
        await world.stores.refreshes.lease_rereads(
            now=world.clock.now(), lease_end=world.clock.now(), limit=1
        )
        == []
    )


async def test_likes_need_no_record_and_mark_a_post_once(world: World) -> None:
    await world.consume(world.post(world.alice, "a marmalade sandwich"))
    await world.consume(*(world.like(world.last_post, world.bob) for _ in range(50)))

    waiting = await world.stores.refreshes.count_waiting(world.clock.now())
    assert waiting[Subject.POST][0] == 1


@pytest.mark.parametrize("fault", [Killed, Unavailable])
async def test_worker_that_is_killed_between_any_two_steps_loses_nothing(
    world: World, fault: type[BaseException]
) -> None:
    for fatal in itertools.count(1):
        assert fatal < 100, "the batch does not end"
        await world.consume(world.register(world.new_id(), f"user{fatal}"))
        deleted = world.post(world.alice, f"gone{fatal} #tag{fatal}")
        deleted_id = world.last_post
        await world.consume(deleted)
        batch = [
            world.post(world.alice, f"kept{fatal} #tag{fatal}"),
            world.delete(deleted_id),
            world.like(world.last_post, world.bob),
        ]
        post_id = world.last_post
        steps = Steps(fatal, fault=fault)
        worker = world.another_worker(lambda inner, steps=steps: Stepping(inner, steps))

        with contextlib.suppress(Killed, Unavailable):
            await worker.consumer(batch)
        # The broker brings it again, to another worker.
        await world.consume(*batch)
        await world.refresh()

        assert await world.found(f"kept{fatal}") == [post_id]
        assert await world.found(f"gone{fatal}") == []
        assert await world.counts(world.alice, post_id) == Counts(likes=1)
        (use,) = (await world.stores.hashtags.hashtags([f"tag{fatal}"])).values()
        assert use.posts_count == 1
        if steps.taken < fatal:
            assert fatal > 5, "the batch has no steps"
            return


async def test_post_of_media_is_found_by_kind_and_description(world: World) -> None:
    await world.consume(
        world.post(world.alice, "lunch", media=[a_picture(5, "a marmalade sandwich")])
    )

    assert await world.found("marmalade") == [world.last_post]
    assert await world.found(Term("has:images")) == [world.last_post]


async def test_old_post_is_found_though_its_hashtags_count_no_more(world: World) -> None:
    created = world.post(world.alice, "a marmalade sandwich #lunch")
    world.clock.advance(timedelta(days=8))
    await world.consume(created)

    assert await world.found("marmalade") == [world.last_post]
    assert await world.stores.hashtags.hashtags(["lunch"]) == {}
