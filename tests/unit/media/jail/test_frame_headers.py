"""Frames are counted without decoding, and whatever the headers say the count ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.worker.jail import frame_headers
from services.media.worker.jail.frame_headers import Frames, Malformed
from tests.unit.media.jail.drawings import animated, colours, encoded, gif, plain, png

TYPES = {"GIF": "image/gif", "WEBP": "image/webp", "PNG": "image/png"}


@pytest.mark.parametrize("format_", TYPES)
def test_frames_and_canvas_are_read(format_: str) -> None:
    data = animated(colours(7, (60, 40)), format_)

    assert frame_headers.read(data, TYPES[format_]) == Frames(7, 60, 40)


def test_a_still_gif_has_one_frame() -> None:
    assert frame_headers.read(encoded(plain(), "GIF"), "image/gif") == Frames(1, 64, 64)


@pytest.mark.parametrize("format_", ["WEBP", "PNG"])
def test_a_still_picture_states_no_frames(format_: str) -> None:
    assert frame_headers.read(encoded(plain(), format_), TYPES[format_]) is None


def test_formats_without_animations_are_not_read() -> None:
    assert frame_headers.read(b"", "image/jpeg") is None


def test_the_canvas_covers_every_frame() -> None:
    frames = frame_headers.read(gif(10, 10, 2, frame_size=(500, 20)), "image/gif")

    assert frames == Frames(2, 500, 20)


def test_the_pixels_of_all_frames_are_added_up() -> None:
    assert Frames(3, 20, 10).total_pixels == 600


def test_counting_ends_before_a_million() -> None:
    frames = frame_headers.read(gif(1, 1, 700_000), "image/gif")

    assert frames is not None
    assert 600 < frames.count < 700_000


SEEDS = [(animated(colours(3), format_), content_type) for format_, content_type in TYPES.items()]
SEEDS.append((png(8, 8), "image/png"))


@given(st.sampled_from(SEEDS), st.integers(0, 400), st.binary(max_size=8), st.integers(0, 400))
def test_whatever_the_bytes_the_count_ends_or_the_file_is_malformed(
    seed: tuple[bytes, str], at: int, change: bytes, end: int
) -> None:
    data, content_type = seed
    changed = (data[:at] + change + data[at + len(change) :])[: len(data) - end]

    try:
        frames = frame_headers.read(changed, content_type)
    except Malformed:
        return
    assert frames is None or frames.count <= 10_000
