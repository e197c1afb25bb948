"""Runs servicers with all interceptors and calls them through a real channel.

    async with serving(MountedServicer(add_PostServiceServicer_to_server, servicer)) as served:
        posts = served.stub(PostServiceStub, caller=UserCaller(user_id=1, session_id=10))
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await posts.GetPost(GetPostRequest(post_id=5))

Everything is as in production except the port: tokens are signed and verified, requests are checked
against their contract, and errors are sent as statuses and raised as classes of `chassis.errors`.
`caller` is anonymous by default.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import grpc.aio
import pytest
from prometheus_client import CollectorRegistry

from services.chassis.auth.caller import (
    ANONYMOUS,
    Anonymous,
    Caller,
    ServiceCaller,
    UserCaller,
)
from services.chassis.auth.tokens import (
    AccessTokens,
    KeyRing,
    ServiceIdentity,
    SigningKey,
    StaticJwks,
    Verifier,
)
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.manifest import deployed
from services.chassis.runtime.process import ProcessParts
from services.chassis.runtime.tls import TlsFiles
from tests.waiting import LIMIT

S = TypeVar("S")

ISSUER = "https://roost.test"
AUDIENCE = "roost"
USER_KEY = SigningKey.generate("test-key")
# The operator's command line has an identity like a service.
SERVICE_NAMES = (*(each.noun for each in deployed()), "gateway", "operator")
SERVICE_KEYS = {name: SigningKey.generate(name) for name in SERVICE_NAMES}


def token_of(caller: Caller, clock: Clock | None = None, *, service: str = "gateway") -> str | None:
    """A token of that caller for the test verifier of the service; None if anonymous."""
    clock = clock or SystemClock()
    match caller:
        case Anonymous():
            return None
        case UserCaller(user_id, session_id):
            issuer = AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=clock)
            return issuer.issue(user_id, session_id, key=USER_KEY)
        case ServiceCaller(name):
            return ServiceIdentity(SERVICE_KEYS[name], clock=clock).token(service)


def service_of(generated: object) -> str:
    """The service of a generated class or function."""
    return str(generated.__module__).split(".")[1]


def verifier(clock: Clock | None = None, *, services_here: Collection[str] = ()) -> Verifier:
    """A verifier that accepts the tokens of `token_of`."""
    clock = clock or SystemClock()
    services = StaticJwks([key.public_jwk() for key in SERVICE_KEYS.values()])
    return Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        services_here=services_here,
        users=KeyRing(StaticJwks([USER_KEY.public_jwk()]), clock=clock),
        services=KeyRing(services, clock=clock),
        clock=clock,
    )


class Served:
    """A running server and a connection to it."""

    def __init__(self, mesh: Mesh, address: str, metrics: CollectorRegistry, clock: Clock) -> None:
        self.mesh = mesh
        self.address = address
        self.metrics = metrics
        self._clock = clock

    def stub(
        self,
        kind: Callable[[grpc.aio.Channel], S],
        *,
        caller: Caller = ANONYMOUS,
        timeout: float = LIMIT,
    ) -> S:
        """A stub that calls as that caller."""
        service = service_of(kind)
        return self.mesh.with_token(
            kind,
            lambda: token_of(caller, self._clock, service=service),
            timeout=timeout,
            with_origin=True,
        )

    def stub_with_token(self, kind: Callable[[grpc.aio.Channel], S], token: str | None) -> S:
        """A stub that sends exactly this token."""
        return self.mesh.with_token(kind, lambda: token, timeout=LIMIT)


def mounts_of(parts: ProcessParts) -> Sequence[MountedServicer]:
    """The servicers of a composed process."""
    assert isinstance(parts.server, Server)
    return parts.server.mounts


@asynccontextmanager
async def serving(
    *mounts: MountedServicer,
    max_in_flight: int = 100,
    clock: Clock | None = None,
    address: str = "127.0.0.1:0",
    tls: TlsFiles | None = None,
) -> AsyncIterator[Served]:
    """Serves the mounts within the context, on a free port of 127.0.0.1 by default."""
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    services_here = {service_of(each.register) for each in mounts}
    server = Server(
        mounts,
        verifier=verifier(clock, services_here=services_here),
        max_in_flight=max_in_flight,
        registry=registry,
    )
    address = f"127.0.0.1:{server.bind(address, tls=tls)}"
    await server.start()
    try:
        async with Mesh(address, tls=tls) as mesh:
            yield Served(mesh, address, registry, clock)
    finally:
        await server.stop(0)


async def eventually(condition: Callable[[], bool], *, limit: float = LIMIT) -> None:
    """Waits until the condition holds; fails after `limit` seconds."""
    async with asyncio.timeout(limit):
        while not condition():  # noqa: ASYNC110 - conditions of any kind have no event
            await asyncio.sleep(0.001)


@contextmanager
def raises_reason(kind: type[RoostError], reason: str) -> Iterator[pytest.ExceptionInfo[Any]]:
    """Expects exactly this kind of error, with this reason."""
    with pytest.raises(kind) as caught:
        yield caught
    assert type(caught.value) is kind
    assert caught.value.reason == reason
