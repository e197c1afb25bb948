"""One Envoy for the whole folder, with two gateways and a few services behind it.

Tests that break a service use different services, so that they do not disturb each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import grpc
import httpx2
import pytest
import pytest_asyncio

from local.envoy_template import endpoints_name
from services.chassis.runtime.manifest import deployed
from tests.engines import Engines
from tests.envoy import gateway as http
from tests.envoy import service as grpc_service
from tests.envoy.files import Files
from tests.envoy.gateway import Gateway
from tests.envoy.issuer import Issuer
from tests.envoy.proxy import Proxy, running
from tests.envoy.service import Service
from tests.waiting import LIMIT

# The limits of a read or a write and of a call. Requests take less on a busy machine. A test of a
# limit uses `impatient_proxy`.
SECONDS = "6"
CALL_SECONDS = "10"
MAX_CALLS = 60
WITHOUT_ENDPOINTS = "search"
RATE = 30  # of writes and logins a minute: one comes back every two seconds

session = pytest_asyncio.fixture(scope="session", loop_scope="session")


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@session
async def gateways(issuer: Issuer) -> AsyncIterator[list[Gateway]]:
    async with AsyncExitStack() as stack:
        names = ("one", "two")
        yield [
            await stack.enter_async_context(http.serving(Gateway(name, jwks=issuer.jwks())))
            for name in names
        ]


@session
async def services() -> AsyncIterator[dict[str, list[Service]]]:
    """The endpoints of each service: one or two, and none of the service without endpoints."""
    nouns = [each.noun for each in deployed() if each.noun != WITHOUT_ENDPOINTS]
    counts = dict.fromkeys(nouns, 1) | dict.fromkeys(("user", "timeline", "media"), 2)
    async with AsyncExitStack() as stack:
        yield {
            name: [
                await stack.enter_async_context(grpc_service.serving(Service()))
                for _ in range(count)
            ]
            for name, count in counts.items()
        }


@session
async def proxy(
    tmp_path_factory: pytest.TempPathFactory,
    gateways: list[Gateway],
    services: dict[str, list[Service]],
) -> AsyncIterator[Proxy]:
    addresses = {
        endpoints_name(name): [each.address for each in endpoints]
        for name, endpoints in services.items()
    }
    async with running(
        tmp_path_factory.mktemp("envoy"),
        GATEWAY_ENDPOINTS=[each.address for each in gateways],
        READ_SECONDS=SECONDS,
        WRITE_SECONDS=SECONDS,
        CALL_SECONDS=CALL_SECONDS,
        RATE_READS="100000",
        RATE_WRITES=str(RATE),
        RATE_LOGINS=str(RATE),
        RATE_STRANGERS="100000",
        MAX_CALLS=str(MAX_CALLS),
        CORS_ORIGINS=r"https://[a-z.]+\.example",
        **addresses,
    ) as proxy:
        yield proxy


@session
async def impatient_proxy(
    tmp_path_factory: pytest.TempPathFactory,
    gateways: list[Gateway],
    services: dict[str, list[Service]],
) -> AsyncIterator[Proxy]:
    """An Envoy with limits of a second, for requests that nobody answers."""
    async with running(
        tmp_path_factory.mktemp("impatient"),
        GATEWAY_ENDPOINTS=[each.address for each in gateways],
        READ_SECONDS="1",
        WRITE_SECONDS="1",
        CALL_SECONDS="1",
        **{
            endpoints_name(name): [each.address for each in endpoints]
            for name, endpoints in services.items()
        },
    ) as proxy:
        yield proxy


@session
async def impatient_edge(impatient_proxy: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=impatient_proxy.edge, timeout=LIMIT) as client:
        yield client


@session
async def impatient_mesh(impatient_proxy: Proxy) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(impatient_proxy.mesh) as channel:
        yield channel


@session
async def edge(proxy: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client:
        yield client


@session
async def mesh(proxy: Proxy) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(proxy.mesh) as channel:
        yield channel


@session
async def cdn(tmp_path_factory: pytest.TempPathFactory, engines: Engines) -> AsyncIterator[Proxy]:
    """An Envoy in front of the real object store."""
    engines.start("seaweedfs")
    async with running(
        tmp_path_factory.mktemp("cdn"),
        engines.seaweedfs.cdn,
        GATEWAY_ENDPOINTS=[],
        RATE_MEDIA="100000",
    ) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def files(engines: Engines, cdn: Proxy) -> Files:
    return Files(engines.seaweedfs.media, cdn)


@pytest.fixture(scope="session")
def reader(engines: Engines, cdn: Proxy) -> Files:
    """The store as the listener reaches it."""
    return Files(engines.seaweedfs.cdn, cdn)


@session
async def media(cdn: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=cdn.media, timeout=60) as client:
        yield client
