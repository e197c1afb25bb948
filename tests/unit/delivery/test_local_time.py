"""Hours of digests and quiet hours in local time, across clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.domain.errors import TimeZoneUnknown
from services.delivery.domain.local_time import (
    DaySettings,
    QuietHours,
    check_time_zone,
    next_time,
    quiet_until,
)
from tests.servicers.grpc_server import raises_reason

# In 2026 it leaves out 02:00 to 03:00 on March 8th, and has 01:00 to 02:00 twice on November 1st.
NEW_YORK = "America/New_York"
ZONES = st.sampled_from(
    (
        "UTC",
        NEW_YORK,
        "Europe/Berlin",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
    )
)
HOURS = st.integers(0, 23)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def digest(after: str, *, hour: int, time_zone: str = NEW_YORK) -> datetime:
    return next_time(at(after), time_zone=time_zone, hour=hour, spread=timedelta(minutes=30))


@pytest.mark.parametrize(
    ("time_zone", "expected"),
    [
        ("UTC", "2026-06-02T07:30Z"),
        ("Asia/Tokyo", "2026-06-01T22:30Z"),
        (NEW_YORK, "2026-06-02T11:30Z"),
        ("Asia/Kathmandu", "2026-06-02T01:45Z"),
    ],
)
def test_the_hour_is_that_of_the_time_zone(time_zone: str, expected: str) -> None:
    assert digest("2026-06-01T12:00Z", hour=7, time_zone=time_zone) == at(expected)


def test_an_hour_stays_the_same_on_the_wall_when_summer_time_begins_and_ends() -> None:
    assert digest("2026-03-07T13:00Z", hour=7) == at("2026-03-08T11:30Z")
    assert digest("2026-03-06T13:00Z", hour=7) == at("2026-03-07T12:30Z")
    assert digest("2026-10-31T13:00Z", hour=7) == at("2026-11-01T12:30Z")


def test_an_hour_that_a_day_leaves_out_is_the_one_after_it() -> None:
    assert digest("2026-03-08T01:00-05:00", hour=2) == at("2026-03-08T03:30-04:00")
    assert digest("2026-03-08T03:30-04:00", hour=2) == at("2026-03-09T02:30-04:00")


def test_an_hour_that_a_day_has_twice_counts_once() -> None:
    first, second = "2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00"

    assert digest("2026-11-01T00:00-04:00", hour=1) == at(first)
    assert digest(first, hour=1) == at("2026-11-02T01:30-05:00")
    assert digest(second, hour=1) == at("2026-11-02T01:30-05:00")


@given(MOMENTS, ZONES, HOURS)
def test_each_local_day_has_one_digest(moment: datetime, time_zone: str, hour: int) -> None:
    found = [moment]
    for _ in range(5):
        found.append(
            next_time(found[-1], time_zone=time_zone, hour=hour, spread=timedelta(minutes=20))
        )

    days = [each.astimezone(ZoneInfo(time_zone)).date() for each in found[1:]]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


def quiet(now: str, start: int, end: int, time_zone: str = NEW_YORK) -> datetime | None:
    return quiet_until(at(now), DaySettings(time_zone, QuietHours(start, end)))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-06-01T21:59-04:00", None),
        ("2026-06-01T22:00-04:00", "2026-06-02T07:00-04:00"),
        ("2026-06-02T06:59-04:00", "2026-06-02T07:00-04:00"),
        ("2026-06-02T07:00-04:00", None),
        # The night in which summer time begins is an hour shorter, the one in which it ends longer.
        ("2026-03-07T23:00-05:00", "2026-03-08T07:00-04:00"),
        ("2026-10-31T23:00-04:00", "2026-11-01T07:00-05:00"),
    ],
)
def test_a_night_is_quiet_from_its_first_hour_to_its_last(now: str, end: str | None) -> None:
    assert quiet(now, 22, 7) == (None if end is None else at(end))


def test_quiet_hours_of_one_day_do_not_reach_into_the_next() -> None:
    assert quiet("2026-06-01T13:30-04:00", 13, 15) == at("2026-06-01T15:00-04:00")
    assert quiet("2026-06-01T15:00-04:00", 13, 15) is None


def test_quiet_hours_that_end_in_an_hour_left_out_end_with_the_gap() -> None:
    assert quiet("2026-03-08T01:59-05:00", 22, 2) == at("2026-03-08T03:00-04:00")
    assert quiet("2026-03-08T03:00-04:00", 22, 2) is None


def test_quiet_hours_in_an_hour_that_comes_twice_hold_both_times() -> None:
    assert quiet("2026-11-01T01:10-04:00", 1, 2) == at("2026-11-01T02:00-05:00")
    assert quiet("2026-11-01T01:10-05:00", 1, 2) == at("2026-11-01T02:00-05:00")


def test_without_quiet_hours_nothing_is_quiet() -> None:
    assert quiet_until(at("2026-06-01T03:00Z"), DaySettings()) is None


@given(MOMENTS, ZONES, HOURS, HOURS)
def test_quiet_hours_always_end_where_it_is_quiet_no_more(
    moment: datetime, time_zone: str, start: int, end: int
) -> None:
    if start == end:
        return
    settings = DaySettings(time_zone, QuietHours(start, end))

    until = quiet_until(moment, settings)

    if until is not None:
        assert moment < until <= moment + timedelta(hours=25)
        assert quiet_until(until, settings) is None


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_names_of_the_database_are_taken(name: str) -> None:
    check_time_zone(name)

    noon = next_time(at("2026-06-01T00:00Z"), time_zone=name, hour=12, spread=timedelta())
    assert noon.astimezone(ZoneInfo(name)).hour == 12


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Europe/Atlantis",
        "europe/berlin",
        "../etc/passwd",
        "posix/UTC",
        "+01:00",
        "CEST",
        "Factory",
    ],
)
def test_other_names_are_refused_by_name(name: str) -> None:
    with raises_reason(TimeZoneUnknown, "TIME_ZONE_UNKNOWN"):
        check_time_zone(name)


def test_zones_are_there_on_a_machine_that_has_none() -> None:
    reset_tzpath(to=())
    ZoneInfo.clear_cache()
    try:
        assert digest("2026-06-01T12:00Z", hour=7) == at("2026-06-02T11:30Z")
    finally:
        reset_tzpath()
        ZoneInfo.clear_cache()
