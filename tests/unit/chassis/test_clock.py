"""Time stands still in a test until it is moved."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.runtime.clock import ManualClock, SystemClock


def test_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(datetime(2025, 1, 1, tzinfo=UTC))
    before = clock.monotonic()

    clock.advance(1.5)
    clock.advance(timedelta(minutes=1))

    assert clock.now() == datetime(2025, 1, 1, 0, 1, 1, 500_000, tzinfo=UTC)
    assert clock.monotonic() - before == pytest.approx(61.5)


def test_manual_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="back"):
        ManualClock().advance(-1)


def test_manual_clock_knows_its_time_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2025, 1, 1))


def test_system_clock_is_aware_and_goes_forward() -> None:
    clock = SystemClock()
    first, then = clock.monotonic(), clock.monotonic()

    assert clock.now().tzinfo is UTC
    assert then >= first
