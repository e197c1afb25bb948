"""The platform of one test, and the password hashing of all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.chassis.runtime import deadline
from services.user.domain.passwords import Passwords
from tests.engines import Engines
from tests.platform.platform import Platform, platform

# More than any request of these tests needs on a busy machine.
_PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests may take a minute: these tests are about answers, and none is about a deadline."""
    begin = deadline.begin
    monkeypatch.setattr(deadline, "begin", lambda seconds: begin(max(seconds, _PATIENCE_SECONDS)))


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
