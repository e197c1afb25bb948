"""Who is notified of what, and what is withdrawn; on every implementation of the store."""

import pytest
from roost.post.v1 import post_pb2

from services.chassis.runtime.clock import ManualClock
from services.notification.domain.model import Kind, KindPreference, Sender
from services.notification.domain.preferences import (
    mute_conversation,
    unmute_conversation,
    update,
    watch,
)
from services.notification.domain.store import NotificationStore
from tests.stores.notification.scenario import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    Scenario,
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


async def kind_preference(
    store: NotificationStore, user_id: int, kind: Kind, sender: Sender
) -> None:
    async with store.transaction() as transaction:
        await update(
            transaction,
            user_id,
            kind_preferences={kind: KindPreference(sender)},
            email_digest=None,
            etag="",
        )


async def test_a_user_is_notified_of_every_kind(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    reply, quote = scenario.post(BOB, answers=post), scenario.post(CAROL, quotes=post)
    mention = scenario.post(DAVE, mentions=[ALICE])

    await scenario.handle(created(post))
    await scenario.handle(followed(BOB, ALICE), requested(CAROL, ALICE))
    await scenario.handle(followed(ALICE, DAVE, by_request=True))
    await scenario.handle(liked(BOB, post), reposted(CAROL, post))
    await scenario.handle(created(reply), created(quote, quoting=ALICE), created(mention))

    assert await scenario.listed(ALICE) == [
        ("mention", mention.id, (DAVE,)),
        ("quote", quote.id, (CAROL,)),
        ("reply", reply.id, (BOB,)),
        ("repost", post.id, (CAROL,)),
        ("like", post.id, (BOB,)),
        ("follow_accepted", 0, (DAVE,)),
        ("follow_request", 0, (CAROL,)),
        ("follow", 0, (BOB,)),
    ]
    assert await scenario.listed(DAVE) == []


async def test_nobody_is_notified_of_their_own_activity(scenario: Scenario) -> None:
    post = scenario.post(ALICE, mentions=[ALICE])
    thread = scenario.post(ALICE, answers=post)

    await scenario.handle(created(post), created(thread, quoting=ALICE), liked(ALICE, post))

    assert await scenario.listed(ALICE) == []


@pytest.mark.parametrize(
    ("quoting", "kind"), [(0, "reply"), (ALICE, "reply"), (BOB, "reply")], ids=str
)
async def test_a_reply_that_also_mentions_is_notified_once(
    scenario: Scenario, quoting: int, kind: str
) -> None:
    post = scenario.post(CAROL, answers=scenario.post(ALICE), mentions=[ALICE, DAVE])

    await scenario.handle(created(post, quoting=quoting))

    assert await scenario.listed(ALICE) == [(kind, post.id, (CAROL,))]
    assert await scenario.listed(DAVE) == [("mention", post.id, (CAROL,))]
    assert await scenario.listed(BOB) == ([("quote", post.id, (CAROL,))] if quoting == BOB else [])


async def test_what_is_undone_is_taken_back(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    answer = scenario.post(BOB, answers=post, mentions=[CAROL])
    await scenario.handle(created(answer), liked(BOB, post), reposted(BOB, post))
    await scenario.handle(followed(BOB, ALICE), requested(BOB, ALICE))
    await scenario.handle(followed(ALICE, BOB, by_request=True))

    await scenario.handle(unliked(BOB, post), undone(BOB, post), deleted(answer))
    await scenario.handle(
        unfollowed(BOB, ALICE), unfollowed(ALICE, BOB), request_removed(BOB, ALICE)
    )

    assert await scenario.listed(ALICE) == []
    assert await scenario.listed(CAROL) == []


async def test_a_request_ends_with_the_follow(scenario: Scenario) -> None:
    await scenario.handle(requested(BOB, ALICE))

    await scenario.handle(followed(BOB, ALICE, by_request=True))

    assert await scenario.listed(ALICE) == []
    assert await scenario.listed(BOB) == [("follow_accepted", 0, (ALICE,))]


async def test_all_that_hangs_on_a_deleted_post_goes_with_it(scenario: Scenario) -> None:
    post = scenario.post(ALICE, mentions=[CAROL, DAVE])
    await scenario.handle(created(post), liked(BOB, post), reposted(CAROL, post))

    await scenario.handle(deleted(post))

    assert [await scenario.listed(each) for each in (ALICE, CAROL, DAVE)] == [[], [], []]


async def test_a_deletion_that_overtakes_what_hangs_on_the_post_still_wins(
    scenario: Scenario,
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(deleted(post))

    await scenario.handle(liked(BOB, post), reposted(BOB, post))

    assert await scenario.listed(ALICE) == []


async def test_edits_notify_newly_mentioned_users_and_withdraw_the_others(
    scenario: Scenario,
) -> None:
    answered = scenario.post(DAVE)
    post = scenario.post(ALICE, mentions=[BOB, DAVE], answers=answered)
    await scenario.handle(created(post))
    after = a_post(post.id, ALICE, mentions=[CAROL], answers=answered)

    await scenario.handle(edited(after, before=[BOB, DAVE]))
    await scenario.handle(edited(post, before=[CAROL]))
    await scenario.handle(edited(after, before=[BOB, DAVE]))

    assert await scenario.listed(BOB) == []
    assert await scenario.listed(CAROL) == [("mention", post.id, (ALICE,))]
    assert await scenario.listed(DAVE) == [("reply", post.id, (ALICE,))]


async def test_nobody_is_notified_across_a_block(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    scenario.graph.blocks = {(ALICE, BOB), (CAROL, ALICE)}

    await scenario.handle(liked(BOB, post), liked(CAROL, post), liked(DAVE, post))

    assert await scenario.listed(ALICE) == [("like", post.id, (DAVE,))]


async def test_a_block_takes_back_for_good_both_ways(scenario: Scenario) -> None:
    of_alice, of_bob = scenario.post(ALICE), scenario.post(BOB)
    await scenario.handle(liked(BOB, of_alice), liked(CAROL, of_alice), liked(ALICE, of_bob))

    await scenario.handle(blocked(BOB, ALICE))

    assert await scenario.listed(ALICE) == [("like", of_alice.id, (CAROL,))]
    assert await scenario.listed(BOB) == []


async def test_a_mute_hides_and_unmuting_shows_again(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post), liked(CAROL, post), followed(BOB, ALICE))

    await scenario.handle(muted(ALICE, BOB))
    scenario.graph.mutes.add((ALICE, BOB))
    await scenario.handle(reposted(BOB, post))
    hidden = await scenario.listed(ALICE)
    await scenario.handle(unmuted(ALICE, BOB))

    assert hidden == [("like", post.id, (CAROL,))]
    assert await scenario.listed(ALICE) == [
        ("repost", post.id, (BOB,)),
        ("follow", 0, (BOB,)),
        ("like", post.id, (CAROL, BOB)),
    ]


async def test_a_muted_conversation_is_silent_until_it_is_unmuted(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    answer = scenario.post(BOB, answers=post)
    later = scenario.post(CAROL, answers=answer, mentions=[ALICE])
    elsewhere = scenario.post(CAROL, mentions=[ALICE])
    await scenario.handle(created(answer), liked(BOB, post))

    async with scenario.store.transaction() as transaction:
        await mute_conversation(transaction, ALICE, post.id, clock=scenario.clock)
    await scenario.handle(created(later), created(elsewhere), liked(CAROL, post))
    silent = await scenario.listed(ALICE)
    async with scenario.store.transaction() as transaction:
        await unmute_conversation(transaction, ALICE, post.id, clock=scenario.clock)

    assert silent == [("mention", elsewhere.id, (CAROL,))]
    assert await scenario.listed(ALICE) == [
        ("like", post.id, (CAROL, BOB)),
        ("mention", elsewhere.id, (CAROL,)),
        ("mention", later.id, (CAROL,)),
        ("reply", answer.id, (BOB,)),
    ]


async def test_a_kind_is_notified_for_the_preferred_senders(
    scenario: Scenario, store: NotificationStore
) -> None:
    post = scenario.post(ALICE)
    await kind_preference(store, ALICE, Kind.LIKE, Sender.FOLLOWING)
    await kind_preference(store, ALICE, Kind.REPOST, Sender.NOBODY)
    scenario.graph.follows.add((ALICE, BOB))

    await scenario.handle(liked(BOB, post), liked(CAROL, post), reposted(BOB, post))
    await kind_preference(store, ALICE, Kind.LIKE, Sender.EVERYONE)
    await scenario.handle(liked(DAVE, post))

    assert await scenario.listed(ALICE) == [("like", post.id, (DAVE, BOB))]


async def test_a_reply_that_the_preferences_exclude_may_be_a_mention(
    scenario: Scenario, store: NotificationStore
) -> None:
    await kind_preference(store, ALICE, Kind.REPLY, Sender.NOBODY)
    post = scenario.post(BOB, answers=scenario.post(ALICE), mentions=[ALICE])

    await scenario.handle(created(post))

    assert await scenario.listed(ALICE) == [("mention", post.id, (BOB,))]


@pytest.mark.parametrize(
    ("visibility", "protected", "following", "kinds"),
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
async def test_nobody_is_notified_of_a_post_that_they_may_not_see(
    scenario: Scenario,
    store: NotificationStore,
    visibility: post_pb2.Visibility,
    protected: bool,
    following: bool,
    kinds: set[str],
) -> None:
    await scenario.handle(protects(BOB), protects(BOB, protected=protected))
    async with store.transaction() as transaction:
        await watch(transaction, DAVE, BOB, clock=scenario.clock)
    if following:
        scenario.graph.follows |= {(each, BOB) for each in (ALICE, CAROL, DAVE)}
    post = scenario.post(BOB, mentions=[ALICE], visibility=visibility)

    await scenario.handle(created(post, quoting=CAROL))

    lists = [await scenario.listed(each) for each in (ALICE, CAROL, DAVE)]
    assert {kind for each in lists for kind, _, _ in each} == kinds


async def test_watchers_are_notified_of_new_posts_and_not_of_replies_to_others(
    scenario: Scenario, store: NotificationStore
) -> None:
    for watcher in (ALICE, CAROL):
        async with store.transaction() as transaction:
            await watch(transaction, watcher, BOB, clock=scenario.clock)
    post = scenario.post(BOB, mentions=[CAROL])
    thread, answer = (
        scenario.post(BOB, answers=post),
        scenario.post(BOB, answers=scenario.post(DAVE)),
    )

    await scenario.handle(created(post), created(thread), created(answer))

    assert await scenario.listed(ALICE) == [("post", thread.id, (BOB,)), ("post", post.id, (BOB,))]
    assert await scenario.listed(CAROL) == [
        ("post", thread.id, (BOB,)),
        ("mention", post.id, (BOB,)),
    ]


async def test_a_transaction_notifies_a_limited_number_of_users(
    store: NotificationStore, clock: ManualClock
) -> None:
    scenario = Scenario(store, clock, at_once=5)
    likers, post = range(20, 32), scenario.post(ALICE)

    await scenario.handle(*(liked(each, post) for each in likers))

    assert [len(requested) for requested in scenario.graph.requested] == [5, 5, 2]
    (group,) = await scenario.groups(ALICE)
    assert group.count == len(likers)


async def test_a_block_ends_watching(scenario: Scenario, store: NotificationStore) -> None:
    async with store.transaction() as transaction:
        await watch(transaction, ALICE, BOB, clock=scenario.clock)

    await scenario.handle(blocked(BOB, ALICE))
    await scenario.handle(created(scenario.post(BOB)))

    assert await scenario.listed(ALICE) == []
    assert await store.watched(ALICE) == []


async def test_very_many_are_notified_and_withdrawn_in_steps(
    store: NotificationStore, clock: ManualClock
) -> None:
    watchers = range(1000, 1023)
    scenario = Scenario(store, clock, at_once=5)
    for watcher in watchers:
        async with store.transaction() as transaction:
            await watch(transaction, watcher, BOB, clock=scenario.clock)
    post, other = scenario.post(BOB), scenario.post(BOB)

    events = await scenario.handle(created(post), created(other))
    await scenario.consume(events)
    both = [await scenario.listed(each) for each in watchers]
    await scenario.handle(deleted(post))
    one = [await scenario.listed(each) for each in watchers]
    await scenario.handle(left(BOB))

    newer, older = ("post", other.id, (BOB,)), ("post", post.id, (BOB,))
    assert all(sorted(each) == sorted([newer, older]) for each in both)
    assert one == [[newer]] * len(watchers)
    assert [await scenario.listed(each) for each in watchers] == [[]] * len(watchers)


async def test_nothing_is_left_of_somebody_who_leaves(
    scenario: Scenario, store: NotificationStore
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(liked(BOB, post), liked(CAROL, post), followed(ALICE, BOB))
    await kind_preference(store, BOB, Kind.LIKE, Sender.NOBODY)
    async with store.transaction() as transaction:
        await watch(transaction, ALICE, BOB, clock=scenario.clock)

    await scenario.handle(left(BOB))
    await scenario.handle(reposted(BOB, post), followed(CAROL, BOB))

    assert await scenario.listed(ALICE) == [("like", post.id, (CAROL,))]
    assert await scenario.listed(BOB) == []
    assert (await store.preferences(BOB)).kind_preferences == {}
    assert await store.watched(ALICE) == []


async def test_an_ended_session_takes_its_devices_along(scenario: Scenario) -> None:
    events = await scenario.handle(session_ended(ALICE, 7))
    await scenario.consume(events)

    async with scenario.store.transaction() as transaction:
        assert await transaction.session_ended(ALICE, 7)
        assert not await transaction.session_ended(ALICE, 8)


async def test_a_batch_queries_each_pair_once(scenario: Scenario) -> None:
    post = scenario.post(ALICE)

    await scenario.handle(
        liked(BOB, post), reposted(BOB, post), liked(CAROL, post), unliked(BOB, post)
    )

    assert scenario.graph.requested == [[(ALICE, BOB), (ALICE, CAROL)]]


async def watching(scenario: Scenario, watcher_id: int, author_id: int) -> None:
    async with scenario.store.transaction() as transaction:
        await watch(transaction, watcher_id, author_id, clock=scenario.clock)


async def test_a_watcher_who_is_mentioned_by_an_edit_is_notified_once(scenario: Scenario) -> None:
    await watching(scenario, ALICE, BOB)
    post = scenario.post(BOB)
    await scenario.handle(created(post))
    post.entities.add(mention=post_pb2.Mention(user_id=ALICE))

    await scenario.handle(edited(post, before=[]))
    again = scenario.post(BOB)
    batched = a_post(again.id, BOB, mentions=[ALICE])
    await scenario.handle(created(again), edited(batched, before=[]))

    assert await scenario.listed(ALICE) == [("post", again.id, (BOB,)), ("post", post.id, (BOB,))]


async def test_a_mentioned_user_is_not_notified_as_a_watcher_later(scenario: Scenario) -> None:
    mentioned = scenario.post(BOB, mentions=[ALICE])
    await scenario.handle(edited(mentioned, before=[]))
    await watching(scenario, ALICE, BOB)

    await scenario.handle(created(a_post(mentioned.id, BOB)))

    assert await scenario.listed(ALICE) == [("mention", mentioned.id, (BOB,))]


async def test_an_account_that_becomes_public_notifies_both_of_the_follow(
    scenario: Scenario,
) -> None:
    await scenario.handle(requested(BOB, ALICE))

    await scenario.handle(followed(BOB, ALICE, by_request=True, by_opening=True))

    assert await scenario.listed(ALICE) == [("follow", 0, (BOB,))]
    assert await scenario.listed(BOB) == [("follow_accepted", 0, (ALICE,))]


async def test_the_end_of_a_follow_ends_watching(
    scenario: Scenario, store: NotificationStore
) -> None:
    await watching(scenario, ALICE, BOB)
    await watching(scenario, CAROL, BOB)
    await watching(scenario, BOB, ALICE)

    await scenario.handle(unfollowed(ALICE, BOB))

    assert await store.watched(ALICE) == []
    assert await store.watched(CAROL) == [BOB]
    assert await store.watched(BOB) == [ALICE]


async def test_a_watch_that_began_after_the_follow_ended_goes_on(
    scenario: Scenario, store: NotificationStore
) -> None:
    await watching(scenario, ALICE, BOB)
    late = scenario.event(unfollowed(ALICE, BOB))
    scenario.clock.advance(1)
    await watching(scenario, ALICE, BOB)

    await scenario.consume([late])

    assert await store.watched(ALICE) == [BOB]


async def test_an_account_that_becomes_protected_is_watched_by_its_followers_alone(
    store: NotificationStore, clock: ManualClock
) -> None:
    scenario = Scenario(store, clock, at_once=2)
    watchers = [ALICE, *range(1000, 1005)]
    for each in watchers:
        await watching(scenario, each, BOB)
    scenario.graph.follows |= {(ALICE, BOB), (1003, BOB)}

    await scenario.handle(protects(BOB))

    assert await store.watchers(BOB, after=0, limit=10) == [ALICE, 1003]


async def test_an_account_that_became_public_again_keeps_its_watchers(
    scenario: Scenario, store: NotificationStore
) -> None:
    await watching(scenario, ALICE, BOB)

    await scenario.handle(protects(BOB), protects(BOB, protected=False))

    assert await store.watched(ALICE) == [BOB]


async def test_a_protected_user_who_changes_their_name_causes_no_query(
    scenario: Scenario,
) -> None:
    await scenario.handle(protects(BOB))
    await watching(scenario, ALICE, BOB)
    renamed = protects(BOB)
    del renamed.changed_fields[:]
    renamed.changed_fields.append("display_name")

    await scenario.handle(renamed)

    assert scenario.graph.requested == []


@pytest.mark.parametrize("following", [False, True])
async def test_a_mention_under_a_protected_user_is_notified_to_followers_only(
    scenario: Scenario, following: bool
) -> None:
    reply = scenario.post(CAROL, answers=scenario.post(BOB), mentions=[ALICE])
    reply.audience_limits.add(author_id=BOB, visibility=post_pb2.VISIBILITY_PUBLIC)
    if following:
        scenario.graph.follows.add((ALICE, BOB))

    await scenario.handle(protects(BOB))
    await scenario.handle(created(reply))

    assert await scenario.listed(ALICE) == ([("mention", reply.id, (CAROL,))] if following else [])
    assert await scenario.listed(BOB) == [("reply", reply.id, (CAROL,))]


async def test_a_mention_in_a_conversation_of_others_is_not_notified(scenario: Scenario) -> None:
    reply = scenario.post(
        CAROL, answers=scenario.post(BOB), mentions=[ALICE, DAVE], visibility=MENTIONED
    )
    reply.audience_limits.add(author_id=BOB, visibility=MENTIONED, addressed_user_ids=[CAROL, DAVE])

    await scenario.handle(created(reply))

    assert await scenario.listed(ALICE) == []
    assert await scenario.listed(DAVE) == [("mention", reply.id, (CAROL,))]
