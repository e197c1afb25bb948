"""A call to another service carries who asks, in which trace, and how long there is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import REGISTRY
from roost.user.v1.auth_service_pb2 import GetJwksRequest, GetJwksResponse, JsonWebKey
from roost.user.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
    add_AuthServiceServicer_to_server,
)
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import (
    BatchGetUsersRequest,
    BatchGetUsersResponse,
    GetUserRequest,
    GetUserResponse,
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
    ServiceCaller,
    UserCaller,
)
from services.chassis.auth.tokens import ServiceIdentity, SigningKey
from services.chassis.rpc.clients import MARGIN, Mesh, MeshJwks
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.errors import (
    DeadlineExceeded,
    Internal,
    RoostError,
    Taken,
    Unavailable,
)
from tests.servicers.grpc_server import SERVICE_KEYS, raises_reason, serving
from tests.waiting import LIMIT

if TYPE_CHECKING:  # a name of the type stubs only
    from roost.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

ALICE = UserCaller(user_id=1, session_id=10)


class Inner(UserServiceServicer):
    """The service behind: notes how it is called."""

    def __init__(self) -> None:
        self.callers: list[Caller] = []
        self.traces: list[str] = []
        self.left: list[float] = []
        self.failure: RoostError | None = None

    @access_policy.anyone
    async def GetUser(self, request: GetUserRequest, context: Any) -> GetUserResponse:
        trace, left = telemetry.current(), deadline.remaining()
        assert trace is not None
        assert left is not None
        self.callers.append(caller.current())
        self.traces.append(trace.trace_id)
        self.left.append(left)
        if self.failure is not None:
            raise self.failure
        return GetUserResponse(user=User(id=request.user_id))


class Outer(UserServiceServicer):
    """The service in front: asks the one behind while it is being asked itself."""

    def __init__(self, behind: UserServiceAsyncStub) -> None:
        self.behind = behind

    @access_policy.anyone
    async def BatchGetUsers(
        self, request: BatchGetUsersRequest, context: Any
    ) -> BatchGetUsersResponse:
        answer = await self.behind.GetUser(GetUserRequest(user_id=1))
        return BatchGetUsersResponse(users=[answer.user])


def only(method: str, servicer: UserServiceServicer) -> MountedServicer:
    others = frozenset(UserServiceServicer.__dict__.keys() - {method})
    return MountedServicer(add_UserServiceServicer_to_server, servicer, without=others)


@pytest.fixture
async def inner() -> Inner:
    return Inner()  # type: ignore[abstract]


@pytest.fixture
async def mesh(inner: Inner) -> AsyncIterator[Mesh]:
    """A connection to inner, of a process with the identity of the post service."""
    identity = ServiceIdentity(SERVICE_KEYS["post"], clock=SystemClock())
    async with (
        serving(only("GetUser", inner)) as behind,
        Mesh(behind.address, identity=identity) as mesh,
    ):
        yield mesh


async def call_outer(
    behind: UserServiceAsyncStub, *, who: Caller = ANONYMOUS, timeout: float = LIMIT
) -> None:
    outer = Outer(behind)  # type: ignore[abstract]
    async with serving(only("BatchGetUsers", outer)) as in_front:
        stub = in_front.stub(UserServiceStub, caller=who)
        await stub.BatchGetUsers(BatchGetUsersRequest(), timeout=timeout)


@pytest.mark.parametrize("who", [ANONYMOUS, ALICE], ids=str)
async def test_nested_call_is_made_on_behalf_of_the_caller(
    mesh: Mesh, inner: Inner, who: Caller
) -> None:
    await call_outer(mesh.stub(UserServiceStub), who=who)

    assert inner.callers == [who]


async def test_what_a_service_shows_is_not_shown_to_another(mesh: Mesh, inner: Inner) -> None:
    await call_outer(mesh.stub(UserServiceStub), who=ServiceCaller("timeline"))

    assert inner.callers == [ServiceCaller("post")]


async def test_service_may_call_in_its_own_name(mesh: Mesh, inner: Inner) -> None:
    await call_outer(mesh.as_service(UserServiceStub), who=ALICE)

    assert inner.callers == [ServiceCaller("post")]


async def test_process_without_identity_has_no_name_to_call_in() -> None:
    async with Mesh("127.0.0.1:1") as mesh:
        with pytest.raises(ValueError, match="identity"):
            mesh.as_service(UserServiceStub)


async def test_calls_are_counted_and_timed_by_the_code_that_the_caller_saw(
    mesh: Mesh, inner: Inner
) -> None:
    users = mesh.stub(UserServiceStub)
    before = {each: called(each) for each in ("OK", "ALREADY_EXISTS", "CANCELLED", "total")}

    await users.GetUser(GetUserRequest(user_id=1))
    inner.failure = Taken("Gone.", reason="HANDLE_TAKEN", metadata={"handle": "alice"})
    with pytest.raises(Taken):
        await users.GetUser(GetUserRequest(user_id=1))
    left = asyncio.create_task(users.GetUser(GetUserRequest(user_id=1)))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait({left})

    assert {each: called(each) - before[each] for each in before} == {
        "OK": 1,
        "ALREADY_EXISTS": 1,
        "CANCELLED": 1,
        "total": 3,
    }


def called(code: str) -> float:
    method = {"method": "/roost.user.v1.UserService/GetUser"}
    if code == "total":
        return REGISTRY.get_sample_value("roost_rpc_client_seconds_count", method) or 0.0
    labels = {**method, "code": code}
    return REGISTRY.get_sample_value("roost_rpc_client_handled_total", labels) or 0.0


async def test_nested_call_is_part_of_the_same_trace(mesh: Mesh, inner: Inner) -> None:
    with telemetry.joined() as trace:
        await call_outer(mesh.stub(UserServiceStub))

    assert inner.traces == [trace.trace_id]


@pytest.mark.product_limits
async def test_nested_call_has_no_longer_than_its_caller_waits(mesh: Mesh, inner: Inner) -> None:
    async def left(own: float, outer: float) -> float:
        """What arrives. On a busy machine the first calls may end before they arrive."""
        inner.left.clear()
        while not inner.left:
            with suppress(DeadlineExceeded):
                await call_outer(mesh.stub(UserServiceStub, timeout=own), timeout=outer)
        return inner.left[0]

    async with asyncio.timeout(LIMIT):
        narrowed, own = await left(LIMIT, 0.8), await left(0.8, LIMIT)

    # gRPC rounds up what it sends, below a second to the next millisecond.
    assert narrowed <= 0.8 - MARGIN / 2
    assert own <= 0.8 + MARGIN / 2


async def test_call_is_not_made_when_there_is_no_time_left(mesh: Mesh, inner: Inner) -> None:
    with deadline.within(MARGIN), pytest.raises(DeadlineExceeded):
        await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))

    assert inner.callers == []


async def test_failure_of_the_service_behind_comes_through_whole(mesh: Mesh, inner: Inner) -> None:
    inner.failure = Taken("Gone.", reason="HANDLE_TAKEN", metadata={"handle": "alice"})

    with raises_reason(Taken, "HANDLE_TAKEN") as caught:
        await call_outer(mesh.stub(UserServiceStub))

    assert caught.value.metadata == {"handle": "alice"}
    assert caught.value.message == "Gone."


async def test_defect_of_the_service_behind_is_ours_too(mesh: Mesh, inner: Inner) -> None:
    inner.failure = RoostError("detail")

    with raises_reason(Internal, "INTERNAL"):
        await call_outer(mesh.stub(UserServiceStub))


async def test_mesh_that_is_away_is_unavailable_at_once() -> None:
    async with Mesh("127.0.0.1:1") as mesh, asyncio.timeout(LIMIT):
        with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
            await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))


@asynccontextmanager
async def slow_to_accept(address: str, seconds: float) -> AsyncIterator[str]:
    """Forwards connections to `address`, each after so many seconds."""
    host, port = address.rsplit(":", 1)
    writers: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while content := await reader.read(65_536):
                writer.write(content)
                await writer.drain()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        there, back = await asyncio.open_connection(host, int(port))
        writers.extend((writer, back))
        await asyncio.gather(copy(reader, back), copy(there, writer))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for each in writers:
            each.close()
        for each in writers:
            with suppress(OSError):
                await each.wait_closed()


async def test_peer_that_is_slow_to_accept_is_waited_for(inner: Inner) -> None:
    async with (
        serving(only("GetUser", inner)) as behind,
        slow_to_accept(behind.address, 0.5) as address,
        Mesh(address) as mesh,
    ):
        answer = await mesh.stub(UserServiceStub, timeout=LIMIT).GetUser(GetUserRequest(user_id=1))

    assert answer.user.id == 1


async def test_mesh_that_comes_back_is_found_within_seconds(inner: Inner) -> None:
    async with serving(only("GetUser", inner)) as first:
        address = first.address
        mesh = Mesh(address)
        stub = mesh.stub(UserServiceStub)
        await stub.GetUser(GetUserRequest(user_id=1))
    with pytest.raises(Unavailable):
        await stub.GetUser(GetUserRequest(user_id=1))

    async with mesh, serving(only("GetUser", inner), address=address), asyncio.timeout(LIMIT):
        while True:
            try:
                await stub.GetUser(GetUserRequest(user_id=2))
                return
            except Unavailable:
                await asyncio.sleep(0.05)


class Keys(AuthServiceServicer):
    """Publishes one key."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key

    @access_policy.anyone
    async def GetJwks(self, request: GetJwksRequest, context: Any) -> GetJwksResponse:
        return GetJwksResponse(keys=[JsonWebKey(**self.key.public_jwk())])


async def test_keys_of_people_come_from_the_user_service() -> None:
    key = SigningKey.generate("key-1")
    methods = AuthServiceServicer.__dict__.keys() - {"GetJwks"}
    mount = MountedServicer(
        add_AuthServiceServicer_to_server,
        Keys(key),  # type: ignore[abstract]
        without=frozenset(methods),
    )

    async with serving(mount) as served, Mesh(served.address) as mesh:
        published = await MeshJwks(mesh).fetch()

    assert published == [key.public_jwk()]
