"""Builds a gateway process out of its settings: the only place where its parts are made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY

from gateway.app import Gateway
from gateway.auth import Doorkeeper
from gateway.backends import Backends
from gateway.settings import GatewaySettings
from gateway.state import HttpMetrics, State
from services.chassis.clients import Mesh, MeshJwks
from services.chassis.clock import SystemClock


@asynccontextmanager
async def gateway(told: GatewaySettings, state: State) -> AsyncIterator[Gateway]:
    """The application over a mesh connection, which leaving the block closes."""
    async with Mesh(told.mesh) as mesh:
        keys = MeshJwks(mesh)
        yield Gateway(
            backends=Backends.over(mesh),
            keys=keys,
            doorkeeper=Doorkeeper(
                keys,
                issuer=told.token_issuer,
                audience=told.token_audience,
                clock=SystemClock(),
            ),
            state=state,
            public_url=told.public_url,
        )


def state_of(told: GatewaySettings) -> State:
    """A process that has done nothing yet."""
    return State(metrics=HttpMetrics(REGISTRY), max_in_flight=told.max_in_flight)
