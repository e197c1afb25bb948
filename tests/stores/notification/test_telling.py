"""Who is told of what, and what is taken back; on every implementation of the store."""

import pytest
from roost.post.v1 import post_pb2

from services.chassis.runtime.clock import ManualClock
from services.notification.domain.model import Kind, Sender, Wish
from services.notification.domain.preferences import (
    mute_conversation,
    unmute_conversation,
    update,
    watch,
)
from services.notification.domain.store import NotificationStore
from tests.stores.notification.world import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    World,
    a_post,
    blocked,
    created,
    deleted,
    edited,
    followed,
    left,
    liked,
    muted,
    protects,
    reposted,
    request_removed,
    requested,
    session_ended,
    undone,
    unfollowed,
    unliked,
    unmuted,
)

FOLLOWERS, MENTIONED = post_pb2.VISIBILITY_FOLLOWERS, post_pb2.VISIBILITY_MENTIONED


async def wish(store: NotificationStore, user_id: int, kind: Kind, sender: Sender) -> None:
    async with store.transaction() as transaction:
        await update(transaction, user_id, wishes={kind: Wish(sender)}, email_digest=None, etag="")


async def test_everything_that_happens_to_somebody_is_told(world: World) -> None:
    post = world.post(ALICE)
    reply, quote = world.post(BOB, answers=post), world.post(CAROL, quotes=post)
    mention = world.post(DAVE, mentions=[ALICE])

    await world.hear(created(post))
    await world.hear(followed(BOB, ALICE), requested(CAROL, ALICE))
    await world.hear(followed(ALICE, DAVE, by_request=True))
    await world.hear(liked(BOB, post), reposted(CAROL, post))
    await world.hear(created(reply), created(quote, quoting=ALICE), created(mention))

    assert await world.told(ALICE) == [
        ("mention", mention.id, (DAVE,)),
        ("quote", quote.id, (CAROL,)),
        ("reply", reply.id, (BOB,)),
        ("repost", post.id, (CAROL,)),
        ("like", post.id, (BOB,)),
        ("follow_accepted", 0, (DAVE,)),
        ("follow_request", 0, (CAROL,)),
        ("follow", 0, (BOB,)),
    ]
    assert await world.told(DAVE) == []


async def test_nobody_is_told_of_their_own_deeds(world: World) -> None:
    post = world.post(ALICE, mentions=[ALICE])
    thread = world.post(ALICE, answers=post)

    await world.hear(created(post), created(thread, quoting=ALICE), liked(ALICE, post))

    assert await world.told(ALICE) == []


@pytest.mark.parametrize(
    ("quoting", "kind"), [(0, "reply"), (ALICE, "reply"), (BOB, "reply")], ids=str
)
async def test_an_answer_that_also_mentions_is_told_once(
    world: World, quoting: int, kind: str
) -> None:
    post = world.post(CAROL, answers=world.post(ALICE), mentions=[ALICE, DAVE])

    await world.hear(created(post, quoting=quoting))

    assert await world.told(ALICE) == [(kind, post.id, (CAROL,))]
    assert await world.told(DAVE) == [("mention", post.id, (CAROL,))]
    assert await world.told(BOB) == ([("quote", post.id, (CAROL,))] if quoting == BOB else [])


async def test_what_is_undone_is_taken_back(world: World) -> None:
    post = world.post(ALICE)
    answer = world.post(BOB, answers=post, mentions=[CAROL])
    await world.hear(created(answer), liked(BOB, post), reposted(BOB, post))
    await world.hear(followed(BOB, ALICE), requested(BOB, ALICE))
    await world.hear(followed(ALICE, BOB, by_request=True))

    await world.hear(unliked(BOB, post), undone(BOB, post), deleted(answer))
    await world.hear(unfollowed(BOB, ALICE), unfollowed(ALICE, BOB), request_removed(BOB, ALICE))

    assert await world.told(ALICE) == []
    assert await world.told(CAROL) == []


async def test_a_request_ends_with_the_follow_that_it_asked_for(world: World) -> None:
    await world.hear(requested(BOB, ALICE))

    await world.hear(followed(BOB, ALICE, by_request=True))

    assert await world.told(ALICE) == []
    assert await world.told(BOB) == [("follow_accepted", 0, (ALICE,))]


async def test_all_that_hangs_on_a_deleted_post_goes_with_it(world: World) -> None:
    post = world.post(ALICE, mentions=[CAROL, DAVE])
    await world.hear(created(post), liked(BOB, post), reposted(CAROL, post))

    await world.hear(deleted(post))

    assert [await world.told(each) for each in (ALICE, CAROL, DAVE)] == [[], [], []]


async def test_a_deletion_that_overtakes_what_hangs_on_the_post_still_wins(world: World) -> None:
    post = world.post(ALICE)
    await world.hear(deleted(post))

    await world.hear(liked(BOB, post), reposted(BOB, post))

    assert await world.told(ALICE) == []


