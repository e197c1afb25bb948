"""Pauses grow, have a longest, differ, and start again after a success; requested ones are read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.runtime.backoff import LONGEST_WAIT, Backoff, doubled, retry_after

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)


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


def dates() -> st.SearchStrategy[str]:
    """Almost valid dates."""
    numbers = st.integers(-(10**6), 10**25)
    return st.builds(
        "{}, {} {} {} {}:{}:{} {}".format,
        st.sampled_from(["Mon", "Day", ""]),
        numbers,
        st.sampled_from(["Jan", "Feb", "Dec", "Xyz"]),
        numbers | st.integers(1, 9999),
        numbers | st.integers(0, 24),
        numbers | st.integers(0, 60),
        numbers | st.integers(0, 60),
        st.sampled_from(["GMT", "-2359", "+2359", "-0000", "+99999999999", "ZZZ"]),
    )


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("Sun, 01 Feb 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("999999999", LONGEST_WAIT),
        ("9" * 64, LONGEST_WAIT),
        ("9" * 400, None),
        ("Sun, 01 Feb 2026 11:59:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 -2359", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 +9999", None),
        ("Sat, 01 Jan 0001 00:00:00 +2359", timedelta(0)),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Sun, 01 Feb 2026 99:99:99 GMT", None),
        ("Sun, 01 Feb 2026 12:01:00 +99999999999999999", None),
        ("\0", None),
        ("\udcff", None),
        ("١٢", None),
        (",", None),
    ],
)
def test_retry_after(value: str, wait: timedelta | None) -> None:
    assert retry_after(value, NOW) == wait


@given(st.text(max_size=80) | dates())
def test_no_retry_after_is_an_error_or_a_wait_beyond_a_day(value: str) -> None:
    wait = retry_after(value, NOW)

    assert wait is None or timedelta() <= wait <= LONGEST_WAIT
