"""The platform of one test, and the password hashing of all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.user.domain.passwords import Passwords
from tests.engines import Engines
from tests.patience import long_limits
from tests.platform.platform import Platform, platform


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """None of these tests is about a limit."""
    with long_limits():
        yield


@pytest.fixture(scope="package")
def hashing() -> Iterator[Passwords]:
    """Password hashing at the lowest cost: no test here is about it."""
    passwords = Passwords(memory_mib=1, workers=2)
    yield passwords
    passwords.close()


@pytest.fixture(scope="package")
def shared_redis(engines: Engines) -> str:
    """One Valkey for all platforms: their ids are distinct."""
    engines.start("valkey")
    return engines.valkey.url


@pytest.fixture
async def shared_platform(hashing: Passwords, shared_redis: str) -> AsyncIterator[Platform]:
    """A platform without users."""
    async with platform(hashing, shared_redis) as running:
        yield running
