"""Follows, follow requests, blocks and mutes."""

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import UpdateUserRequest

from services.chassis.runtime.errors import NotFound, RuleBroken, WrongState
from services.user.domain import follows
from tests.servicers.grpc_server import raises_reason
from tests.servicers.user.conftest import Actor, UserServiceStack


async def protect(person: Actor, *, protected: bool = True) -> None:
    await person.users.UpdateUser(
        UpdateUserRequest(
            user=User(protected=protected), update_mask=FieldMask(paths=["protected"])
        )
    )


async def follow(follower: Actor, followee: Actor) -> Any:
    response = await follower.graph.Follow(pb.FollowRequest(user_id=followee.id))
    return response.relationship


async def relationship_of(viewer: Actor, other: Actor) -> set[str]:
    """The names of the flags of the viewer's relationship with the other user."""
    response = await viewer.graph.BatchGetRelationships(
        pb.BatchGetRelationshipsRequest(user_ids=[other.id])
    )
    (relationship,) = response.relationships
    return {field.name for field, _ in relationship.ListFields()} - {"user_id"}


async def test_a_follow_is_seen_from_both_ends(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    relationship = await follow(alice, bob)

    assert (relationship.user_id, relationship.following) == (bob.id, True)
    assert await relationship_of(alice, bob) == {"following"}
    assert await relationship_of(bob, alice) == {"followed_by"}
    (event,) = stack.events(events_pb.FollowCreated)
    assert (event.follower_id, event.followee_id) == (alice.id, bob.id)
    assert not event.by_request


async def test_following_again_changes_nothing(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    first = await follow(alice, bob)

    again = await follow(alice, bob)

    assert again == first
    assert len(stack.events(events_pb.FollowCreated)) == 1


async def test_events_of_a_follow_have_the_follower_as_their_key(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)
    await bob.graph.Block(pb.BlockRequest(user_id=alice.id))

    keys = [
        (event.type.rpartition(".")[2], int(event.key))
        for event in stack.store.database.published
        if "Registered" not in event.type
    ]

    assert keys == [
        ("FollowCreated", alice.id),
        ("FollowRemoved", alice.id),
        ("BlockCreated", bob.id),
    ]


async def test_unfollowing_ends_it_and_may_be_repeated(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)

    for _ in range(2):
        response = await alice.graph.Unfollow(pb.UnfollowRequest(user_id=bob.id))
        assert not response.relationship.following

    assert await relationship_of(bob, alice) == set()
    assert len(stack.events(events_pb.FollowRemoved)) == 1


async def test_one_does_nothing_to_oneself(alice: Actor) -> None:
    with raises_reason(RuleBroken, "CANNOT_FOLLOW_SELF"):
        await follow(alice, alice)
    with raises_reason(RuleBroken, "CANNOT_BLOCK_SELF"):
        await alice.graph.Block(pb.BlockRequest(user_id=alice.id))
    with raises_reason(RuleBroken, "CANNOT_MUTE_SELF"):
        await alice.graph.Mute(pb.MuteRequest(user_id=alice.id))


@pytest.mark.parametrize("act", ["Follow", "Unfollow", "Block", "Unblock", "Mute", "Unmute"])
async def test_unknown_users_are_not_found(alice: Actor, act: str) -> None:
    request = getattr(pb, f"{act}Request")(user_id=5)

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await getattr(alice.graph, act)(request)


async def test_blocked_users_do_not_find_the_blocker(alice: Actor, bob: Actor) -> None:
    await bob.graph.Block(pb.BlockRequest(user_id=alice.id))

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await follow(alice, bob)


async def test_a_blocker_has_to_unblock_before_following(alice: Actor, bob: Actor) -> None:
    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))

    with raises_reason(WrongState, "BLOCKING"):
        await follow(alice, bob)

    await alice.graph.Unblock(pb.UnblockRequest(user_id=bob.id))
    assert (await follow(alice, bob)).following


