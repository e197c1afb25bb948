"""A gateway over fake services, and a client of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from gateway.api.events.presenter import EventPresenter
from gateway.api.events.subscriptions.socket import GraphQLSocket
from gateway.api.schema import SCHEMA, sdl
from gateway.app import Gateway
from gateway.core.auth import Authenticator
from gateway.core.clients import Backends, ServiceBackends
from gateway.core.kept import watch
from gateway.core.kept.pages import open_kept_pages
from gateway.core.object_store import ObjectStore
from gateway.core.refresh_tokens import Refreshing
from gateway.core.state import State
from gateway.protocols.graphql.documents import Documents
from gateway.protocols.graphql.endpoint import GraphQL
from gateway.protocols.graphql.subscriptions.handshake import Subscriptions
from gateway.protocols.graphql.trusted_documents import TrustedDocuments, id_of
from gateway.protocols.stream import hub
from gateway.protocols.stream.endpoint import open_stream
from gateway.web import policy
from gateway.web.builds import Builds
from gateway.web.client import WebClient
from gateway.web.developer_pages import DeveloperPages
from gateway.web.previews import Previews
from services.chassis.auth.caller import UserCaller
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.auth.tokens import Jwk, ServiceIdentity, StaticJwks
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.clock import ManualClock, SystemClock
from services.chassis.runtime.token_buckets import Buckets
from tests.gateway.change_log import ChangeLog
from tests.gateway.event_log import FakeEvents
from tests.gateway.fakes import FakeObjectStore, FakeServices
from tests.gateway.samples import ALICE, BOB
from tests.patience import patience
from tests.servicers.grpc_server import (
    AUDIENCE,
    ISSUER,
    SERVICE_KEYS,
    USER_KEY,
    serving,
    token_of,
)
from tests.waiting import LIMIT

__all__ = ["patience"]

SESSION = 501
MEDIA_ORIGIN = "https://media.roost.test"
PUBLIC_URL = "https://roost.test"
UPLOADS_URL = "https://uploads.roost.test/bucket"
MEDIA_PATH_KEY = b"p" * 32


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
        data: dict[str, str] | None = None,
        files: dict[str, Any] | None = None,
    ) -> httpx2.Response:
        return await self._http.request(
            method,
            path,
            json=json,
            content=content,
            data=data,
            files=files,
            headers=self._headers | (headers or {}),
        )

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self(method="GET", path=path, headers=given)


@pytest.fixture(autouse=True)
def patient_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams may wait long for events, as other requests do for services; and so may checks."""
    monkeypatch.setattr(hub, "_ATTACH_SECONDS", LIMIT)
    monkeypatch.setattr(watch, "CHECK_SECONDS", LIMIT)


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def state() -> State:
    return State(registry=CollectorRegistry(), max_in_flight=50)


@pytest.fixture
def keys() -> list[Jwk]:
    return [USER_KEY.public_jwk()]


@pytest.fixture
def events() -> FakeEvents:
    return FakeEvents()


@pytest.fixture
def post_log() -> ChangeLog:
    return ChangeLog("post")


@pytest.fixture
def timeline_log() -> ChangeLog:
    return ChangeLog("timeline")


@pytest.fixture
def revoked() -> set[int]:
    """Sessions that are known to have ended."""
    return set()


@pytest.fixture
def trusted() -> list[str]:
    """GraphQL documents that are known by id."""
    return []


@pytest.fixture
def trusted_only() -> bool:
    """Whether GraphQL takes no others."""
    return False


@pytest.fixture
def introspection() -> bool:
    """Whether the GraphQL schema may be asked for."""
    return False


@pytest.fixture
def graphql_spending() -> int:
    """What a person's GraphQL documents may cost in a minute."""
    return 10_000_000


@pytest.fixture
def media_clock() -> ManualClock:
    """The clock by which addresses of media expire."""
    return ManualClock()


@pytest.fixture
def media_paths(media_clock: ManualClock) -> SignedPaths:
    return SignedPaths(MEDIA_ORIGIN, key=MEDIA_PATH_KEY, clock=media_clock)


@pytest.fixture
def object_store() -> FakeObjectStore:
    return FakeObjectStore()