async def test_edits_tell_those_newly_mentioned_and_take_back_the_others(world: World) -> None:
    answered = world.post(DAVE)
    post = world.post(ALICE, mentions=[BOB, DAVE], answers=answered)
    await world.hear(created(post))
    after = a_post(post.id, ALICE, mentions=[CAROL], answers=answered)

    await world.hear(edited(after, before=[BOB, DAVE]))
    await world.hear(edited(post, before=[CAROL]))
    await world.hear(edited(after, before=[BOB, DAVE]))

    assert await world.told(BOB) == []
    assert await world.told(CAROL) == [("mention", post.id, (ALICE,))]
    assert await world.told(DAVE) == [("reply", post.id, (ALICE,))]


async def test_nobody_is_told_across_a_block(world: World) -> None:
    post = world.post(ALICE)
    world.graph.blocks = {(ALICE, BOB), (CAROL, ALICE)}

    await world.hear(liked(BOB, post), liked(CAROL, post), liked(DAVE, post))

    assert await world.told(ALICE) == [("like", post.id, (DAVE,))]


async def test_a_block_takes_back_for_good_both_ways(world: World) -> None:
    of_alice, of_bob = world.post(ALICE), world.post(BOB)
    await world.hear(liked(BOB, of_alice), liked(CAROL, of_alice), liked(ALICE, of_bob))

    await world.hear(blocked(BOB, ALICE))

    assert await world.told(ALICE) == [("like", of_alice.id, (CAROL,))]
    assert await world.told(BOB) == []


async def test_a_mute_hides_and_unmuting_shows_again(world: World) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post), liked(CAROL, post), followed(BOB, ALICE))

    await world.hear(muted(ALICE, BOB))
    world.graph.mutes.add((ALICE, BOB))
    await world.hear(reposted(BOB, post))
    hidden = await world.told(ALICE)
    await world.hear(unmuted(ALICE, BOB))

    assert hidden == [("like", post.id, (CAROL,))]
    assert await world.told(ALICE) == [
        ("repost", post.id, (BOB,)),
        ("follow", 0, (BOB,)),
        ("like", post.id, (CAROL, BOB)),
    ]


async def test_a_muted_conversation_is_silent_until_it_is_unmuted(world: World) -> None:
    post = world.post(ALICE)
    answer = world.post(BOB, answers=post)
    later = world.post(CAROL, answers=answer, mentions=[ALICE])
    elsewhere = world.post(CAROL, mentions=[ALICE])
    await world.hear(created(answer), liked(BOB, post))

    async with world.store.transaction() as transaction:
        await mute_conversation(transaction, ALICE, post.id, clock=world.clock)
    await world.hear(created(later), created(elsewhere), liked(CAROL, post))
    silent = await world.told(ALICE)
    async with world.store.transaction() as transaction:
        await unmute_conversation(transaction, ALICE, post.id, clock=world.clock)

    assert silent == [("mention", elsewhere.id, (CAROL,))]
    assert await world.told(ALICE) == [
        ("like", post.id, (CAROL, BOB)),
        ("mention", elsewhere.id, (CAROL,)),
        ("mention", later.id, (CAROL,)),
        ("reply", answer.id, (BOB,)),
    ]


async def test_a_kind_is_told_of_those_whom_one_wishes_to_hear(
    world: World, store: NotificationStore
) -> None:
    post = world.post(ALICE)
    await wish(store, ALICE, Kind.LIKE, Sender.FOLLOWING)
    await wish(store, ALICE, Kind.REPOST, Sender.NOBODY)
    world.graph.follows.add((ALICE, BOB))

    await world.hear(liked(BOB, post), liked(CAROL, post), reposted(BOB, post))
    await wish(store, ALICE, Kind.LIKE, Sender.EVERYONE)
    await world.hear(liked(DAVE, post))

    assert await world.told(ALICE) == [("like", post.id, (DAVE, BOB))]


async def test_a_reply_one_does_not_wish_to_hear_of_may_be_a_mention(
    world: World, store: NotificationStore
) -> None:
    await wish(store, ALICE, Kind.REPLY, Sender.NOBODY)
    post = world.post(BOB, answers=world.post(ALICE), mentions=[ALICE])

    await world.hear(created(post))

    assert await world.told(ALICE) == [("mention", post.id, (BOB,))]


