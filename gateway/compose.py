"""Builds a gateway process from its settings: the only place where its parts are made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from prometheus_client import REGISTRY

from gateway.api.events.presenter import EventPresenter
from gateway.api.events.subscriptions.socket import GraphQLSocket
from gateway.api.schema import SCHEMA, sdl
from gateway.app import Gateway
from gateway.core.auth import Authenticator
from gateway.core.clients import Backends, ServiceBackends
from gateway.core.kept.pages import open_kept_pages
from gateway.core.object_store import ObjectStore
from gateway.core.refresh_tokens import Refreshing
from gateway.core.state import State
from gateway.protocols.graphql import trusted_documents
from gateway.protocols.graphql.documents import Documents
from gateway.protocols.graphql.endpoint import GraphQL
from gateway.protocols.graphql.subscriptions.handshake import Subscriptions
from gateway.protocols.stream.endpoint import open_stream
from gateway.settings import COSTLIEST, GatewaySettings
from gateway.web import policy
from gateway.web.builds import Builds
from gateway.web.client import WebClient
from gateway.web.developer_pages import DeveloperPages
from gateway.web.previews import Previews
from services.chassis.auth import authentication
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.token_buckets import Buckets

SERVICE = "gateway"


@asynccontextmanager
async def gateway(settings: GatewaySettings, state: State) -> AsyncIterator[Gateway]:
    """The application over a mesh connection, which leaving the block closes.

    Raises OSError or ValueError where the gateway's own key, or the manifest, cannot be read.
    """
    clock = SystemClock()
    identity = authentication.identity(settings, service=SERVICE, clock=clock)
    async with (
        Mesh(settings.mesh, identity=identity, tls=settings.tls) as mesh,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        keys = MeshJwks(mesh)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        backends, own = Backends.from_mesh(mesh), ServiceBackends.from_mesh(mesh)
        following = asyncio.create_task(revoked.run())
        try:
            builds = await _builds(settings, clock)
            async with (
                open_stream(
                    presenter=EventPresenter.of_process(backends=backends, own=own, clock=clock),
                    own=own,
                    revoked=revoked.session_ids,
                    state=state,
                    max_sockets=settings.max_sockets,
                    clock=clock,
                ) as stream,
                open_kept_pages(
                    own,
                    most_bytes=settings.kept_bytes,
                    clock=clock,
                    registry=state.registry,
                ) as kept,
            ):
                authenticator = Authenticator(
                    keys,
                    issuer=settings.token_issuer,
                    audience=settings.token_audience,
                    clock=clock,
                    revoked=revoked.session_ids,
                )
                refreshing = Refreshing(
                    backends=backends,
                    refused=Buckets(settings.bucket(settings.rate_logins), clock=clock),
                )
                graphql = GraphQL(
                    backends=backends,
                    authenticator=authenticator,
                    documents=Documents(SCHEMA, introspection=settings.graphql_introspection),
                    trusted=trusted_documents.load(settings.graphql_manifest, SCHEMA),
                    trusted_only=settings.graphql_documents == "trusted",
                    writes=Buckets(settings.bucket(settings.rate_writes), clock=clock),
                    logins=Buckets(settings.bucket(settings.rate_logins), clock=clock),
                    spending=Buckets(
                        settings.bucket(settings.rate_cost, least=COSTLIEST), clock=clock
                    ),
                    refreshing=refreshing,
                )
                yield Gateway(
                    backends=backends,
                    keys=keys,
                    authenticator=authenticator,
                    graphql=graphql,
                    refreshing=refreshing,
                    subscriptions=Subscriptions(
                        backends=backends, find=graphql.find, stream=stream, socket=GraphQLSocket
                    ),
                    stream=stream,
                    state=state,
                    media_paths=SignedPaths(
                        settings.media_base_url, key=settings.media_path_key, clock=clock
                    ),
                    store=ObjectStore(http),
                    public_url=settings.public_url,
                    kept=kept,
                    developer_pages=DeveloperPages(
                        builds,
                        headers=policy.developer_headers(public_url=settings.public_url),
                        schema=sdl() if settings.graphql_introspection else None,
                    ),
                    web=_web_client(settings, backends, builds) if builds else None,
                )
        finally:
            following.cancel()


async def _builds(settings: GatewaySettings, clock: Clock) -> Builds | None:
    if settings.web_folder is None:
        return None
    builds = Builds(settings.web_folder, clock=clock)
    # Before the process is ready, so that no reader waits for it.
    await builds.current()
    return builds


def _web_client(settings: GatewaySettings, backends: Backends, builds: Builds) -> WebClient:
    return WebClient(
        builds,
        previews=Previews(backends),
        headers=policy.headers(
            public_url=settings.public_url,
            media_url=settings.media_base_url,
            uploads_url=settings.s3_public_endpoint,
        ),
        public_url=settings.public_url.rstrip("/"),
    )


def state_of(settings: GatewaySettings) -> State:
    """A process that has done nothing yet."""
    return State(registry=REGISTRY, max_in_flight=settings.max_in_flight)
