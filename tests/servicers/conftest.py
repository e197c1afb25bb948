"""pytest-grpc's fixtures for async servicers, behind the whole pipeline.

The plugin's own server and channel are made for synchronous servicers. A module that prefers its
fixtures to `serving(…)` defines, as the plugin documents, `grpc_add_to_server`, `grpc_servicer` and
`grpc_stub_cls`, and gets `grpc_server`, `grpc_channel` and `grpc_stub` of grpc.aio. `grpc_caller`
may be overridden to say who calls, and `grpc_without` to leave methods out.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc.aio
import pytest
import structlog

from services.chassis.auth.caller import ANONYMOUS, Caller
from services.chassis.rpc.server import MountedServicer
from tests.servicers.serving import Served, serving


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A test that configures logs does so for itself alone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def grpc_caller() -> Caller:
    return ANONYMOUS


@pytest.fixture
def grpc_without() -> frozenset[str]:
    """Methods that the servicer of the module does not offer."""
    return frozenset()


@pytest.fixture
async def grpc_server(
    grpc_add_to_server: Callable[[Any, Any], None],
    grpc_servicer: object,
    grpc_without: frozenset[str],
) -> AsyncIterator[Served]:
    async with serving(
        MountedServicer(grpc_add_to_server, grpc_servicer, without=grpc_without)
    ) as served:
        yield served


@pytest.fixture
async def grpc_channel(grpc_server: Served) -> AsyncIterator[Any]:

    async with grpc.aio.insecure_channel(grpc_server.address) as channel:
        yield channel


@pytest.fixture
def grpc_stub(grpc_stub_cls: Callable[[Any], Any], grpc_server: Served, grpc_caller: Caller) -> Any:
    return grpc_server.stub(grpc_stub_cls, caller=grpc_caller)