@pytest.mark.parametrize(
    ("visibility", "protected", "following", "told"),
    [
        (FOLLOWERS, False, False, {"mention"}),
        (FOLLOWERS, False, True, {"mention", "quote", "post"}),
        (MENTIONED, False, True, {"mention"}),
        (post_pb2.VISIBILITY_PUBLIC, True, False, set()),
        (post_pb2.VISIBILITY_PUBLIC, True, True, {"mention", "quote", "post"}),
        (MENTIONED, True, False, set()),
        (MENTIONED, True, True, {"mention"}),
    ],
)
async def test_nobody_is_told_of_a_post_that_they_may_not_see(
    world: World,
    store: NotificationStore,
    visibility: post_pb2.Visibility,
    protected: bool,
    following: bool,
    told: set[str],
) -> None:
    await world.hear(protects(BOB), protects(BOB, protected=protected))
    async with store.transaction() as transaction:
        await watch(transaction, DAVE, BOB, clock=world.clock)
    if following:
        world.graph.follows |= {(each, BOB) for each in (ALICE, CAROL, DAVE)}
    post = world.post(BOB, mentions=[ALICE], visibility=visibility)

    await world.hear(created(post, quoting=CAROL))

    heard = [await world.told(each) for each in (ALICE, CAROL, DAVE)]
    assert {kind for each in heard for kind, _, _ in each} == told


async def test_watchers_hear_of_new_posts_and_not_of_answers_to_others(
    world: World, store: NotificationStore
) -> None:
    for watcher in (ALICE, CAROL):
        async with store.transaction() as transaction:
            await watch(transaction, watcher, BOB, clock=world.clock)
    post = world.post(BOB, mentions=[CAROL])
    thread, answer = world.post(BOB, answers=post), world.post(BOB, answers=world.post(DAVE))

    await world.hear(created(post), created(thread), created(answer))

    assert await world.told(ALICE) == [("post", thread.id, (BOB,)), ("post", post.id, (BOB,))]
    assert await world.told(CAROL) == [("post", thread.id, (BOB,)), ("mention", post.id, (BOB,))]


async def test_a_transaction_tells_a_limited_number_of_people(
    store: NotificationStore, clock: ManualClock
) -> None:
    world = World(store, clock, at_once=5)
    likers, post = range(20, 32), world.post(ALICE)

    await world.hear(*(liked(each, post) for each in likers))

    assert [len(asked) for asked in world.graph.asked] == [5, 5, 2]
    (group,) = await world.groups(ALICE)
    assert group.count == len(likers)


async def test_a_block_ends_watching(world: World, store: NotificationStore) -> None:
    async with store.transaction() as transaction:
        await watch(transaction, ALICE, BOB, clock=world.clock)

    await world.hear(blocked(BOB, ALICE))
    await world.hear(created(world.post(BOB)))

    assert await world.told(ALICE) == []
    assert await store.watched(ALICE) == []


async def test_very_many_are_told_and_taken_back_in_steps(
    store: NotificationStore, clock: ManualClock
) -> None:
    watchers = range(1000, 1023)
    world = World(store, clock, at_once=5)
    for watcher in watchers:
        async with store.transaction() as transaction:
            await watch(transaction, watcher, BOB, clock=world.clock)
    post, other = world.post(BOB), world.post(BOB)

    events = await world.hear(created(post), created(other))
    await world.causes(events)
    both = [await world.told(each) for each in watchers]
    await world.hear(deleted(post))
    one = [await world.told(each) for each in watchers]
    await world.hear(left(BOB))

    news, olds = ("post", other.id, (BOB,)), ("post", post.id, (BOB,))
    assert all(sorted(each) == sorted([news, olds]) for each in both)
    assert one == [[news]] * len(watchers)
    assert [await world.told(each) for each in watchers] == [[]] * len(watchers)


async def test_nothing_is_left_of_somebody_who_leaves(
    world: World, store: NotificationStore
) -> None:
    post = world.post(ALICE)
    await world.hear(liked(BOB, post), liked(CAROL, post), followed(ALICE, BOB))
    await wish(store, BOB, Kind.LIKE, Sender.NOBODY)
    async with store.transaction() as transaction:
        await watch(transaction, ALICE, BOB, clock=world.clock)

    await world.hear(left(BOB))
    await world.hear(reposted(BOB, post), followed(CAROL, BOB))

    assert await world.told(ALICE) == [("like", post.id, (CAROL,))]
    assert await world.told(BOB) == []
    assert (await store.preferences(BOB)).wishes == {}
    assert await store.watched(ALICE) == []


async def test_an_ended_session_takes_its_devices_along(world: World) -> None:
    events = await world.hear(session_ended(ALICE, 7))
    await world.causes(events)

    async with world.store.transaction() as transaction:
        assert await transaction.session_ended(ALICE, 7)
        assert not await transaction.session_ended(ALICE, 8)


async def test_a_batch_asks_about_each_pair_once(world: World) -> None:
    post = world.post(ALICE)

    await world.hear(liked(BOB, post), reposted(BOB, post), liked(CAROL, post), unliked(BOB, post))

    assert world.graph.asked == [[(ALICE, BOB), (ALICE, CAROL)]]


