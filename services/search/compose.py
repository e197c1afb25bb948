"""Composes the processes of the Search service. Only this module opens connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, retention
from services.search.settings import SearchSettings

SERVICE = "search"


@asynccontextmanager
async def serve(settings: SearchSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=SERVICE, clock=clock)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="search serve"),
        redis_client.connect(settings.redis_url),
        Mesh(settings.mesh, identity=identity) as mesh,
    ):
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        yield ProcessParts(
            server=Server(
                mounts=mounts(),
                verifier=authentication.verifier(
                    settings,
                    service=SERVICE,
                    people=MeshJwks(mesh),
                    revoked=revoked.session_ids,
                    clock=clock,
                ),
                max_in_flight=settings.max_in_flight,
            ),
            jobs=[revoked.run],
        )


def mounts() -> list[MountedServicer]:
    return []


@asynccontextmanager
async def work(settings: SearchSettings) -> AsyncIterator[ProcessParts]:
    """The process that consumes events and rebuilds the index."""
    clock = SystemClock()
    async with (
        postgres.connect(settings.database_url, clock=clock, name="search work") as database,
        redis_client.connect(settings.redis_url),
        Mesh(
            settings.mesh, identity=authentication.identity(settings, service=SERVICE, clock=clock)
        ),
    ):
        yield ProcessParts(jobs=[retention.job(database)])
