"""Animations stay animations: every frame, its time and its transparency."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageSequence

from services.media.domain.processing import Kind
from services.media.worker.jail.pictures import LIMITS
from tests.unit.media.jail.drawings import (
    BLUE,
    GREEN,
    RED,
    animated,
    chunk,
    colours,
    encoded,
    gif,
    halves,
    opened,
    photo,
    plain,
    with_canvas,
)
from tests.unit.media.jail.program import run

# Of lossy compression.
TOLERANCE = 12


def near(actual: Any, expected: tuple[int, ...]) -> bool:
    return all(abs(one - other) <= TOLERANCE for one, other in zip(actual, expected, strict=True))


def frames(data: bytes) -> list[tuple[Any, int]]:
    """The colour in the middle of each frame, and its milliseconds."""
    animation = opened(data)
    found = []
    for frame in ImageSequence.Iterator(animation):
        frame.load()
        colour = frame.convert("RGBA").getpixel((frame.width // 2, frame.height // 2))
        found.append((colour, frame.info["duration"]))
    return found


@pytest.mark.parametrize(
    ("format_", "content_type"),
    [
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("PNG", "image/png"),
        ("AVIF", "image/avif"),
    ],
)
def test_an_animation_stays_one(format_: str, content_type: str) -> None:
    drawn = colours(10, (400, 300))

    outcome = run(animated(drawn, format_, duration=120))

    processed = outcome.processed
    assert processed.kind is Kind.ANIMATION
    assert processed.content_type == content_type
    assert (processed.width, processed.height) == (400, 300)
    assert processed.duration_ms == 1_200
    assert [(file.name, file.width, file.height) for file in processed.files] == [
        ("thumb", 320, 240),
        ("small", 400, 300),
        ("compat", 400, 300),
    ]
    for name in ("thumb", "small"):
        found = frames(outcome.variant(name))
        assert len(found) == len(drawn)
        for (colour, duration), frame in zip(found, drawn, strict=True):
            wanted = frame.getpixel((1, 1))
            assert isinstance(wanted, tuple)
            assert near(colour[:3], wanted)
            assert duration == 120
    still = opened(outcome.variant("compat"))
    assert still.format == "JPEG"
    assert not getattr(still, "is_animated", False)


def test_each_frame_keeps_its_time() -> None:
    outcome = run(animated(colours(3), "GIF", duration=[50, 200, 1_000]))

    assert [duration for _, duration in frames(outcome.variant("thumb"))] == [50, 200, 1_000]
    assert outcome.processed.duration_ms == 1_250


def test_frames_without_a_time_take_100_ms_as_in_browsers() -> None:
    outcome = run(animated(colours(3), "GIF", duration=[0, 10, 20]))

    assert [duration for _, duration in frames(outcome.variant("thumb"))] == [100, 100, 20]


@pytest.mark.parametrize(
    ("format_", "loop", "wanted"),
    [
        ("WEBP", 0, 0),
        ("WEBP", 3, 3),
        ("GIF", 0, 0),
        ("GIF", 3, 4),  # repetitions, after the first time
        ("GIF", None, 1),
    ],
)
def test_an_animation_repeats_as_often_as_before(
    format_: str, loop: int | None, wanted: int
) -> None:
    outcome = run(animated(colours(3), format_, **({} if loop is None else {"loop": loop})))

    assert opened(outcome.variant("thumb")).info["loop"] == wanted


def test_transparency_stays_in_the_frames_and_is_white_in_the_still() -> None:
    drawn = [plain((255, 0, 0, 0)), plain((0, 255, 0, 255)), plain((0, 0, 255, 128))]

    outcome = run(animated(drawn, "PNG"))

    found = [colour for colour, _ in frames(outcome.variant("thumb"))]
    assert found[0][3] == 0
    assert near(found[1], (0, 255, 0, 255))
    assert near(found[2], (0, 0, 255, 128))
    assert near(opened(outcome.variant("compat")).getpixel((9, 9)), (255, 255, 255))


@pytest.mark.parametrize("format_", ["WEBP", "PNG"])
def test_the_orientation_is_applied_to_every_frame(format_: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    drawn = [halves(), halves().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]

    outcome = run(animated(drawn, format_, exif=exif))

    assert (outcome.processed.width, outcome.processed.height) == (20, 40)
    animation = opened(outcome.variant("thumb"))
    for index, wanted in ((0, BLUE), (1, RED)):
        animation.seek(index)
        assert animation.size == (20, 40)
        assert near(animation.convert("RGB").getpixel((9, 2)), wanted)


def test_frames_that_replace_a_part_are_composed() -> None:
    first = plain(RED, (60, 40))
    second = first.copy()
    second.paste(BLUE, (0, 0, 10, 10))  # written as a small frame over the first

    outcome = run(animated([first, second], "GIF"))

    last = opened(outcome.variant("thumb"))
    last.seek(1)
    picture = last.convert("RGB")
    assert near(picture.getpixel((3, 3)), BLUE)
    assert near(picture.getpixel((50, 30)), RED)


def test_frames_do_not_bleed_into_each_other_when_they_are_scaled() -> None:
    outcome = run(animated([plain(RED, (900, 600)), plain(GREEN, (900, 600))], "WEBP"))

    for index, wanted in ((0, RED), (1, GREEN)):
        animation = opened(outcome.variant("thumb"))
        animation.seek(index)
        picture = animation.convert("RGB")
        for y in (0, picture.height - 1):
            assert near(picture.getpixel((160, y)), wanted)


def test_the_picture_for_old_viewers_of_an_apng_is_no_frame() -> None:
    outcome = run(animated([plain(RED), plain(GREEN), plain(BLUE)], "PNG", default_image=True))

    found = [colour for colour, _ in frames(outcome.variant("thumb"))]
    assert len(found) == 2
    assert near(found[0][:3], GREEN)
    assert near(opened(outcome.variant("compat")).getpixel((9, 9)), GREEN)


def test_a_gif_without_its_last_byte_is_accepted_as_in_browsers() -> None:
    data = animated(colours(3), "GIF")
    assert data[-1:] == b";"

    assert run(data[:-1]).processed.kind is Kind.ANIMATION


def test_600_frames_are_accepted() -> None:
    outcome = run(gif(8, 8, 600))

    assert outcome.processed.kind is Kind.ANIMATION
    assert outcome.processed.duration_ms == 12_000


def test_601_frames_are_not() -> None:
    assert run(gif(8, 8, 601)).reason == "MEDIA_TOO_MANY_FRAMES"


@pytest.mark.parametrize("format_", ["WEBP", "PNG", "AVIF"])
def test_frames_times_pixels_are_bounded_in_every_format(format_: str) -> None:
    # 5 frames of 62 megapixels, each of which is accepted.
    data = {
        "WEBP": lambda: with_canvas(animated(colours(5), "WEBP"), 7_900, 7_900),
        "PNG": lambda: counted_apng(7_900, 7_900, 5),
        "AVIF": lambda: with_track(animated(colours(5), "AVIF"), 7_900, 7_900),
    }[format_]()

    outcome = run(data)

    assert outcome.reason == "MEDIA_TOO_MANY_FRAMES"
    assert outcome.files == {}


def with_track(data: bytes, width: int, height: int) -> bytes:
    """An AVIF sequence whose headers claim another size."""
    start = data.index(b"tkhd") - 4
    end = start + int.from_bytes(data[start : start + 4], "big")
    # The last of its fields, in fixed point.
    return data[: end - 8] + struct.pack(">II", width << 16, height << 16) + data[end:]


def counted_apng(width: int, height: int, number: int) -> bytes:
    """An APNG that has the headers of its frames and one pixel."""
    pixel = encoded(plain(RED, (1, 1)), "PNG")
    control = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0)
    size = struct.pack(">II", width, height) + pixel[24:29]
    return b"".join(
        [
            pixel[:8],
            chunk(b"IHDR", size),
            chunk(b"acTL", struct.pack(">II", number, 0)),
            chunk(b"fcTL", control) * number,
            pixel[33:],
        ]
    )


def test_an_apng_that_claims_frames_it_lacks_is_corrupt() -> None:
    data = animated(colours(3), "PNG")
    at = data.index(b"acTL") + 4
    claim = struct.pack(">II", 500, 0)
    forged = data[: at - 8] + chunk(b"acTL", claim) + data[at + 12 :]

    assert run(forged).reason == "MEDIA_CORRUPT"


def test_an_animation_on_a_large_canvas_fits_into_the_memory_of_a_job() -> None:
    drawn = [Image.new("RGB", (3_600, 3_600), colour) for colour in (RED, GREEN)]

    outcome = run(animated(drawn, "WEBP", method=0), memory_bytes=LIMITS.max_memory_bytes)

    assert outcome.described("large").width == 2_048
    assert len(frames(outcome.variant("thumb"))) == 2


def test_progress_grows_with_the_frames() -> None:
    outcome = run(animated([photo(80, 60).rotate(n) for n in range(40)], "GIF"))

    percents = [line.progress for line in outcome.lines if line.progress is not None]
    assert len(percents) > 5
    assert percents == sorted(percents)
    assert percents[-1] <= 100
