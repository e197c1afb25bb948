"""Pages kept over services whose change logs a test writes."""

import pytest

from gateway.core.kept import watch
from tests.gateway.change_log import ChangeLog
from tests.waiting import LIMIT


@pytest.fixture(autouse=True)
def patient_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine answers late. A test of lateness lets the limit pass."""
    monkeypatch.setattr(watch, "CHECK_SECONDS", LIMIT)


@pytest.fixture
def post_log() -> ChangeLog:
    return ChangeLog("post")


@pytest.fixture
def timeline_log() -> ChangeLog:
    return ChangeLog("timeline")
