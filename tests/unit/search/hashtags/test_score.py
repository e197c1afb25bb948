"""What is expected of a hashtag, and which scores are trends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.search.domain.hashtags.model import CountedHours, Measure, start_of
from services.search.domain.hashtags.trends import (
    MIN_AUTHORS,
    THRESHOLD,
    Known,
    Past,
    expected_at,
    measure_of,
    rank,
    shape_of,
)

DAY = 24
WEEK = 7 * DAY
FLAT = [1.0] * DAY
# An hour after more than five weeks.
NOW = 6 * WEEK + 5
END = start_of(NOW)


def expected(past: Past, *, first: int = 0, moment: datetime = END) -> float:
    """What is expected of the hour before the moment; all hours from the first on are counted."""
    return expected_at(moment, past, Known(CountedHours(first, NOW - 1), FLAT))


def test_nothing_is_expected_without_a_past() -> None:
    assert expected_at(END, {NOW - 2: 50}, Known(None, FLAT)) == 0
    assert expected({}) == 0


def test_same_hour_of_past_weeks_is_expected_again() -> None:
    past = {NOW - 1 - week * WEEK: 100 for week in range(1, 6)}

    assert expected(past) == 100


def test_weeks_before_the_first_counted_hour_are_no_zeros() -> None:
    past = {NOW - 1 - WEEK: 100}

    assert expected(past, first=NOW - WEEK - DAY) == 100
    assert expected(past, first=NOW - 2 * WEEK - DAY) == 50


def test_usual_number_of_the_last_days_is_expected() -> None:
    past = dict.fromkeys(range(NOW), 10)

    assert expected(past) == pytest.approx(10)


def test_recent_hours_have_more_weight_than_old_ones() -> None:
    rising = dict.fromkeys(range(NOW - 3 * DAY, NOW - 1), 10)
    fallen = dict.fromkeys(range(NOW - 14 * DAY, NOW - 3 * DAY), 10)

    assert 4 < expected(rising) < 6
    assert expected(fallen) < expected(rising)


def test_first_hours_of_an_installation_are_all_its_past() -> None:
    assert expected({NOW - 2: 8}, first=NOW - 2) == 8


def test_half_of_the_authors_of_yesterday_are_expected_again() -> None:
    assert expected({NOW - 1 - DAY: 80}) == 40


def test_observed_hours_are_no_past() -> None:
    """The last 60 minutes contain all of the last clock hour, or parts of it and the running one"""
    past = {NOW - 1: 500}

    assert expected(past) == 0
    assert expected(past, moment=END + timedelta(minutes=30)) == 0


def test_parts_of_both_clock_hours_are_expected() -> None:
    past = {NOW - 1 - week * WEEK: 100 for week in range(1, 6)}

    assert expected(past, moment=END + timedelta(minutes=15)) == pytest.approx(75, abs=1)
    assert expected(past, moment=END - timedelta(minutes=15)) == pytest.approx(75, abs=1)


def test_busy_hours_of_the_day_are_expected_to_be_busy() -> None:
    total = {hour: 300 if hour % DAY == 20 else 100 for hour in range(NOW)}

    shape = shape_of(total, CountedHours(0, NOW - 1))

    assert shape[20] / shape[3] == pytest.approx(3, abs=0.05)
    assert sum(shape) / DAY == pytest.approx(1)
    usual = dict.fromkeys(range(NOW), 10)
    known = Known(CountedHours(0, NOW - 1), shape)
    evening = start_of(NOW - NOW % DAY - DAY + 21)
    assert expected_at(evening, usual, known) == pytest.approx(10 * shape[20], rel=0.01)


def test_less_than_a_day_has_no_shape() -> None:
    assert shape_of({}, None) == FLAT
    assert shape_of({NOW - 2: 100}, CountedHours(NOW - 23, NOW - 1)) == FLAT


def test_quiet_installation_has_a_flat_shape() -> None:
    assert max(shape_of({NOW - 2: 1}, CountedHours(NOW - WEEK, NOW - 1))) < 1.2


def test_score_is_the_distance_from_what_is_expected() -> None:
    assert measure_of(20, 0) == Measure(10, 20, 0)
    assert measure_of(30, 21) == Measure(1.8, 30, 21)
    assert measure_of(12, 21).score < 0


def test_rank_needs_the_threshold_and_the_authors() -> None:
    listed = Measure(THRESHOLD, MIN_AUTHORS, 0.0)

    assert [each.tag for each in rank([("cats", listed)])] == ["cats"]
    assert rank([("cats", listed._replace(score=THRESHOLD - 0.01))]) == []
    assert rank([("cats", listed._replace(observed=MIN_AUTHORS - 1))]) == []


def test_strongest_twenty_are_listed_in_order() -> None:
    ranked = rank((f"tag{each:02}", measure_of(50 + each // 2, 0)) for each in range(40))

    assert len(ranked) == 20
    assert [each.tag for each in ranked[:4]] == ["tag38", "tag39", "tag36", "tag37"]


def test_fewer_authors_than_the_minimum_never_reach_the_threshold() -> None:
    assert measure_of(MIN_AUTHORS - 1, 0).score < THRESHOLD <= measure_of(MIN_AUTHORS, 0).score
