"""The time limits of all tests of stores."""

import pytest

from services.chassis.cache import cache_aside, redis_client
from services.chassis.storage import postgres
from tests.waiting import LIMIT


@pytest.fixture(autouse=True)
def patient_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises the time limits for busy machines. A test of a limit sets it itself."""
    for name in ("STATEMENT_SECONDS", "TRANSACTION_SECONDS", "ACQUIRE_SECONDS", "_CONNECT_SECONDS"):
        monkeypatch.setattr(postgres, name, LIMIT)
    monkeypatch.setattr(redis_client, "CONNECT_SECONDS", LIMIT)
    monkeypatch.setattr(cache_aside, "LOAD_SECONDS", LIMIT)
