"""Lists of people, and reading many at once."""

from dataclasses import replace
from typing import Any

import pytest
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1.user_service_pb2 import (
    BatchGetUsersRequest,
    DeleteUserRequest,
    ScanUsersRequest,
)

from services.chassis.auth.caller import ANONYMOUS, Caller, ServiceCaller
from services.chassis.runtime.errors import Forbidden, Invalid, NotFound
from tests.builders.users import Scenario
from tests.servicers.grpc_server import raises_reason
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack
from tests.servicers.user.test_follows import follow, protect

POST, TIMELINE, NOTIFICATION, SEARCH = map(
    ServiceCaller, ("post", "timeline", "notification", "search")
)


async def followers(
    stack: UserServiceStack, person: Actor, caller: Caller = ANONYMOUS, **given: Any
) -> list[str]:
    response = await stack.graph(caller).ListFollowers(
        pb.ListFollowersRequest(user_id=person.id, **given)
    )
    return [user.handle for user in response.users]


async def test_followers_come_newest_first(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(bob, alice)
    await follow(carol, alice)

    assert await followers(stack, alice) == ["carol", "bob"]


async def test_lists_have_the_viewers_relationships(alice: Actor, bob: Actor, carol: Actor) -> None:
    await follow(bob, alice)
    await follow(carol, bob)

    response = await carol.graph.ListFollowers(pb.ListFollowersRequest(user_id=alice.id))

    (user,) = response.users
    assert user.viewer_relationship.following


async def test_pages_cover_a_list_once(stack: UserServiceStack, alice: Actor) -> None:
    others = [await stack.register(f"robin{n}") for n in range(7)]
    for other in others:
        await follow(alice, other)
    seen: list[str] = []
    token = ""

    while True:
        page = await stack.graph().ListFollowing(
            pb.ListFollowingRequest(user_id=alice.id, page_size=3, page_token=token)
        )
        seen += [user.handle for user in page.users]
        token = page.next_page_token
        if not token:
            break

    assert seen == [other.handle for other in reversed(others)]


async def test_a_token_does_not_serve_another_list(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(bob, alice)
    await follow(carol, alice)
    page = await stack.graph().ListFollowers(pb.ListFollowersRequest(user_id=alice.id, page_size=1))

    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        await stack.graph().ListFollowing(
            pb.ListFollowingRequest(user_id=alice.id, page_token=page.next_page_token)
        )
    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        await stack.graph().ListFollowers(
            pb.ListFollowersRequest(user_id=bob.id, page_token=page.next_page_token)
        )


async def test_users_with_a_block_between_them_and_the_viewer_are_left_out(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(bob, alice)
    await follow(carol, alice)
    viewer = await stack.register("viewer")
    await viewer.graph.Block(pb.BlockRequest(user_id=bob.id))
    await carol.graph.Block(pb.BlockRequest(user_id=viewer.id))

    assert await followers(stack, alice, viewer.caller) == []
    assert await followers(stack, alice) == ["carol", "bob"]


async def test_a_page_is_filled_up_where_users_are_left_out(
    stack: UserServiceStack, alice: Actor
) -> None:
    others = [await stack.register(f"robin{n}") for n in range(6)]
    for other in others:
        await follow(other, alice)
    viewer = await stack.register("viewer")
    for other in others[3:]:
        await viewer.graph.Block(pb.BlockRequest(user_id=other.id))

    assert await followers(stack, alice, viewer.caller, page_size=2) == ["robin2", "robin1"]


async def test_there_is_no_next_page_where_all_that_follow_are_left_out(
    stack: UserServiceStack, alice: Actor
) -> None:
    others = [await stack.register(f"robin{n}") for n in range(6)]
    for other in others:
        await follow(other, alice)
    viewer = await stack.register("viewer")
    for other in others[:3]:
        await viewer.graph.Block(pb.BlockRequest(user_id=other.id))
    stub = stack.graph(viewer.caller)

    page = await stub.ListFollowers(pb.ListFollowersRequest(user_id=alice.id, page_size=3))

    assert [user.handle for user in page.users] == ["robin5", "robin4", "robin3"]
    assert page.next_page_token == ""


async def test_lists_of_protected_accounts_are_for_followers_and_owners(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(bob, alice)
    await protect(alice)

    assert await followers(stack, alice, bob.caller) == ["bob"]
    assert await followers(stack, alice, alice.caller) == ["bob"]
    for caller in (ANONYMOUS, carol.caller):
        with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
            await followers(stack, alice, caller)
        with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
            await stack.graph(caller).ListFollowing(pb.ListFollowingRequest(user_id=alice.id))


async def test_lists_of_unknown_and_blocking_users_are_not_found(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await followers(stack, alice, bob.caller)
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await bob.graph.ListFollowing(pb.ListFollowingRequest(user_id=5))


async def test_requests_blocks_and_mutes_are_ones_own_lists(
    alice: Actor, bob: Actor, carol: Actor
) -> None:
    await protect(alice)
    await follow(bob, alice)
    await follow(carol, alice)
    waiting = await alice.graph.ListFollowRequests(pb.ListFollowRequestsRequest())
    await alice.graph.Block(pb.BlockRequest(user_id=bob.id))
    await alice.graph.Mute(pb.MuteRequest(user_id=carol.id))

    blocked = await alice.graph.ListBlocks(pb.ListBlocksRequest())
    muted = await alice.graph.ListMutes(pb.ListMutesRequest())
    nobody = await bob.graph.ListBlocks(pb.ListBlocksRequest())

    assert [user.handle for user in waiting.users] == ["carol", "bob"]
    assert [user.handle for user in blocked.users] == ["bob"]
    assert blocked.users[0].viewer_relationship.blocking
    assert [user.handle for user in muted.users] == ["carol"]
    assert not nobody.users


async def test_deleted_users_are_in_no_list(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(bob, alice)
    await follow(carol, alice)
    await alice.graph.Mute(pb.MuteRequest(user_id=bob.id))

    await bob.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    assert await followers(stack, alice) == ["carol"]
    assert not (await alice.graph.ListMutes(pb.ListMutesRequest())).users


async def test_relationships_come_in_request_order_and_unknown_users_have_none(
    alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(alice, bob)

    response = await alice.graph.BatchGetRelationships(
        pb.BatchGetRelationshipsRequest(user_ids=[carol.id, 5, bob.id, bob.id])
    )

    assert [(each.user_id, each.following) for each in response.relationships] == [
        (carol.id, False),
        (5, False),
        (bob.id, True),
        (bob.id, True),
    ]


async def test_services_read_the_relationships_of_pairs(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(alice, bob)
    await bob.graph.Mute(pb.MuteRequest(user_id=alice.id))
    await carol.graph.Block(pb.BlockRequest(user_id=alice.id))
    pairs = [(alice, bob), (bob, alice), (alice, carol), (carol, bob)]

    response = await stack.graph(NOTIFICATION).BatchGetPairRelationships(
        pb.BatchGetPairRelationshipsRequest(
            pairs=[pb.Pair(from_user_id=one.id, to_user_id=other.id) for one, other in pairs]
        )
    )

    assert [
        (each.following, each.muting, each.either_blocks) for each in response.relationships
    ] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (False, False, False),
    ]


async def test_ids_of_followers_are_paged_for_services(
    stack: UserServiceStack, alice: Actor
) -> None:
    others = [await stack.register(f"robin{n}") for n in range(5)]
    for other in others:
        await follow(other, alice)
    graph = stack.graph(TIMELINE)

    first = await graph.ListFollowerIds(pb.ListFollowerIdsRequest(user_id=alice.id, page_size=3))
    rest = await graph.ListFollowerIds(
        pb.ListFollowerIdsRequest(user_id=alice.id, after_id=first.user_ids[-1])
    )
    following = await graph.ListFollowingIds(pb.ListFollowingIdsRequest(user_id=others[0].id))

    assert (first.has_more, rest.has_more) == (True, False)
    assert [*first.user_ids, *rest.user_ids] == sorted(other.id for other in others)
    assert list(following.user_ids) == [alice.id]


async def test_first_pages_of_many_come_in_request_order(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    others = [await stack.register(f"robin{n}") for n in range(3)]
    for other in others:
        await follow(other, alice)
    await follow(alice, bob)

    response = await stack.graph(TIMELINE).BatchListFollowerIds(
        pb.BatchListFollowerIdsRequest(user_ids=[bob.id, 5, alice.id], page_size=2)
    )

    followers = sorted(other.id for other in others)
    assert [list(page.user_ids) for page in response.pages] == [[alice.id], [], followers[:2]]
    assert [page.has_more for page in response.pages] == [False, False, True]


async def batch(stack: UserServiceStack, **given: Any) -> Any:
    return (await stack.users(POST).BatchGetUsers(BatchGetUsersRequest(**given))).users


async def test_a_batch_has_each_user_once_in_order_of_id(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    users = await batch(
        stack,
        user_ids=[carol.id, alice.id, carol.id, 5],
        handles=["BOB", "alice", "nobody", "not a handle"],
    )

    assert [user.id for user in users] == sorted([alice.id, bob.id, carol.id])
    assert not any(user.HasField("viewer_relationship") for user in users)


async def test_a_batch_for_a_viewer_has_relationships_even_to_blockers(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await follow(alice, bob)
    await carol.graph.Block(pb.BlockRequest(user_id=alice.id))

    users = {
        user.handle: user.viewer_relationship
        for user in await batch(stack, user_ids=[alice.id, bob.id, carol.id], viewer_id=alice.id)
    }

    assert users["bob"].following
    assert users["carol"].blocked_by
    assert users["Alice"] == type(users["bob"])(user_id=alice.id)


async def test_an_empty_batch_is_empty(stack: UserServiceStack) -> None:
    assert not await batch(stack, viewer_id=5)


@pytest.mark.parametrize("count", [20, 200])
async def test_a_batch_costs_one_look_into_the_cache_and_one_query_whatever_its_size(
    stack: UserServiceStack, alice: Actor, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [user.id for user in await Scenario(stack.store, stack.clock).users(count)]
    await batch(stack, user_ids=ids)
    calls: list[str] = []

    def counted(target: Any, name: str) -> None:
        original = getattr(target, name)

        async def call(*args: Any, **given: Any) -> Any:
            calls.append(name)
            return await original(*args, **given)

        monkeypatch.setattr(target, name, call)

    counted(stack.user_cache, "get_many")
    for name in ("users", "ids_of_handles", "relationships_with"):
        counted(stack.store, name)

    users = await batch(stack, user_ids=ids, viewer_id=alice.id)

    assert len(users) == count
    assert sorted(calls) == ["get_many", "relationships_with"]


async def test_a_scan_pages_through_all_profiles(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    search = stack.users(SEARCH)

    first = await search.ScanUsers(ScanUsersRequest(page_size=2))
    rest = await search.ScanUsers(ScanUsersRequest(after_id=first.users[-1].id))

    assert (first.has_more, rest.has_more) == (True, False)
    found = [*first.users, *rest.users]
    assert [user.id for user in found] == sorted([alice.id, bob.id, carol.id])
    assert {user.handle for user in found} == {"Alice", "bob", "carol"}
    assert not any(user.HasField("viewer_relationship") for user in found)


async def test_a_scan_sees_the_last_change_of_a_profile(
    stack: UserServiceStack, alice: Actor
) -> None:
    await stack.user_cache.get_many([alice.id])
    async with stack.store.transaction() as transaction:
        user = await transaction.lock_user(alice.id)
        assert user is not None
        await transaction.save_profile(replace(user, bio="Birds"))

    response = await stack.users(SEARCH).ScanUsers(ScanUsersRequest())

    assert [user.bio for user in response.users] == ["Birds"]


async def test_related_users_of_a_viewer_are_read_at_once(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    dave = await stack.register("dave")
    await follow(alice, bob)
    await alice.graph.Mute(pb.MuteRequest(user_id=bob.id))
    await alice.graph.Block(pb.BlockRequest(user_id=carol.id))
    await dave.graph.Block(pb.BlockRequest(user_id=alice.id))

    response = await stack.graph(SEARCH).GetRelatedUserIds(
        pb.GetRelatedUserIdsRequest(user_id=alice.id)
    )

    assert list(response.following_ids) == [bob.id]
    assert list(response.muting_ids) == [bob.id]
    assert list(response.blocking_ids) == [carol.id]
    assert list(response.blocked_by_ids) == [dave.id]