async def watching(world: World, watcher_id: int, author_id: int) -> None:
    async with world.store.transaction() as transaction:
        await watch(transaction, watcher_id, author_id, clock=world.clock)


async def test_a_watcher_who_is_mentioned_by_an_edit_is_told_once(world: World) -> None:
    await watching(world, ALICE, BOB)
    post = world.post(BOB)
    await world.hear(created(post))
    post.entities.add(mention=post_pb2.Mention(user_id=ALICE))

    await world.hear(edited(post, before=[]))
    again = world.post(BOB)
    batched = a_post(again.id, BOB, mentions=[ALICE])
    await world.hear(created(again), edited(batched, before=[]))

    assert await world.told(ALICE) == [("post", again.id, (BOB,)), ("post", post.id, (BOB,))]


async def test_whoever_was_mentioned_is_not_told_as_a_watcher_later(world: World) -> None:
    mentioned = world.post(BOB, mentions=[ALICE])
    await world.hear(edited(mentioned, before=[]))
    await watching(world, ALICE, BOB)

    await world.hear(created(a_post(mentioned.id, BOB)))

    assert await world.told(ALICE) == [("mention", mentioned.id, (BOB,))]


async def test_an_account_that_opens_tells_both_of_the_follow(world: World) -> None:
    await world.hear(requested(BOB, ALICE))

    await world.hear(followed(BOB, ALICE, by_request=True, by_opening=True))

    assert await world.told(ALICE) == [("follow", 0, (BOB,))]
    assert await world.told(BOB) == [("follow_accepted", 0, (ALICE,))]


async def test_the_end_of_a_follow_ends_watching(world: World, store: NotificationStore) -> None:
    await watching(world, ALICE, BOB)
    await watching(world, CAROL, BOB)
    await watching(world, BOB, ALICE)

    await world.hear(unfollowed(ALICE, BOB))

    assert await store.watched(ALICE) == []
    assert await store.watched(CAROL) == [BOB]
    assert await store.watched(BOB) == [ALICE]


async def test_a_watch_that_began_after_the_follow_ended_goes_on(
    world: World, store: NotificationStore
) -> None:
    await watching(world, ALICE, BOB)
    late = world.event(unfollowed(ALICE, BOB))
    world.clock.advance(1)
    await watching(world, ALICE, BOB)

    await world.causes([late])

    assert await store.watched(ALICE) == [BOB]


async def test_an_account_that_becomes_protected_is_watched_by_its_followers_alone(
    store: NotificationStore, clock: ManualClock
) -> None:
    world = World(store, clock, at_once=2)
    watchers = [ALICE, *range(1000, 1005)]
    for each in watchers:
        await watching(world, each, BOB)
    world.graph.follows |= {(ALICE, BOB), (1003, BOB)}

    await world.hear(protects(BOB))

    assert await store.watchers(BOB, after=0, limit=10) == [ALICE, 1003]


async def test_an_account_that_opened_again_meanwhile_keeps_its_watchers(
    world: World, store: NotificationStore
) -> None:
    await watching(world, ALICE, BOB)

    await world.hear(protects(BOB), protects(BOB, protected=False))

    assert await store.watched(ALICE) == [BOB]


async def test_a_protected_person_who_changes_their_name_is_asked_nothing(world: World) -> None:
    await world.hear(protects(BOB))
    await watching(world, ALICE, BOB)
    renamed = protects(BOB)
    del renamed.changed_fields[:]
    renamed.changed_fields.append("display_name")

    await world.hear(renamed)

    assert world.graph.asked == []


@pytest.mark.parametrize("following", [False, True])
async def test_a_mention_under_a_protected_person_is_told_to_followers_alone(
    world: World, following: bool
) -> None:
    reply = world.post(CAROL, answers=world.post(BOB), mentions=[ALICE])
    reply.audience_limits.add(author_id=BOB, visibility=post_pb2.VISIBILITY_PUBLIC)
    if following:
        world.graph.follows.add((ALICE, BOB))

    await world.hear(protects(BOB))
    await world.hear(created(reply))

    assert await world.told(ALICE) == ([("mention", reply.id, (CAROL,))] if following else [])
    assert await world.told(BOB) == [("reply", reply.id, (CAROL,))]


async def test_a_mention_in_a_conversation_of_others_is_not_told(world: World) -> None:
    reply = world.post(CAROL, answers=world.post(BOB), mentions=[ALICE, DAVE], visibility=MENTIONED)
    reply.audience_limits.add(author_id=BOB, visibility=MENTIONED, addressed_user_ids=[CAROL, DAVE])

    await world.hear(created(reply))

    assert await world.told(ALICE) == []
    assert await world.told(DAVE) == [("mention", reply.id, (CAROL,))]