async def test_a_user_follows_at_most_the_maximum_number_of_users(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follows, "MAX_FOLLOWS", 2)
    dave = await stack.register("dave")
    await protect(bob)
    await follow(alice, bob)
    await follow(alice, carol)

    with raises_reason(WrongState, "TOO_MANY_FOLLOWS"):
        await follow(alice, dave)

    assert (await follow(alice, carol)).following
    await alice.graph.Unfollow(pb.UnfollowRequest(user_id=bob.id))
    assert (await follow(alice, dave)).following


def test_the_limit_is_that_of_the_contract() -> None:
    assert follows.MAX_FOLLOWS == 7500


async def test_following_a_protected_account_sends_a_request(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await protect(bob)

    relationship = await follow(alice, bob)
    again = await follow(alice, bob)

    assert (relationship.follow_requested, relationship.following) == (True, False)
    assert again == relationship
    assert await relationship_of(bob, alice) == {"follow_requested_by"}
    assert len(stack.events(events_pb.FollowRequested)) == 1
    assert stack.events(events_pb.FollowCreated) == []


async def test_an_accepted_request_is_a_follow(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await protect(bob)
    await follow(alice, bob)
    accept = pb.AcceptFollowRequestRequest(user_id=alice.id)

    response = await bob.graph.AcceptFollowRequest(accept)
    again = await bob.graph.AcceptFollowRequest(accept)

    assert response.relationship.followed_by
    assert not response.relationship.follow_requested_by
    assert again == response
    assert await relationship_of(alice, bob) == {"following"}
    (event,) = stack.events(events_pb.FollowCreated)
    assert event.by_request
    assert not event.by_opening
    assert stack.events(events_pb.FollowRequestRemoved) == []


async def test_only_who_waits_can_be_accepted(alice: Actor, bob: Actor) -> None:
    with raises_reason(NotFound, "FOLLOW_REQUEST_NOT_FOUND"):
        await bob.graph.AcceptFollowRequest(pb.AcceptFollowRequestRequest(user_id=alice.id))
    with raises_reason(NotFound, "FOLLOW_REQUEST_NOT_FOUND"):
        await bob.graph.AcceptFollowRequest(pb.AcceptFollowRequestRequest(user_id=5))


async def test_nobody_accepts_a_request_on_anothers_behalf(
    alice: Actor, bob: Actor, carol: Actor
) -> None:
    await protect(bob)
    await follow(alice, bob)

    with raises_reason(NotFound, "FOLLOW_REQUEST_NOT_FOUND"):
        await carol.graph.AcceptFollowRequest(pb.AcceptFollowRequestRequest(user_id=alice.id))
    with raises_reason(NotFound, "FOLLOW_REQUEST_NOT_FOUND"):
        await alice.graph.AcceptFollowRequest(pb.AcceptFollowRequestRequest(user_id=bob.id))


async def test_a_rejected_request_is_gone(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await protect(bob)
    await follow(alice, bob)
    reject = pb.RejectFollowRequestRequest(user_id=alice.id)

    await bob.graph.RejectFollowRequest(reject)
    await bob.graph.RejectFollowRequest(reject)

    assert await relationship_of(alice, bob) == set()
    assert len(stack.events(events_pb.FollowRequestRemoved)) == 1
    with raises_reason(NotFound, "FOLLOW_REQUEST_NOT_FOUND"):
        await bob.graph.AcceptFollowRequest(pb.AcceptFollowRequestRequest(user_id=alice.id))


async def test_unfollowing_withdraws_a_request(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await protect(bob)
    await follow(alice, bob)

    await alice.graph.Unfollow(pb.UnfollowRequest(user_id=bob.id))

    assert await relationship_of(bob, alice) == set()
    assert len(stack.events(events_pb.FollowRequestRemoved)) == 1


async def test_followers_from_before_stay_when_somebody_protects_the_account(
    alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)

    await protect(bob)

    assert await relationship_of(alice, bob) == {"following"}


async def test_turning_protected_off_accepts_who_waits(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await protect(bob)
    await follow(alice, bob)
    await follow(carol, bob)

    await protect(bob, protected=False)

    assert await relationship_of(alice, bob) == {"following"}
    assert await relationship_of(carol, bob) == {"following"}
    created = stack.events(events_pb.FollowCreated)
    assert [(each.follower_id, each.by_request, each.by_opening) for each in created] == [
        (alice.id, True, True),
        (carol.id, True, True),
    ]


async def test_the_worker_accepts_those_beyond_the_first(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follows, "MAX_ACCEPTED", 1)
    await protect(bob)
    await follow(alice, bob)
    await follow(carol, bob)
    await protect(bob, protected=False)
    assert await relationship_of(carol, bob) == {"follow_requested"}

    background_tasks = stack.background_tasks()
    while await background_tasks.step():
        pass

    assert await relationship_of(carol, bob) == {"following"}
    assert not stack.store.database.tables.background_tasks


async def test_the_worker_accepts_nobody_once_the_account_is_protected_again(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follows, "MAX_ACCEPTED", 1)
    await protect(bob)
    await follow(alice, bob)
    await follow(carol, bob)
    await protect(bob, protected=False)
    await protect(bob)

    background_tasks = stack.background_tasks()
    while await background_tasks.step():
        pass

    assert await relationship_of(carol, bob) == {"follow_requested"}


async def test_a_repeated_request_is_a_follow_once_the_account_is_not_protected(
    alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follows, "MAX_ACCEPTED", 1)
    await protect(bob)
    await follow(alice, bob)
    await follow(carol, bob)
    await protect(bob, protected=False)

    assert (await follow(carol, bob)).following
    assert await relationship_of(carol, bob) == {"following"}


async def test_a_block_ends_follows_both_ways(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)
    await follow(bob, alice)

    response = await alice.graph.Block(pb.BlockRequest(user_id=bob.id))
    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))

    assert response.relationship.blocking
    assert await relationship_of(alice, bob) == {"blocking"}
    assert await relationship_of(bob, alice) == {"blocked_by"}
    removed = stack.events(events_pb.FollowRemoved)
    assert {each.follower_id for each in removed} == {alice.id, bob.id}
    assert len(stack.events(events_pb.BlockCreated)) == 1


async def test_a_block_ends_requests_both_ways(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await protect(alice)
    await protect(bob)
    await follow(alice, bob)
    await follow(bob, alice)

    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))

    assert await relationship_of(alice, bob) == {"blocking"}
    assert len(stack.events(events_pb.FollowRequestRemoved)) == 2


async def test_one_may_block_who_blocks_oneself(alice: Actor, bob: Actor) -> None:
    await bob.graph.Block(pb.BlockRequest(user_id=alice.id))

    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))

    assert await relationship_of(alice, bob) == {"blocking", "blocked_by"}


