"""FeedBuilder a gateway process out of its settings: the only place where its parts are made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY

from gateway.app import Gateway
from gateway.auth import Authenticator
from gateway.backends import Backends, ServiceBackends
from gateway.changing.sessions import Refreshing
from gateway.graphql import trusted
from gateway.graphql.buckets import Buckets
from gateway.graphql.documents import Documents
from gateway.graphql.endpoint import GraphQL
from gateway.graphql.schema import SCHEMA
from gateway.graphql.subscribing.handshake import Subscriptions
from gateway.settings import GatewaySettings
from gateway.state import HttpMetrics, State
from gateway.ws.stream import open_stream
from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.runtime.clock import SystemClock

SERVICE = "gateway"


@asynccontextmanager
async def gateway(told: GatewaySettings, state: State) -> AsyncIterator[Gateway]:
    """The application over a mesh connection, which leaving the block closes.

    Raises OSError or ValueError where the gateway's own key, or the manifest, cannot be read.
    """
    clock = SystemClock()
    identity = authentication.identity(told, service=SERVICE, clock=clock)
    async with Mesh(told.mesh, identity=identity) as mesh:
        keys = MeshJwks(mesh)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        backends = Backends.over(mesh)
        learning = asyncio.create_task(revoked.run())
        try:
            async with open_stream(
                backends=backends,
                own=ServiceBackends.over(mesh),
                revoked=revoked,
                state=state,
                max_sockets=told.max_sockets,
                clock=clock,
            ) as stream:
                authenticator = Authenticator(
                    keys,
                    issuer=told.token_issuer,
                    audience=told.token_audience,
                    clock=clock,
                    revoked=revoked,
                )
                refreshing = Refreshing(
                    backends=backends, refused=Buckets(told.rate_logins, clock=clock)
                )
                graphql = GraphQL(
                    backends=backends,
                    authenticator=authenticator,
                    documents=Documents(SCHEMA, introspection=told.graphql_introspection),
                    trusted=trusted.load(told.graphql_manifest),
                    trusted_only=told.graphql_documents == "trusted",
                    writes=Buckets(told.rate_writes, clock=clock),
                    logins=Buckets(told.rate_logins, clock=clock),
                    spending=Buckets(told.rate_cost, clock=clock),
                    refreshing=refreshing,
                )
                yield Gateway(
                    backends=backends,
                    keys=keys,
                    authenticator=authenticator,
                    graphql=graphql,
                    refreshing=refreshing,
                    subscriptions=Subscriptions(
                        backends=backends, find=graphql.find, stream=stream
                    ),
                    stream=stream,
                    state=state,
                    public_url=told.public_url,
                    explorer=told.graphql_introspection,
                )
        finally:
            learning.cancel()


def state_of(told: GatewaySettings) -> State:
    """A process that has done nothing yet."""
    return State(metrics=HttpMetrics(REGISTRY), max_in_flight=told.max_in_flight)
