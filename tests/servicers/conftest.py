"""pytest-grpc's fixtures for async servicers, with all interceptors.

The plugin's own server and channel support only synchronous servicers. A module that uses these
fixtures instead of `serving(…)` defines `grpc_add_to_server`, `grpc_servicer` and `grpc_stub_cls`,
as the plugin documents, and has `grpc_server`, `grpc_channel` and `grpc_stub` of grpc.aio. It may
override `grpc_caller`, the caller, and `grpc_without`, the methods that are not served.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc.aio
import pytest
import structlog

from services.chassis.auth.caller import ANONYMOUS, Caller
from services.chassis.rpc.server import MountedServicer
from tests.patience import patience
from tests.servicers.grpc_server import Served, serving

__all__ = ["patience"]


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Restores the log configuration after each test."""
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
    """Methods that the servicer of the module does not implement."""
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
