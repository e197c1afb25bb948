"""Builds a gateway process out of its settings: the only place where its parts are made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY

from gateway.app import Gateway
from gateway.auth import Doorkeeper
from gateway.backends import Backends
from gateway.settings import GatewaySettings
from gateway.state import HttpMetrics, State
from services.chassis.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.clock import SystemClock
from services.chassis.tokens import RevokedSessions


@asynccontextmanager
async def gateway(told: GatewaySettings, state: State) -> AsyncIterator[Gateway]:
    """The application over a mesh connection, which leaving the block closes."""
    clock = SystemClock()
    async with Mesh(told.mesh) as mesh:
        keys = MeshJwks(mesh)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        learning = asyncio.create_task(revoked.run())
        try:
            yield Gateway(
                backends=Backends.over(mesh),
                keys=keys,
                doorkeeper=Doorkeeper(
                    keys,
                    issuer=told.token_issuer,
                    audience=told.token_audience,
                    clock=clock,
                    revoked=revoked,
                ),
                state=state,
                public_url=told.public_url,
            )
        finally:
            learning.cancel()


def state_of(told: GatewaySettings) -> State:
    """A process that has done nothing yet."""
    return State(metrics=HttpMetrics(REGISTRY), max_in_flight=told.max_in_flight)
