"""What every RPC goes through, seen from the other end of a real channel."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from roost.notification.v1.event_service_pb2 import (
    Attached,
    AttachRequest,
    AttachResponse,
    AttachUser,
)
from roost.notification.v1.event_service_pb2_grpc import (
    EventServiceServicer,
    EventServiceStub,
    add_EventServiceServicer_to_server,
)
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import (
    BatchGetUsersRequest,
    BatchGetUsersResponse,
    DeleteUserRequest,
    DeleteUserResponse,
    GetUserByHandleRequest,
    GetUserByHandleResponse,
    GetUserRequest,
    GetUserResponse,
    UpdateUserRequest,
    UpdateUserResponse,
)
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    UserServiceStub,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth import access_policy, caller
from services.chassis.auth.caller import (
    ANONYMOUS,
    Caller,
    Kind,
    Policy,
    ServiceCaller,
    UserCaller,
)
from services.chassis.rpc import pipeline
from services.chassis.rpc.server import MountedServicer, Server, policies
from services.chassis.runtime import deadline, logs, telemetry
from services.chassis.runtime.errors import (
    DeadlineExceeded,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unimplemented,
    Violation,
)
from tests.servicers.grpc_server import (
    Served,
    eventually,
    raises_reason,
    serving,
    token_of,
    verifier,
)
from tests.waiting import LIMIT

ALICE = UserCaller(user_id=1, session_id=10)
POST = ServiceCaller("post")

GET = "/roost.user.v1.UserService/GetUser"


class UserNotFound(NotFound):
    reason = "USER_NOT_FOUND"
    message = "There is no such person."


class Users(UserServiceServicer):
    """Does in GetUser what the test says; the other methods are there for their policies."""

    def __init__(self) -> None:
        self.act: Callable[[GetUserRequest], Awaitable[object]] = self.nothing
        self.calls = 0

    async def nothing(self, _: GetUserRequest) -> None:
        pass

    @access_policy.anyone
    async def GetUser(self, request: GetUserRequest, context: Any) -> GetUserResponse:
        self.calls += 1
        await self.act(request)
        return GetUserResponse(user=User(id=request.user_id))

    @access_policy.user
    async def UpdateUser(self, request: UpdateUserRequest, context: Any) -> UpdateUserResponse:
        return UpdateUserResponse(user=User(id=caller.user().user_id))

    @access_policy.service("post")
    async def BatchGetUsers(
        self, request: BatchGetUsersRequest, context: Any
    ) -> BatchGetUsersResponse:
        return BatchGetUsersResponse()

    @access_policy.user_or_service("post")
    async def DeleteUser(self, request: DeleteUserRequest, context: Any) -> DeleteUserResponse:
        return DeleteUserResponse()

    async def GetUserByHandle(
        self, request: GetUserByHandleRequest, context: Any
    ) -> GetUserByHandleResponse:
        raise AssertionError("not offered")


OFFERED = {"GetUser", "UpdateUser", "BatchGetUsers", "DeleteUser"}


def mount(users: Users, *, also: str = "") -> MountedServicer:
    others = frozenset(UserServiceServicer.__dict__.keys() - OFFERED - {also})
    return MountedServicer(add_UserServiceServicer_to_server, users, without=others)


@pytest.fixture
def users() -> Users:
    return Users()


@pytest.fixture
async def served(users: Users) -> AsyncIterator[Served]:
    async with serving(mount(users)) as served:
        yield served


# --- errors


async def test_named_error_arrives_as_its_kind_with_reason_and_metadata(
    users: Users, served: Served
) -> None:
    async def refuse(_: GetUserRequest) -> None:
        raise UserNotFound(metadata={"user_id": "5"})

    users.act = refuse

    with raises_reason(NotFound, "USER_NOT_FOUND") as caught:
        await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=5))

    assert caught.value.metadata == {"user_id": "5"}
    assert caught.value.message == "There is no such person."


async def test_unforeseen_error_says_nothing_and_is_logged_with_its_trace(
    users: Users, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    async def break_down(_: GetUserRequest) -> None:
        raise KeyError("password of alice")

    users.act = break_down
    logs.configure(service="user")

    with telemetry.joined() as trace, raises_reason(Internal, "INTERNAL") as caught:
        await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=5))

    (line,) = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert "alice" not in str(caught.value)
    assert (line["event"], line["level"]) == ("rpc_failed", "error")
    assert (line["method"], line["trace_id"]) == (GET, trace.trace_id)
    assert "KeyError: 'password of alice'" in line["exception"]


async def test_refusals_are_not_logged(
    users: Users, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(service="user")

    with pytest.raises(Invalid):
        await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=-1))

    assert capsys.readouterr().out == ""


# --- who may call


@pytest.mark.parametrize("who", [ANONYMOUS, ALICE, POST], ids=["stranger", "person", "service"])
async def test_servicer_knows_its_caller(users: Users, served: Served, who: Caller) -> None:
    seen: list[tuple[Caller, bool]] = []

    async def look(_: GetUserRequest) -> None:
        seen.append((caller.current(), caller.token() is not None))

    users.act = look

    await served.stub(UserServiceStub, caller=who).GetUser(GetUserRequest(user_id=5))

    assert seen == [(who, who is not ANONYMOUS)]


async def test_caller_of_one_call_is_not_that_of_the_next(users: Users, served: Served) -> None:
    seen: list[int | None] = []

    async def look(_: GetUserRequest) -> None:
        await asyncio.sleep(0)
        seen.append(caller.viewer_id())

    users.act = look
    callers = [UserCaller(n, n) if n % 2 else ANONYMOUS for n in range(1, 21)]

    await asyncio.gather(
        *(
            served.stub(UserServiceStub, caller=each).GetUser(GetUserRequest(user_id=1))
            for each in callers
        )
    )

    assert sorted(seen, key=str) == sorted([*range(1, 21, 2), *[None] * 10], key=str)


MATRIX = [
    ("GetUser", GetUserRequest(user_id=1), {"stranger", "person", "service"}),
    (
        "UpdateUser",
        UpdateUserRequest(user=User(), update_mask=FieldMask(paths=["bio"])),
        {"person"},
    ),
    ("BatchGetUsers", BatchGetUsersRequest(), {"service"}),
    ("DeleteUser", DeleteUserRequest(password="correct horse"), {"person", "service"}),
]


@pytest.mark.parametrize(("method", "request_", "allowed"), MATRIX, ids=[row[0] for row in MATRIX])
async def test_policy_decides_who_may_call(
    served: Served, method: str, request_: Any, allowed: set[str]
) -> None:
    callers: dict[str, Caller] = {"stranger": ANONYMOUS, "person": ALICE, "service": POST}

    for name, who in callers.items():
        call = getattr(served.stub(UserServiceStub, caller=who), method)
        if name in allowed:
            await call(request_)
        elif who is ANONYMOUS:
            with raises_reason(Unauthenticated, "TOKEN_MISSING"):
                await call(request_)
        else:
            with raises_reason(Forbidden, "CALLER_NOT_ALLOWED"):
                await call(request_)


@pytest.mark.parametrize(
    "metadata",
    [
        [("authorization", "Bearer nonsense")],
        [("authorization", "Bearer ")],
        [("authorization", "Basic YWxpY2U6cGFzc3dvcmQ=")],
        [("authorization", "")],
        [("authorization", f"Bearer {token_of(ALICE)}"), ("authorization", "Bearer x")],
    ],
)
async def test_bad_credentials_are_refused_even_where_strangers_may_call(
    users: Users, served: Served, metadata: Any
) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await UserServiceStub(channel).GetUser(GetUserRequest(user_id=1), metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert users.calls == 0


async def test_token_is_checked_before_the_request_is_read(users: Users, served: Served) -> None:
    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await served.stub_with_token(UserServiceStub, "x").GetUser(GetUserRequest(user_id=-1))


def test_method_without_a_policy_keeps_the_process_from_starting(users: Users) -> None:
    careless = mount(users, also="GetUserByHandle")

    with pytest.raises(TypeError, match=r"roost\.user\.v1\.UserService/GetUserByHandle declares"):
        policies([careless])


async def test_server_does_not_take_a_method_without_a_policy(users: Users) -> None:
    with pytest.raises(TypeError, match="declares no access policy"):
        async with serving(mount(users, also="GetUserByHandle")):
            raise AssertionError("served")


def test_policies_of_all_methods_can_be_listed(users: Users) -> None:
    assert policies([mount(users)]) == {
        "/roost.user.v1.UserService/GetUser": Policy.ANYONE,
        "/roost.user.v1.UserService/UpdateUser": Policy.USER,
        "/roost.user.v1.UserService/BatchGetUsers": Policy(Kind.SERVICE, frozenset(["post"])),
        "/roost.user.v1.UserService/DeleteUser": Policy(Kind.USER_OR_SERVICE, frozenset(["post"])),
    }


async def test_method_that_is_left_out_is_not_implemented(served: Served) -> None:
    with raises_reason(Unimplemented, "NOT_IMPLEMENTED"):
        await served.stub(UserServiceStub).GetUserByHandle(GetUserByHandleRequest(handle="alice"))


# --- requests


async def test_broken_rules_are_named_with_field_and_rule(served: Served) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as caught:
        await served.stub(UserServiceStub, caller=POST).BatchGetUsers(
            BatchGetUsersRequest(user_ids=[5, 0], handles=["a" * 65], viewer_id=-1)
        )

    assert caught.value.violations == (
        Violation("user_ids[1]", "int64.gt", "must be greater than 0"),
        Violation("handles[0]", "string.max_len", "must be at most 64 characters"),
        Violation("viewer_id", "int64.gte", "must be greater than or equal to 0"),
    )


async def test_field_of_a_field_is_named_by_its_path(served: Served) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as caught:
        await served.stub(UserServiceStub, caller=ALICE).UpdateUser(UpdateUserRequest())

    assert [each.field for each in caught.value.violations] == ["user", "update_mask"]


async def test_request_that_cannot_be_parsed_is_invalid(users: Users, served: Served) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        call = channel.unary_unary(GET, None, None)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(b"\xff\xff\xff")

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "The request cannot be read."
    assert users.calls == 0


# --- time and load


@pytest.mark.product_limits
async def test_servicer_knows_what_its_caller_will_wait(users: Users, served: Served) -> None:
    seen: list[float | None] = []

    async def look(_: GetUserRequest) -> None:
        seen.append(deadline.remaining())

    users.act = look
    stub = served.stub(UserServiceStub)

    await stub.GetUser(GetUserRequest(user_id=1), timeout=5.0)
    await stub.GetUser(GetUserRequest(user_id=1), timeout=3600.0)
    async with grpc.aio.insecure_channel(served.address) as channel:
        await UserServiceStub(channel).GetUser(GetUserRequest(user_id=1))

    short, long, unsaid = seen
    assert short is not None
    assert 0.0 < short < 5.1  # a timeout is rounded up on its way
    for each in (long, unsaid):
        assert each is not None
        assert 5.1 < each <= pipeline.MAX_SECONDS


@pytest.mark.product_limits
async def test_work_stops_when_the_caller_no_longer_waits(users: Users, served: Served) -> None:
    arrived, stopped = asyncio.Event(), asyncio.Event()

    async def linger(_: GetUserRequest) -> None:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    users.act = linger

    async with asyncio.timeout(LIMIT):
        # On a busy machine the first calls may end before they arrive.
        while not arrived.is_set():
            with raises_reason(DeadlineExceeded, "DEADLINE_EXCEEDED"):
                await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1), timeout=0.3)
        await stopped.wait()


async def test_work_stops_at_our_own_limit_when_the_caller_names_none(
    users: Users, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def linger(_: GetUserRequest) -> None:
        await asyncio.Event().wait()

    users.act = linger
    monkeypatch.setattr(pipeline, "MAX_SECONDS", 0.2)

    async with grpc.aio.insecure_channel(served.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await UserServiceStub(channel).GetUser(GetUserRequest(user_id=1))

    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_calls_beyond_the_limit_are_turned_away_at_once(users: Users) -> None:
    go_on = asyncio.Event()

    async def wait(_: GetUserRequest) -> None:
        await go_on.wait()

    users.act = wait
    async with serving(mount(users), max_in_flight=3) as served:
        stub = served.stub(UserServiceStub)
        held = [asyncio.ensure_future(stub.GetUser(GetUserRequest(user_id=n))) for n in (1, 2, 3)]
        await eventually(lambda: users.calls == 3)

        with raises_reason(TooMany, "OVERLOADED") as caught:
            await stub.GetUser(GetUserRequest(user_id=4))

        go_on.set()
        answers = await asyncio.gather(*held)
        again = await stub.GetUser(GetUserRequest(user_id=5))

    assert caught.value.retry_after == 1.0
    assert [each.user.id for each in answers] == [1, 2, 3]
    assert again.user.id == 5


# --- seen from outside


async def test_calls_are_counted_by_method_and_code(users: Users, served: Served) -> None:
    stub = served.stub(UserServiceStub)
    await stub.GetUser(GetUserRequest(user_id=1))
    with pytest.raises(Invalid):
        await stub.GetUser(GetUserRequest(user_id=-1))

    def value(name: str, **labels: str) -> float | None:
        return served.metrics.get_sample_value(name, labels)

    # A call is counted after its answer has left.
    await eventually(lambda: value("roost_rpc_in_flight") == 0)
    assert value("roost_rpc_started_total", method=GET) == 2
    assert value("roost_rpc_handled_total", method=GET, code="OK") == 1
    assert value("roost_rpc_handled_total", method=GET, code="INVALID_ARGUMENT") == 1
    assert value("roost_rpc_seconds_count", method=GET) == 2


async def test_trace_of_the_caller_goes_on(users: Users, served: Served) -> None:
    seen: list[str | None] = []

    async def look(_: GetUserRequest) -> None:
        seen.append(telemetry.traceparent())

    users.act = look

    with telemetry.joined() as trace:
        await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))
    await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))

    assert seen[0] == trace.traceparent
    assert seen[1] is not None
    assert seen[1] != trace.traceparent


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    telemetry.configure(service="user", ratio=0.0, exporter=exporter)
    yield exporter
    telemetry.shutdown()


async def test_sampled_call_is_a_span(served: Served, exporter: InMemorySpanExporter) -> None:
    sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    with telemetry.joined(sampled):
        await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))
    await served.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))
    telemetry.shutdown()

    (span,) = exporter.get_finished_spans()
    assert span.name == GET
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "00f067aa0ba902b7"


async def test_health_and_reflection_are_open(served: Served) -> None:
    async with grpc.aio.insecure_channel(served.address) as channel:
        health = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="roost.user.v1.UserService")
        )
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter([asked])
        )
        names = [
            each.name async for answer in answers for each in answer.list_services_response.service
        ]

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert names == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "roost.user.v1.UserService",
    ]


async def test_port_that_is_taken_is_an_os_error(served: Served) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    address = f"127.0.0.1:{taken.sockets[0].getsockname()[1]}"

    async with taken:
        with pytest.raises(OSError, match=address):
            Server([], verifier=verifier(), max_in_flight=1, registry=CollectorRegistry()).bind(
                address
            )


# --- streams


class Events(EventServiceServicer):
    """Attaches every user but number 13."""

    @access_policy.service("post")
    async def Attach(
        self, request_iterator: AsyncIterator[AttachRequest], context: Any
    ) -> AsyncIterator[AttachResponse]:
        async for step in request_iterator:
            if step.attach.user_id == 13:
                raise UserNotFound
            yield AttachResponse(attached=Attached(user_id=step.attach.user_id))

    async def ReadEvents(self, request: Any, context: Any) -> Any:
        raise AssertionError("not offered")


EVENTS = MountedServicer(
    add_EventServiceServicer_to_server,
    Events(),
    without=frozenset({"ReadEvents"}),
)


async def attaching(*user_ids: int) -> AsyncIterator[AttachRequest]:
    """Requests. None may follow what ends the call: a message on its way to a call that has ended
    may hide its status."""
    for user_id in user_ids:
        yield AttachRequest(attach=AttachUser(user_id=user_id))


async def test_stream_answers_step_by_step() -> None:
    async with serving(EVENTS) as served:
        stub = served.stub(EventServiceStub, caller=POST)
        answers = [each.attached.user_id async for each in stub.Attach(attaching(1, 2, 3))]

    assert answers == [1, 2, 3]


async def test_error_in_a_stream_arrives_after_its_answers() -> None:
    answers = []

    async with serving(EVENTS) as served:
        stub = served.stub(EventServiceStub, caller=POST)
        with raises_reason(NotFound, "USER_NOT_FOUND"):
            async for each in stub.Attach(attaching(1, 13)):
                answers.append(each.attached.user_id)  # noqa: PERF401 - it ends by an error

    assert answers == [1]


async def test_every_message_of_a_stream_is_checked() -> None:
    async with serving(EVENTS) as served:
        stub = served.stub(EventServiceStub, caller=POST)
        with raises_reason(Invalid, "VALIDATION_FAILED"):
            async for _ in stub.Attach(attaching(1, -2)):
                pass


async def test_stream_has_a_policy_too() -> None:
    async with serving(EVENTS) as served:
        stub = served.stub(EventServiceStub, caller=ALICE)
        with raises_reason(Forbidden, "CALLER_NOT_ALLOWED"):
            async for _ in stub.Attach(attaching()):
                pass


async def test_stream_that_is_left_ends_its_servicer() -> None:
    async with serving(EVENTS) as served:
        forever = asyncio.Event()

        async def one_then_nothing() -> AsyncIterator[AttachRequest]:
            yield AttachRequest(attach=AttachUser(user_id=1))
            await forever.wait()

        stub = served.stub(EventServiceStub, caller=POST)
        async for _ in stub.Attach(one_then_nothing()):
            break

        await eventually(lambda: served.metrics.get_sample_value("roost_rpc_in_flight") == 0)