@pytest.fixture
def web_folder() -> Path | None:
    """The folder of the web client's build; without, there is no client."""
    return None


@pytest.fixture
def web_clock() -> ManualClock:
    """The clock by which the folder of the build is looked at."""
    return ManualClock()


@pytest.fixture
async def gateway(
    services: FakeServices,
    events: FakeEvents,
    post_log: ChangeLog,
    timeline_log: ChangeLog,
    revoked: set[int],
    state: State,
    keys: list[Jwk],
    trusted: list[str],
    trusted_only: bool,
    introspection: bool,
    graphql_spending: int,
    media_paths: SignedPaths,
    media_clock: ManualClock,
    object_store: FakeObjectStore,
    web_folder: Path | None,
    web_clock: ManualClock,
) -> AsyncIterator[Gateway]:
    clock = SystemClock()
    identity = ServiceIdentity(SERVICE_KEYS["gateway"], clock=clock)
    builds = Builds(web_folder, clock=web_clock) if web_folder else None
    async with (
        serving(
            *services.mounts(), events.mount(), post_log.mount(), timeline_log.mount()
        ) as served,
        Mesh(served.address, identity=identity) as mesh,
        open_stream(
            presenter=EventPresenter.of_process(
                backends=Backends.from_mesh(mesh), own=ServiceBackends.from_mesh(mesh), clock=clock
            ),
            own=ServiceBackends.from_mesh(mesh),
            revoked=revoked,
            state=state,
            max_sockets=50,
            clock=clock,
        ) as stream,
        open_kept_pages(
            ServiceBackends.from_mesh(mesh),
            most_bytes=10_000_000,
            clock=media_clock,
            registry=state.registry,
        ) as kept,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=object_store)) as s3,
    ):
        published = StaticJwks(keys)
        authenticator = Authenticator(
            published, issuer=ISSUER, audience=AUDIENCE, clock=clock, revoked=revoked
        )
        backends = Backends.from_mesh(mesh)
        refreshing = Refreshing(backends=backends, refused=Buckets(20, clock=ManualClock()))
        graphql = GraphQL(
            backends=backends,
            authenticator=authenticator,
            documents=Documents(SCHEMA, introspection=introspection),
            trusted=TrustedDocuments({id_of(text): text for text in trusted}, SCHEMA),
            trusted_only=trusted_only,
            # Nothing is filled up while a test runs, however long it takes.
            writes=Buckets(1_000, clock=ManualClock()),
            logins=Buckets(20, clock=ManualClock()),
            spending=Buckets(graphql_spending, clock=ManualClock()),
            refreshing=refreshing,
        )
        yield Gateway(
            backends=backends,
            keys=published,
            authenticator=authenticator,
            graphql=graphql,
            refreshing=refreshing,
            subscriptions=Subscriptions(
                backends=backends, find=graphql.find, stream=stream, socket=GraphQLSocket
            ),
            stream=stream,
            state=state,
            media_paths=media_paths,
            store=ObjectStore(s3),
            kept=kept,
            developer_pages=DeveloperPages(
                builds,
                headers=policy.developer_headers(public_url=PUBLIC_URL),
                schema=sdl() if introspection else None,
            ),
            web=builds
            and WebClient(
                builds,
                previews=Previews(backends),
                headers=policy.headers(
                    public_url=PUBLIC_URL, media_url=MEDIA_ORIGIN, uploads_url=UPLOADS_URL
                ),
                public_url=PUBLIC_URL,
            ),
        )


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=gateway)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
def stranger(http: httpx2.AsyncClient) -> Client:
    return Client(http, {})


@pytest.fixture
def alice(http: httpx2.AsyncClient) -> Client:
    return Client(http, {"authorization": f"Bearer {token_of(UserCaller(ALICE, SESSION))}"})


@pytest.fixture
def bob(http: httpx2.AsyncClient) -> Client:
    return Client(http, {"authorization": f"Bearer {token_of(UserCaller(BOB, SESSION + 1))}"})


@contextmanager
def counted(services: FakeServices) -> Iterator[list[str]]:
    """The RPCs that arrive while the block runs."""
    before = len(services.asked)
    methods: list[str] = []
    yield methods
    methods += services.methods[before:]
