"""What every test of stores may rely on."""

import pytest

from services.chassis.storage import postgres
from tests.waiting import LIMIT


@pytest.fixture(autouse=True)
def patient_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no overload: a test that is about a limit sets it by itself."""
    for name in ("STATEMENT_SECONDS", "TRANSACTION_SECONDS", "ACQUIRE_SECONDS", "_CONNECT_SECONDS"):
        monkeypatch.setattr(postgres, name, LIMIT)
