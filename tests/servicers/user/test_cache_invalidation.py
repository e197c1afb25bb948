"""Other services' caches are invalidated before a change is answered."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from roost.post.v1.profile_cache_service_pb2 import (
    InvalidateProfilesRequest,
    InvalidateProfilesResponse,
)
from roost.post.v1.profile_cache_service_pb2_grpc import (
    ProfileCacheServiceServicer,
    add_ProfileCacheServiceServicer_to_server,
)
from roost.user.v1 import graph_service_pb2 as pb
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import DeleteUserRequest, UpdateUserRequest
from structlog.testing import capture_logs

from services.chassis.auth import access_policy
from services.chassis.auth.tokens import ServiceIdentity
from services.chassis.events.records import new_event_id
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.user.adapters.post_client import MeshCacheInvalidation
from tests.servicers.grpc_server import SERVICE_KEYS, serving
from tests.servicers.user.conftest import Actor, UserServiceStack

Act = Callable[[Actor, Actor], Awaitable[object]]

ACTS: dict[str, Act] = {
    "follow": lambda me, other: me.graph.Follow(pb.FollowRequest(user_id=other.id)),
    "unfollow": lambda me, other: me.graph.Unfollow(pb.UnfollowRequest(user_id=other.id)),
    "block": lambda me, other: me.graph.Block(pb.BlockRequest(user_id=other.id)),
    "unblock": lambda me, other: me.graph.Unblock(pb.UnblockRequest(user_id=other.id)),
    "mute": lambda me, other: me.graph.Mute(pb.MuteRequest(user_id=other.id)),
    "unmute": lambda me, other: me.graph.Unmute(pb.UnmuteRequest(user_id=other.id)),
    "reject": lambda me, other: me.graph.RejectFollowRequest(
        pb.RejectFollowRequestRequest(user_id=other.id)
    ),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
async def test_every_act_on_a_pair_invalidates_caches(
    stack: UserServiceStack, alice: Actor, bob: Actor, act: Act
) -> None:
    await act(alice, bob)

    assert stack.cache_invalidation.pairs == [(alice.id, bob.id)]


async def test_accepting_a_request_invalidates_caches(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await bob.users.UpdateUser(
        UpdateUserRequest(user=User(protected=True), update_mask={"paths": ["protected"]})
    )
    await alice.graph.Follow(pb.FollowRequest(user_id=bob.id))
    stack.cache_invalidation.pairs.clear()

    await bob.graph.AcceptFollowRequest(pb.AcceptFollowRequestRequest(user_id=alice.id))

    assert stack.cache_invalidation.pairs == [(bob.id, alice.id)]


async def test_a_repeated_act_invalidates_caches_again(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    request = pb.BlockRequest(user_id=bob.id, request_id="once")
    await alice.graph.Block(request)

    await alice.graph.Block(request)

    assert stack.cache_invalidation.pairs == [(alice.id, bob.id)] * 2


async def test_changes_of_a_profile_invalidate_caches(
    stack: UserServiceStack, alice: Actor
) -> None:
    await alice.users.UpdateUser(
        UpdateUserRequest(user=User(bio="Birds"), update_mask={"paths": ["bio"]})
    )

    assert stack.cache_invalidation.profiles == [alice.id]


async def test_deleting_an_account_invalidates_caches(
    stack: UserServiceStack, alice: Actor
) -> None:
    await alice.users.DeleteUser(DeleteUserRequest(password=alice.password))

    assert stack.cache_invalidation.profiles == [alice.id]


PROFILE_ACTS: dict[str, Act] = {
    "update": lambda me, _: me.users.UpdateUser(
        UpdateUserRequest(user=User(bio="Birds"), update_mask={"paths": ["bio"]})
    ),
    "delete": lambda me, _: me.users.DeleteUser(DeleteUserRequest(password=me.password)),
    "protect": lambda me, _: me.users.UpdateUser(
        UpdateUserRequest(user=User(protected=True), update_mask={"paths": ["protected"]})
    ),
}


@pytest.mark.parametrize("name", [*ACTS, *PROFILE_ACTS])
async def test_every_act_names_the_events_that_it_published(
    stack: UserServiceStack, alice: Actor, bob: Actor, name: str
) -> None:
    prepare = {"unfollow": "follow", "unblock": "block", "unmute": "mute"}.get(name)
    if prepare is not None:
        await ACTS[prepare](alice, bob)
    if name == "block":
        await ACTS["follow"](alice, bob)
        await ACTS["follow"](bob, alice)
    known = len(stack.store.database.published)
    stack.cache_invalidation.event_ids.clear()

    await (ACTS | PROFILE_ACTS)[name](alice, bob)

    events = [each.event_id for each in stack.store.database.published[known:]]
    assert stack.cache_invalidation.event_ids == events
    assert bool(events) is (name != "reject")


async def test_a_repeated_act_names_no_events(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    requests = [
        lambda: alice.graph.Block(pb.BlockRequest(user_id=bob.id, request_id="once")),
        lambda: alice.users.UpdateUser(
            UpdateUserRequest(
                user=User(bio="Birds"), update_mask={"paths": ["bio"]}, request_id="again"
            )
        ),
    ]
    for send in requests:
        await send()
    stack.cache_invalidation.event_ids.clear()

    for send in requests:
        await send()

    assert stack.cache_invalidation.event_ids == []


class FakeProfileCache(ProfileCacheServiceServicer):
    """Records the requests."""

    def __init__(self) -> None:
        self.requests: list[InvalidateProfilesRequest] = []

    @access_policy.service("user")
    async def InvalidateProfiles(
        self, request: InvalidateProfilesRequest, context: Any
    ) -> InvalidateProfilesResponse:
        self.requests.append(request)
        return InvalidateProfilesResponse()


async def test_calls_have_at_most_16_events_and_1000_users() -> None:
    fake = FakeProfileCache()
    events = [new_event_id() for _ in range(17)]
    async with serving(MountedServicer(add_ProfileCacheServiceServicer_to_server, fake)) as served:
        identity = ServiceIdentity(SERVICE_KEYS["user"], clock=SystemClock())
        async with Mesh(served.address, identity=identity) as mesh:
            cache_invalidation = MeshCacheInvalidation(mesh)
            await cache_invalidation.invalidate_pair(1, 2, event_ids=events[:16])
            await cache_invalidation.invalidate_pair(1, 2, event_ids=events)
            await cache_invalidation.invalidate_profiles(range(1, 1_002), counts_only=True)

    few, many, first, rest = fake.requests
    assert list(few.event_ids) == [each.bytes for each in events[:16]]
    assert list(many.event_ids) == []
    assert [len(each.user_ids) for each in (first, rest)] == [1_000, 1]
    assert [each.counts_only for each in fake.requests] == [False, False, True, True]


async def test_no_change_fails_because_the_post_service_is_unavailable(
    stack: UserServiceStack,
) -> None:
    identity = ServiceIdentity(SERVICE_KEYS["user"], clock=stack.clock)
    async with Mesh("127.0.0.1:1", identity=identity) as nowhere:
        cache_invalidation = MeshCacheInvalidation(nowhere)

        with capture_logs() as logs:
            await cache_invalidation.invalidate_pair(1, 2)
            await cache_invalidation.invalidate_profiles([1])

    assert [each["event"] for each in logs] == ["cache_invalidation_failed"] * 2
