"""What the worker does: counting, reconciling, and removing the relationships of deleted users."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY
from roost.post.v1 import post_events_pb2 as post_pb
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
    VISIBILITY_UNSPECIFIED,
    Post,
)
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import DeleteUserRequest, GetUserRequest, UpdateUserRequest

from services.chassis.events.records import Event, OutboxMessage, Undecodable
from services.chassis.runtime.errors import Unavailable
from services.user.domain.model import BackgroundTask, Counts
from services.user.domain.store import UserTransaction
from services.user.worker import background_tasks
from services.user.worker.consumer import UserConsumer
from services.user.worker.counters import Reconciler
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack
from tests.servicers.user.test_follows import follow, protect, relationship_of


def post_event(stack: UserServiceStack, body: Any, author: Actor) -> Event:
    message = OutboxMessage.of(topic="roost.post.v1", key=author.id, body=body)
    return Event.from_message(message, time=stack.clock.now(), traceparent=None)


def consumer(stack: UserServiceStack) -> UserConsumer:
    return UserConsumer(store=stack.store, user_cache=stack.user_cache, clock=stack.clock)


async def counts(stack: UserServiceStack, person: Actor) -> tuple[int, int, int]:
    user: User = (await stack.users().GetUser(GetUserRequest(user_id=person.id))).user
    return user.followers_count, user.following_count, user.posts_count


async def test_follows_are_counted_at_both_ends(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await counts(stack, bob)
    await follow(alice, bob)
    await follow(carol, bob)
    await follow(bob, alice)
    await carol.graph.Unfollow(pb.UnfollowRequest(user_id=bob.id))

    await consumer(stack)(stack.store.database.published)

    assert await counts(stack, bob) == (1, 1, 0)
    assert await counts(stack, alice) == (1, 1, 0)
    assert await counts(stack, carol) == (0, 0, 0)


async def test_an_event_that_comes_again_counts_once(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)
    published = list(stack.store.database.published)

    await consumer(stack)([*published, *published])
    await consumer(stack)(published)

    assert await counts(stack, bob) == (1, 0, 0)


async def test_posts_are_counted(stack: UserServiceStack, alice: Actor) -> None:
    created = [
        post_event(stack, post_pb.PostCreated(post=Post(id=n, author_id=alice.id)), alice)
        for n in (1, 2)
    ]
    deleted = post_event(stack, post_pb.PostDeleted(post_id=1, author_id=alice.id), alice)

    await consumer(stack)([*created, deleted])

    assert await counts(stack, alice) == (0, 0, 1)


@pytest.mark.parametrize(
    ("visibility", "counted"),
    [
        (VISIBILITY_PUBLIC, 1),
        (VISIBILITY_FOLLOWERS, 0),
        (VISIBILITY_MENTIONED, 0),
        # An event of a release without visibility, which counted every post.
        (VISIBILITY_UNSPECIFIED, 1),
    ],
)
async def test_only_public_posts_are_counted(
    stack: UserServiceStack, alice: Actor, visibility: Any, counted: int
) -> None:
    other = Post(id=1, author_id=alice.id, visibility=VISIBILITY_PUBLIC)
    post = Post(id=2, author_id=alice.id, visibility=visibility)
    created = [post_event(stack, post_pb.PostCreated(post=each), alice) for each in (other, post)]
    gone = post_pb.PostDeleted(post_id=2, author_id=alice.id, visibility=visibility)

    await consumer(stack)(created)
    with_it = await counts(stack, alice)
    await consumer(stack)([post_event(stack, gone, alice)])

    assert with_it == (0, 0, 1 + counted)
    assert await counts(stack, alice) == (0, 0, 1)


async def test_a_broken_event_is_named_and_changes_nothing(
    stack: UserServiceStack, alice: Actor
) -> None:
    good = post_event(stack, post_pb.PostCreated(post=Post(id=1, author_id=alice.id)), alice)
    broken = Event(
        event_id=good.event_id,
        topic=good.topic,
        key=good.key,
        type=good.type,
        time=good.time,
        payload=b"\xff\xff",
    )

    with pytest.raises(Undecodable):
        await consumer(stack)([good, broken])

    assert await counts(stack, alice) == (0, 0, 0)


async def test_the_total_of_ids_is_the_counter(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)
    await consumer(stack)(stack.store.database.published)

    ids = await stack.store.counts(bob.id)

    assert ids == Counts(followers=1)


async def test_an_old_profile_in_the_cache_is_removed_with_the_event(
    stack: UserServiceStack, alice: Actor
) -> None:
    await counts(stack, alice)
    tables = stack.store.database.tables
    tables.counts[alice.id] = Counts(followers=7)
    event = post_event(stack, events_pb.UserUpdated(user=User(id=alice.id)), alice)

    await consumer(stack)([event])

    assert await counts(stack, alice) == (7, 0, 0)


async def test_the_event_of_a_change_that_was_invalidated_invalidates_nothing(
    stack: UserServiceStack, alice: Actor
) -> None:
    await alice.users.UpdateUser(
        UpdateUserRequest(user=User(bio="Birds"), update_mask={"paths": ["bio"]})
    )
    assert stack.cache_invalidation.profiles == [alice.id]

    await consumer(stack)(stack.store.database.published)
    await consumer(stack)(stack.store.database.published)

    assert stack.cache_invalidation.profiles == [alice.id]


async def test_the_event_of_a_process_that_died_invalidates_other_services_after_the_own_cache(
    stack: UserServiceStack, alice: Actor
) -> None:
    old = await counts(stack, alice)
    stack.store.database.tables.counts[alice.id] = Counts(followers=7)
    body = events_pb.UserUpdated(user=User(id=alice.id))
    seen = []

    async def read(user_ids: Iterable[int], **_: object) -> None:
        # What another service would cache again now.
        seen.append(await counts(stack, alice))

    stack.cache_invalidation.invalidate_profiles = read  # type: ignore[method-assign]

    await consumer(stack)([post_event(stack, body, alice)])

    assert (old, seen) == ((0, 0, 0), [(7, 0, 0)])


async def test_counts_are_invalidated_as_counts_and_only_if_they_change(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    post = Post(id=1, author_id=alice.id)
    reply = Post(id=2, author_id=bob.id, reply_to_post_id=1)

    await consumer(stack)(
        [post_event(stack, post_pb.PostCreated(post=each), alice) for each in (post, reply)]
    )

    assert stack.cache_invalidation.counts == [alice.id]
    assert stack.cache_invalidation.profiles == []


async def test_counts_of_an_old_profile_in_the_cache_are_right_after_the_event_is_redelivered(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)
    published = list(stack.store.database.published)
    await consumer(stack)(published)
    right = stack.store.database.tables.counts[bob.id]
    stack.store.database.tables.counts[bob.id] = Counts()
    assert await counts(stack, bob) == (0, 0, 0)
    stack.store.database.tables.counts[bob.id] = right

    await consumer(stack)(published)

    assert await counts(stack, bob) == (1, 0, 0)


class Posts:
    """The Post service's counts of posts."""

    def __init__(self, counts_: Mapping[int, int]) -> None:
        self.counts = counts_

    async def __call__(self, user_ids: Sequence[int]) -> Mapping[int, int]:
        return {user_id: self.counts.get(user_id, 0) for user_id in user_ids}


