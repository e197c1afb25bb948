"""pytest-grpc's fixtures serve async servicers behind the pipeline."""

from collections.abc import Callable
from typing import Any

import grpc.aio
import pytest
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import UpdateUserRequest, UpdateUserResponse
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    UserServiceStub,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth import access_policy, caller
from services.chassis.auth.caller import UserCaller


class WhoAmI(UserServiceServicer):
    @access_policy.user
    async def UpdateUser(self, request: UpdateUserRequest, context: Any) -> UpdateUserResponse:
        return UpdateUserResponse(user=User(id=caller.user().user_id))


@pytest.fixture
def grpc_servicer() -> WhoAmI:
    return WhoAmI()  # type: ignore[abstract]


@pytest.fixture
def grpc_add_to_server() -> Callable[[Any, Any], None]:
    return add_UserServiceServicer_to_server


@pytest.fixture
def grpc_without() -> frozenset[str]:
    return frozenset(UserServiceServicer.__dict__.keys() - {"UpdateUser"})


@pytest.fixture
def grpc_stub_cls() -> Callable[[Any], Any]:
    return UserServiceStub


@pytest.fixture
def grpc_caller() -> UserCaller:
    return UserCaller(user_id=42, session_id=1)


REQUEST = UpdateUserRequest(user=User(), update_mask={"paths": ["bio"]})


async def test_stub_calls_as_the_caller_of_the_module(grpc_stub: Any) -> None:
    answer = await grpc_stub.UpdateUser(REQUEST)

    assert answer.user.id == 42


async def test_channel_is_bare(grpc_channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await UserServiceStub(grpc_channel).UpdateUser(REQUEST)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
