"""Who may call what: every RPC of the service and every kind of caller."""

from typing import Any

import pytest
from roost.user.v1 import auth_service_pb2, graph_service_pb2, user_service_pb2

from services.chassis.access import Policy
from services.chassis.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.errors import Forbidden, RoostError, Unauthenticated
from services.chassis.server import policies
from tests.servicers.serving import raises_reason
from tests.servicers.user.conftest import House

ANYONE, USER, SERVICE = Policy.ANYONE, Policy.USER, Policy.SERVICE

MATRIX = {
    "AuthService": {
        "Register": ANYONE,
        "Authenticate": ANYONE,
        "RefreshSession": ANYONE,
        "RevokeSession": USER,
        "ListSessions": USER,
        "ChangePassword": USER,
        "GetJwks": ANYONE,
        "ListRevokedSessions": ANYONE,
        "IssueStreamTicket": USER,
        "RedeemStreamTicket": SERVICE,
        "ExtendStream": SERVICE,
    },
    "UserService": {
        "GetUser": ANYONE,
        "GetUserByHandle": ANYONE,
        "BatchGetUsers": SERVICE,
        "UpdateUser": USER,
        "DeleteUser": USER,
    },
    "GraphService": {
        "Follow": USER,
        "Unfollow": USER,
        "ListFollowers": ANYONE,
        "ListFollowing": ANYONE,
        "ListFollowRequests": USER,
        "AcceptFollowRequest": USER,
        "RejectFollowRequest": USER,
        "Block": USER,
        "Unblock": USER,
        "ListBlocks": USER,
        "Mute": USER,
        "Unmute": USER,
        "ListMutes": USER,
        "BatchGetRelationships": USER,
        "BatchGetTies": SERVICE,
        "ListFollowerIds": SERVICE,
        "BatchListFollowerIds": SERVICE,
        "ListFollowingIds": SERVICE,
    },
}
TURNED_AWAY = {"TOKEN_MISSING", "CALLER_NOT_ALLOWED"}
METHODS = [
    (service, method, policy)
    for service, methods in MATRIX.items()
    for method, policy in methods.items()
]
CALLERS: dict[str, Caller] = {
    "stranger": ANONYMOUS,
    "person": UserCaller(5, 6),
    "service": ServiceCaller("post"),
}


def test_the_matrix_covers_every_method(house: House) -> None:
    expected = {f"/roost.user.v1.{service}/{method}": policy for service, method, policy in METHODS}

    assert policies(house.mounts) == expected


async def call(house: House, service: str, method: str, caller: Caller) -> None:
    stubs: dict[str, Any] = {
        "AuthService": (house.auth, auth_service_pb2),
        "UserService": (house.users, user_service_pb2),
        "GraphService": (house.graph, graph_service_pb2),
    }
    stub, messages = stubs[service]
    await getattr(stub(caller), method)(getattr(messages, f"{method}Request")())


async def reason(house: House, service: str, method: str, caller: Caller) -> str | None:
    try:
        await call(house, service, method, caller)
    except RoostError as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(("service", "method", "policy"), METHODS)
async def test_every_method_turns_the_wrong_callers_away(
    house: House, service: str, method: str, policy: Policy
) -> None:
    for kind, caller in CALLERS.items():
        if policy is ANYONE or policy.value == kind or (policy is USER and kind == "person"):
            # Let in: the empty request is refused, if at all, for what it lacks.
            assert await reason(house, service, method, caller) not in TURNED_AWAY
        elif kind == "stranger":
            with raises_reason(Unauthenticated, "TOKEN_MISSING"):
                await call(house, service, method, caller)
        else:
            with raises_reason(Forbidden, "CALLER_NOT_ALLOWED"):
                await call(house, service, method, caller)