async def at_once() -> None:
    """Stands in for the time that events take to settle."""


async def test_wrong_counters_are_set_right(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)
    stack.store.database.tables.counts[bob.id] = Counts(40, 2, 9)
    assert await counts(stack, bob) == (40, 2, 9)
    reconciler = Reconciler(
        store=stack.store,
        user_cache=stack.user_cache,
        count_posts=Posts({bob.id: 3}),
        settle=at_once,
    )

    before = {each: drifts(each) for each in ("followers", "following", "posts")}

    corrected = await reconciler.reconcile()

    assert corrected == 2
    assert {each: drifts(each) - before[each] for each in before} == {
        "followers": 1,
        "following": 2,
        "posts": 1,
    }
    assert await counts(stack, bob) == (1, 0, 3)
    assert await counts(stack, alice) == (0, 1, 0)
    assert await reconciler.reconcile() == 0


def drifts(counter: str) -> float:
    return REGISTRY.get_sample_value("roost_user_count_drifts_total", {"counter": counter}) or 0.0


async def test_counters_that_are_on_their_way_are_left_alone(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)

    async def settle() -> None:
        await consumer(stack)(stack.store.database.published)

    reconciler = Reconciler(
        store=stack.store, user_cache=stack.user_cache, count_posts=Posts({}), settle=settle
    )

    assert await reconciler.reconcile() == 0
    assert await counts(stack, bob) == (1, 0, 0)


