"""The whole platform for one test, and hashing for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.user.domain.passwords import Passwords
from tests.engines import Engines
from tests.platform.platform import Platform, platform


@pytest.fixture(scope="package")
def hashing() -> Iterator[Passwords]:
    """Passwords at the least cost: no test here is about that."""
    passwords = Passwords(memory_mib=1, workers=2)
    yield passwords
    passwords.close()


@pytest.fixture(scope="package")
def shared_redis(engines: Engines) -> str:
    """One Valkey for all: no two platforms have an id in common."""
    engines.start("valkey")
    return engines.valkey.url


@pytest.fixture
async def shared_platform(hashing: Passwords, shared_redis: str) -> AsyncIterator[Platform]:
    """A platform with nobody in it."""
    async with platform(hashing, shared_redis) as made:
        yield made
