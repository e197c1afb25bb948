"""The game day expects alerts that exist, and sees what is missing and what is too much."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from local.stack import Stack
from tests.alerts.promtool import alerts
from tests.completeness import ROOT
from tests.soak.faults import FAULTS, Fault
from tests.soak.game_day import Outcome
from tests.soak.monitoring import Alert

EXISTING = {rule["alert"] for rule in alerts()}
DOWN = Alert("RoostTargetDown", "ticket", "post")
LATE = Alert("RoostFreshness", "page", "freshness")


@contextlib.asynccontextmanager
async def nothing(_: Stack) -> AsyncIterator[None]:
    yield


@pytest.fixture
def outcome() -> Outcome:
    fault = Fault(
        name="a fault",
        broken=nothing,
        during=frozenset({"RoostTargetDown"}),
        afterwards=frozenset({"RoostFreshness"}),
    )
    return Outcome(fault, fired={DOWN, LATE}, firing_seconds=1.0, ending_seconds=1.0)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_expects_alerts_that_exist(fault: Fault) -> None:
    assert fault.during or fault.seconds
    assert fault.expected <= EXISTING


def test_ten_faults_have_different_names() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 10


def test_the_documented_faults_are_those_of_the_game_day() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text().partition("## Game day")[2]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    documented = [(name, alerts_of(during), alerts_of(after)) for name, during, after in rows[1:]]

    assert documented == [(each.name, each.during, each.afterwards) for each in FAULTS]


def alerts_of(cell: str) -> set[str]:
    """The alerts that a cell of the table names, without the word that all begin with."""
    return {f"Roost{name}" for name in cell.split(", ") if name != "–"}


def test_what_was_expected_is_right(outcome: Outcome) -> None:
    assert outcome.is_right


def test_a_missing_alert_is_wrong(outcome: Outcome) -> None:
    outcome.fired.remove(LATE)

    assert not outcome.is_right
    assert outcome.missing == {"RoostFreshness"}


def test_an_alert_too_much_is_wrong(outcome: Outcome) -> None:
    outcome.fired.add(Alert("RoostJobDown", "ticket", "a job"))

    assert not outcome.is_right
    assert {each.name for each in outcome.unexpected} == {"RoostJobDown"}


def test_alerts_that_do_not_end_are_wrong(outcome: Outcome) -> None:
    outcome.ending_seconds = None

    assert not outcome.is_right


def test_a_stack_that_was_not_quiet_is_wrong(outcome: Outcome) -> None:
    outcome.noise.add(LATE)

    assert not outcome.is_right
