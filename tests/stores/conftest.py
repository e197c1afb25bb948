"""What all tests of stores share: time limits, and the tests that need one PostgreSQL."""

import os

import pytest

from services.chassis.cache import cache_aside, redis_client
from services.chassis.storage import postgres
from tests.engines import CITUS_SETTING
from tests.waiting import LIMIT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips tests marked `one_postgres(reason)` where stores are tested on Citus."""
    if not os.environ.get(CITUS_SETTING):
        return
    for item in items:
        marker = item.get_closest_marker("one_postgres")
        if marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"needs one PostgreSQL: {marker.args[0]}"))


@pytest.fixture(autouse=True)
def patient_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises the time limits for busy machines. A test of a limit sets it itself."""
    for name in ("STATEMENT_SECONDS", "TRANSACTION_SECONDS", "ACQUIRE_SECONDS", "_CONNECT_SECONDS"):
        monkeypatch.setattr(postgres, name, LIMIT)
    monkeypatch.setattr(redis_client, "CONNECT_SECONDS", LIMIT)
    monkeypatch.setattr(cache_aside, "LOAD_SECONDS", LIMIT)