async def test_without_the_post_service_the_rest_is_set_right(
    stack: UserServiceStack, bob: Actor
) -> None:
    stack.store.database.tables.counts[bob.id] = Counts(4, 4, 4)

    async def away(_: Sequence[int]) -> Mapping[int, int]:
        raise Unavailable

    reconciler = Reconciler(
        store=stack.store, user_cache=stack.user_cache, count_posts=away, settle=at_once
    )

    assert await reconciler.reconcile() == 1
    assert await counts(stack, bob) == (0, 0, 4)


async def test_everybody_is_looked_at_however_many_there_are(
    stack: UserServiceStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.user.worker.counters._SLICE", 2)
    user_queries = [await stack.register(f"robin{n}") for n in range(5)]
    for person in user_queries:
        stack.store.database.tables.counts[person.id] = Counts(9, 9, 9)
    reconciler = Reconciler(
        store=stack.store, user_cache=stack.user_cache, count_posts=Posts({}), settle=at_once
    )

    assert await reconciler.reconcile() == 5


async def test_a_task_of_one_user_that_always_fails_delays_no_other(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(alice, carol)
    await follow(bob, carol)
    for person in (alice, bob):
        stack.clock.advance(1)
        await person.users.DeleteUser(DeleteUserRequest(password=PASSWORD))
    worker = stack.background_tasks()
    removing = worker._remove_relationships

    async def failing(user_id: int, transaction: UserTransaction) -> None:
        if user_id == alice.id:
            raise OverflowError("a row that cannot be read")
        await removing(user_id, transaction)

    monkeypatch.setattr(worker, "_remove_relationships", failing)
    for _ in range(4):
        stack.clock.advance(1)
        await worker.step()

    removed = stack.events(events_pb.FollowRemoved)
    assert [each.follower_id for each in removed] == [bob.id]
    assert list(stack.store.database.tables.background_tasks) == [
        (BackgroundTask.REMOVE_RELATIONSHIPS, alice.id)
    ]


async def test_counters_of_one_user_that_cannot_be_corrected_keep_no_other_wrong(
    stack: UserServiceStack, alice: Actor, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = stack.store.database.tables
    for person in (alice, bob):
        tables.counts[person.id] = Counts(followers=9)
    reconciler = Reconciler(
        store=stack.store, user_cache=stack.user_cache, count_posts=no_posts, settle=at_once
    )
    correcting = reconciler._correct

    async def failing(seen: Mapping[int, Counts], right: Mapping[int, Counts]) -> int:
        if alice.id in seen:
            raise OverflowError("a row that cannot be read")
        return await correcting(seen, right)

    monkeypatch.setattr(reconciler, "_correct", failing)

    assert await reconciler.reconcile() == 1
    assert stack.store.database.tables.counts[bob.id] == Counts()


async def no_posts(_: Sequence[int]) -> Mapping[int, int]:
    return {}


async def test_the_relationships_of_a_deleted_user_are_removed_in_batches_with_their_events(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_tasks, "MAX_REMOVED", 2)
    await follow(alice, bob)
    await follow(bob, alice)
    await follow(carol, bob)
    await bob.graph.Mute(pb.MuteRequest(user_id=carol.id))
    await protect(carol)
    await follow(bob, carol)
    await consumer(stack)(stack.store.database.published)
    await bob.users.DeleteUser(DeleteUserRequest(password=PASSWORD))
    worker = stack.background_tasks()

    steps = 0
    while await worker.step():
        steps += 1
    await consumer(stack)(stack.store.database.published)

    assert steps == 5
    assert await relationship_of(alice, bob) == set()
    assert await relationship_of(carol, bob) == set()
    removed = stack.events(events_pb.FollowRemoved)
    assert {(each.follower_id, each.followee_id) for each in removed} == {
        (alice.id, bob.id),
        (bob.id, alice.id),
        (carol.id, bob.id),
    }
    assert len(stack.events(events_pb.FollowRequestRemoved)) == 1
    assert len(stack.events(events_pb.MuteRemoved)) == 1
    assert await counts(stack, alice) == (0, 0, 0)
    assert not stack.store.database.tables.background_tasks
