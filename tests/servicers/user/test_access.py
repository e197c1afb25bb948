"""The access policy of every RPC of the service for every kind of caller."""

import pytest
from roost.user.v1 import auth_service_pb2, graph_service_pb2, user_service_pb2

from services.chassis.rpc.server import policies
from tests.servicers.access import (
    ANYONE,
    CALLERS,
    USER,
    admitted,
    assert_complete,
    expected,
    listed,
    services,
)
from tests.servicers.user.conftest import UserServiceStack

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
        "RedeemStreamTicket": services("gateway"),
        "ExtendStream": services("gateway"),
    },
    "UserService": {
        "GetUser": ANYONE,
        "GetUserByHandle": ANYONE,
        "BatchGetUsers": services("post", "notification", "media", "search"),
        "ScanUsers": services("search"),
        "UpdateUser": USER,
        "GetSettings": USER,
        "UpdateSettings": USER,
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
        "BatchGetPairRelationships": services("notification", "post", "gateway"),
        "ListFollowerIds": services("timeline"),
        "BatchListFollowerIds": services("timeline"),
        "ListFollowingIds": services("timeline"),
        "GetRelatedUserIds": services("search"),
    },
}


def test_the_matrix_covers_every_method(stack: UserServiceStack) -> None:
    assert_complete(policies(stack.mounts), listed("roost.user.v1", MATRIX), __file__)


@pytest.mark.parametrize("who", CALLERS)
async def test_only_those_are_let_in_whom_a_method_is_for(
    stack: UserServiceStack, who: str
) -> None:
    parts = {
        "AuthService": (stack.auth, auth_service_pb2),
        "UserService": (stack.users, user_service_pb2),
        "GraphService": (stack.graph, graph_service_pb2),
    }
    for service, methods in MATRIX.items():
        stub_for, messages = parts[service]

        found = await admitted(
            methods,
            stub_for(CALLERS[who]),
            messages,
        )

        assert found == expected(methods, who)