async def test_follows_do_not_come_back_with_the_end_of_a_block(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(bob, alice)
    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))

    for _ in range(2):
        await alice.graph.Unblock(pb.UnblockRequest(user_id=bob.id))

    assert await relationship_of(alice, bob) == set()
    assert len(stack.events(events_pb.BlockRemoved)) == 1


async def test_a_mute_is_known_to_the_one_who_mutes_alone(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await follow(alice, bob)

    for _ in range(2):
        await alice.graph.Mute(pb.MuteRequest(user_id=bob.id))

    assert await relationship_of(alice, bob) == {"following", "muting"}
    assert await relationship_of(bob, alice) == {"followed_by"}
    assert len(stack.events(events_pb.MuteCreated)) == 1
    for _ in range(2):
        await alice.graph.Unmute(pb.UnmuteRequest(user_id=bob.id))
    assert await relationship_of(alice, bob) == {"following"}
    assert len(stack.events(events_pb.MuteRemoved)) == 1


async def test_a_repeated_act_is_answered_as_the_first_time(alice: Actor, bob: Actor) -> None:
    request = pb.FollowRequest(user_id=bob.id, request_id="f-1")
    first = await alice.graph.Follow(request)
    await alice.graph.Unfollow(pb.UnfollowRequest(user_id=bob.id))

    again = await alice.graph.Follow(request)

    assert again == first
    assert await relationship_of(alice, bob) == set()
