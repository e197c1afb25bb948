"""A gateway over fake services, and a client of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from gateway.app import Gateway
from gateway.auth import Doorkeeper
from gateway.backends import Backends
from gateway.state import HttpMetrics, State
from services.chassis.caller import UserCaller
from services.chassis.clock import SystemClock
from services.chassis.tokens import Jwk, StaticJwks
from tests.gateway.cast import ALICE
from tests.gateway.fakes import FakeServices
from tests.servicers.serving import AUDIENCE, ISSUER, USER_KEY, serving, token_of

SESSION = 501


class Client:
    """Calls the gateway as one person, or as a stranger."""

    def __init__(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        self._http = http
        self._headers = headers

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        return await self._http.request(
            method, path, json=json, content=content, headers=self._headers | (headers or {})
        )

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self(method="GET", path=path, headers=given)


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def state() -> State:
    return State(metrics=HttpMetrics(CollectorRegistry()), max_in_flight=50)


@pytest.fixture
def keys() -> list[Jwk]:
    return [USER_KEY.public_jwk()]


@pytest.fixture
async def http(
    services: FakeServices, state: State, keys: list[Jwk]
) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(*services.mounts()) as served:
        published = StaticJwks(keys)
        app = Gateway(
            backends=Backends.over(served.mesh),
            keys=published,
            doorkeeper=Doorkeeper(published, issuer=ISSUER, audience=AUDIENCE, clock=SystemClock()),
            state=state,
        )
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


@pytest.fixture
def stranger(http: httpx2.AsyncClient) -> Client:
    return Client(http, {})


@pytest.fixture
def alice(http: httpx2.AsyncClient) -> Client:
    return Client(http, {"authorization": f"Bearer {token_of(UserCaller(ALICE, SESSION))}"})


@contextmanager
def counted(services: FakeServices) -> Iterator[list[str]]:
    """The RPCs that arrive while the block runs."""
    before = len(services.asked)
    methods: list[str] = []
    yield methods
    methods += services.methods[before:]
