"""One stack for all hostile tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
import pytest_asyncio

from local.edge import Account, Edge
from tests.e2e.stacks import TestStack

PASSWORD = "zebra lamp 9"
# Password hashing at the lowest permitted cost: these tests are not about it.
SETTINGS = {"ROOST_PASSWORD_MEMORY_MIB": "19"}

SignUp = Callable[[str], Coroutine[Any, Any, Account]]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestStack]:
    """A whole stack with default limits."""
    async with TestStack(tmp_path_factory.mktemp("hostile"), SETTINGS, durable=False) as stack:
        yield stack


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def edge(stack: TestStack) -> AsyncIterator[Edge]:
    """A client of its edge."""
    async with stack.edge() as edge:
        yield edge


@pytest.fixture(scope="package")
def sign_up(edge: Edge) -> SignUp:
    """Registers a user with that handle."""

    async def register(handle: str) -> Account:
        return await edge.register(handle, PASSWORD)

    return register
