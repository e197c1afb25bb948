"""Videos have at most 30 frames a second, and those that they keep are evenly spaced."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from av.video.frame import VideoFrame

from services.media.worker.jail.decoding import Picture
from services.media.worker.jail.video import Pace

FRAME = VideoFrame(2, 2, "yuv420p")


def kept(pace: Pace, times: list[Fraction]) -> list[Fraction]:
    shown = (pace.time_of(Picture(FRAME, time, time)) for time in times)
    return [time for time in shown if time is not None]


def even(rate: Fraction | int, seconds: int = 4) -> list[Fraction]:
    return [n / Fraction(rate) for n in range(int(seconds * rate))]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (10, 10),
        (24, 24),
        (Fraction(30_000, 1001), Fraction(30_000, 1001)),
        (30, 30),
        (48, 24),
        (50, 25),
        (Fraction(60_000, 1001), Fraction(30_000, 1001)),
        (60, 30),
    ],
)
def test_even_rates_become_even_rates(rate: Fraction, expected: Fraction) -> None:
    times = kept(Pace(Fraction(rate)), even(rate))

    gaps = {later - time for time, later in pairwise(times)}
    assert gaps == {1 / Fraction(expected)}


@pytest.mark.parametrize("rate", [31, 40])
def test_rates_a_little_above_lose_single_frames(rate: int) -> None:
    times = kept(Pace(Fraction(rate)), even(rate))

    assert 112 <= len(times) <= 121


def test_unknown_rate_is_limited_too() -> None:
    assert len(kept(Pace(None), even(60))) == 120


def test_times_rounded_to_milliseconds_lose_no_frame() -> None:
    rounded = [Fraction(round(n * 1000 / 30), 1000) for n in range(120)]

    assert kept(Pace(Fraction(30)), rounded) == rounded


def test_burst_after_a_pause_is_limited() -> None:
    times = [Fraction(0), *(3 + n / Fraction(100) for n in range(100))]

    assert 30 <= len(kept(Pace(Fraction(25)), times)) <= 32


def test_time_that_does_not_advance_is_left_out() -> None:
    times = [Fraction(0), Fraction(1), Fraction(1), Fraction(1, 2), Fraction(2)]

    assert kept(Pace(Fraction(1)), times) == [0, 1, 2]


def test_first_picture_is_shown_at_0() -> None:
    times = [Fraction(7, 10), Fraction(8, 10)]

    assert kept(Pace(Fraction(10)), times) == [0, Fraction(8, 10)]
