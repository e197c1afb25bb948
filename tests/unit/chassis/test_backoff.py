"""Pauses grow, have a longest, differ, and start again after a success."""

import pytest

from services.chassis.runtime.backoff import Backoff, doubled


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(0.1, 1.0, jitter=0.0)

    pauses = [backoff.pause() for _ in range(6)]

    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_pauses_are_spread_on_both_sides() -> None:
    pauses = [Backoff(1.0, 60.0, jitter=0.3).pause() for _ in range(500)]

    assert 0.7 <= min(pauses) < 0.8
    assert 1.2 < max(pauses) <= 1.3


def test_a_success_starts_again_with_the_first_pause() -> None:
    backoff = Backoff(0.1, 1.0, jitter=0.0)
    backoff.pause()
    backoff.pause()

    backoff.reset()

    assert backoff.failures == 0
    assert backoff.pause() == pytest.approx(0.1)


def test_a_million_failures_wait_for_the_longest_pause() -> None:
    assert doubled(0.1, 5.0, 1_000_000) == 5.0
