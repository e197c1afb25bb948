"""A picture that was processed looks as its author saw it, and says nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import blurhash_rs
import pytest
import pyvips
from PIL import ExifTags, Image

from services.media.domain.processing import Kind
from services.media.worker.jail import sizes
from tests.unit.media.jail.drawings import (
    BLUE,
    P3_PROFILE,
    P3_RED,
    RED,
    animated,
    encoded,
    halves,
    opened,
    photo,
    plain,
    tiled_heic,
    turned_heic,
)
from tests.unit.media.jail.program import Outcome, run

MIB = 1 << 20

# Of lossy compression, and of the conversion between profiles.
TOLERANCE = 8


def close(actual: Any, expected: tuple[int, ...]) -> bool:
    return len(actual) == len(expected) and all(
        abs(one - other) <= TOLERANCE for one, other in zip(actual, expected, strict=True)
    )


def corners(data: bytes) -> tuple[Any, Any]:
    """The colours at the upper left and at the lower right."""
    picture = opened(data)
    width, height = picture.size
    return picture.getpixel((1, 1)), picture.getpixel((width - 2, height - 2))


def with_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


@pytest.mark.parametrize(
    ("format_", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
        ("HEIF", "image/heic"),
    ],
)
def test_every_format_becomes_webp_and_one_jpeg(format_: str, content_type: str) -> None:
    outcome = run(encoded(halves((400, 300)), format_))

    processed = outcome.processed
    assert processed.kind is Kind.PICTURE
    assert processed.content_type == content_type
    assert (processed.width, processed.height) == (400, 300)
    assert [(file.name, file.file, file.content_type) for file in processed.files] == [
        ("thumb", "320.webp", "image/webp"),
        ("small", "960.webp", "image/webp"),
        ("compat", "compat.jpg", "image/jpeg"),
    ]
    for file in processed.files:
        picture = opened(outcome.files[file.file])
        assert picture.size == (file.width, file.height)
        assert picture.format == {"webp": "WEBP", "jpeg": "JPEG"}[file.codec]
        assert file.size_bytes == len(outcome.files[file.file])
        assert [
            close(colour, wanted)
            for colour, wanted in zip(corners(outcome.files[file.file]), (RED, BLUE), strict=True)
        ] == [True, True]
    assert set(outcome.files) == {file.file for file in processed.files}


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((10, 10), {"thumb": (10, 10)}),
        ((320, 200), {"thumb": (320, 200)}),
        ((321, 200), {"thumb": (320, 199), "small": (321, 200)}),
        ((1_000, 500), {"thumb": (320, 160), "small": (960, 480), "large": (1_000, 500)}),
        ((3_000, 1_500), {"thumb": (320, 160), "small": (960, 480), "large": (2_048, 1_024)}),
        ((1, 50_000), {"thumb": (1, 320), "small": (1, 960), "large": (1, 2_048)}),
        ((50_000, 1), {"thumb": (320, 1), "small": (960, 1), "large": (2_048, 1)}),
    ],
)
def test_sizes_are_made_up_to_that_of_the_picture(
    size: tuple[int, int], wanted: dict[str, tuple[int, int]]
) -> None:
    outcome = run(encoded(plain(RED, size), "PNG"))

    made = {file.name: (file.width, file.height) for file in outcome.processed.files}
    compat = made.pop("compat")
    assert made == wanted
    assert compat == list(wanted.values())[-1]
    assert (outcome.processed.width, outcome.processed.height) == size


# What is at the upper left and at the lower right after each orientation of EXIF, and whether the
# sides change places.
ORIENTATIONS = {
    1: (RED, BLUE, False),
    2: (BLUE, RED, False),
    3: (BLUE, RED, False),
    4: (RED, BLUE, False),
    5: (RED, BLUE, True),
    6: (RED, BLUE, True),
    7: (BLUE, RED, True),
    8: (BLUE, RED, True),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_orientation_is_applied_before_it_is_dropped(orientation: int) -> None:
    outcome = run(encoded(halves(), "JPEG", exif=with_orientation(orientation), quality=95))

    first, last, turned = ORIENTATIONS[orientation]
    assert (outcome.processed.width, outcome.processed.height) == ((20, 40) if turned else (40, 20))
    for name in ("thumb", "compat"):
        actual = corners(outcome.variant(name))
        assert close(actual[0], first)
        assert close(actual[1], last)
        assert ExifTags.Base.Orientation not in opened(outcome.variant(name)).getexif()


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "AVIF"])
def test_the_orientation_of_other_formats_is_applied(format_: str) -> None:
    outcome = run(encoded(halves(), format_, exif=with_orientation(8)))

    assert (outcome.processed.width, outcome.processed.height) == (20, 40)
    assert close(corners(outcome.variant("thumb"))[0], BLUE)


def test_the_orientation_of_heic_is_applied_once() -> None:
    outcome = run(turned_heic(halves(), 8))

    assert (outcome.processed.width, outcome.processed.height) == (20, 40)
    assert close(corners(outcome.variant("thumb"))[0], BLUE)


@pytest.mark.parametrize("orientation", [0, 9, 99, 65_535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    outcome = run(encoded(halves(), "JPEG", exif=with_orientation(orientation)))

    assert (outcome.processed.width, outcome.processed.height) == (40, 20)


def with_place() -> Image.Exif:
    """Where and by which camera a photo was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "CameraOfTheAuthor"
    exif[ExifTags.Base.ImageDescription] = "HomeOfTheAuthor"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = b"PlaceOfTheAuthor"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSMapDatum] = "DatumOfTheAuthor"
    return exif


@pytest.mark.parametrize(
    "make",
    [
        lambda: encoded(photo(400, 300), "JPEG", exif=with_place(), comment=b"NoteOfTheAuthor"),
        lambda: encoded(photo(400, 300), "PNG", exif=with_place()),
        lambda: encoded(photo(400, 300), "WEBP", exif=with_place(), xmp=b"<x>PlaceOfTheAuthor</x>"),
        lambda: encoded(photo(400, 300), "AVIF", exif=with_place(), xmp=b"<x>PlaceOfTheAuthor</x>"),
        lambda: encoded(photo(400, 300), "HEIF", exif=with_place().tobytes()),
        lambda: animated([plain(), plain(BLUE)], "WEBP", exif=with_place()),
        lambda: animated([plain(), plain(BLUE)], "PNG", exif=with_place()),
    ],
    ids=["jpeg", "png", "webp", "avif", "heic", "animated webp", "apng"],
)
def test_neither_place_nor_camera_nor_notes_are_in_any_file(make: Callable[[], bytes]) -> None:
    data = make()
    assert b"OfTheAuthor" in data

    outcome = run(data)

    assert len(outcome.processed.files) == len(outcome.files)
    for content in outcome.files.values():
        assert b"OfTheAuthor" not in content
        assert b"Exif" not in content
        picture = opened(content)
        assert dict(picture.getexif()) == {}
        assert not {"exif", "icc_profile", "xmp", "comment", "photoshop"} & set(picture.info)


def with_primaries(data: bytes, primaries: int) -> bytes:
    """The same file, whose colours are declared by a code of ITU-T H.273 and not by a profile."""
    at = data.index(b"colrnclx") + 8
    return data[:at] + primaries.to_bytes(2, "big") + data[at + 2 :]


@pytest.mark.parametrize(
    "make",
    [
        lambda: encoded(plain(P3_RED), "JPEG", icc_profile=P3_PROFILE, quality=95),
        lambda: encoded(plain(P3_RED), "PNG", icc_profile=P3_PROFILE),
        lambda: encoded(plain(P3_RED), "WEBP", icc_profile=P3_PROFILE, lossless=True),
        lambda: encoded(plain(P3_RED), "AVIF", icc_profile=P3_PROFILE, quality=95),
        lambda: encoded(plain(P3_RED), "HEIF", icc_profile=P3_PROFILE, quality=95),
        lambda: with_primaries(encoded(plain(P3_RED), "AVIF", quality=95), 12),
        lambda: with_primaries(encoded(plain(P3_RED), "HEIF", quality=95), 12),
        lambda: animated([plain(P3_RED), plain(BLUE)], "WEBP", icc_profile=P3_PROFILE),
        lambda: animated([plain(P3_RED), plain(BLUE)], "PNG", icc_profile=P3_PROFILE),
        lambda: animated([plain(P3_RED), plain(BLUE)], "AVIF", icc_profile=P3_PROFILE),
    ],
    ids=[
        *("jpeg", "png", "webp", "avif", "heic", "avif by code", "heic by code"),
        *("animated webp", "apng", "avif sequence"),
    ],
)
def test_a_photo_of_wide_gamut_is_not_pale(make: Callable[[], bytes]) -> None:
    outcome = run(make())

    for content in outcome.files.values():
        assert close(corners(content)[0], RED), corners(content)


def test_a_profile_that_does_not_fit_is_ignored() -> None:
    outcome = run(encoded(Image.new("L", (64, 64), 100), "JPEG", icc_profile=P3_PROFILE))

    assert close(corners(outcome.variant("thumb"))[0], (100, 100, 100))


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    outcome = run(encoded(Image.new("I;16", (64, 64), 40_000), "PNG"))

    assert close(corners(outcome.variant("thumb"))[0], (156, 156, 156))
    assert close(corners(outcome.variant("compat"))[0], (156, 156, 156))


def test_sixteen_bits_of_colour_keep_their_colours_and_transparency() -> None:
    picture = pyvips.Image.black(64, 64, bands=4).linear(1, [65_535, 0, 0, 32_768])
    data = picture.cast("ushort").copy(interpretation="rgb16").pngsave_buffer()

    outcome = run(data)

    assert close(corners(outcome.variant("thumb"))[0], (255, 0, 0, 128))


def test_cmyk_is_neither_inverted_nor_refused() -> None:
    outcome = run(encoded(Image.new("CMYK", (64, 64), (255, 0, 0, 0)), "JPEG", quality=95))

    red, green, blue = corners(outcome.variant("thumb"))[0]
    assert red < 60  # cyan of a press
    assert green > 120
    assert blue > 180


@pytest.mark.parametrize(
    ("picture", "colour", "on_white"),
    [
        (plain((255, 0, 0, 128)), (255, 0, 0, 128), (255, 127, 127)),
        (Image.new("LA", (64, 64), (100, 128)), (100, 100, 100, 128), (177, 177, 177)),
    ],
    ids=["colour", "grey"],
)
def test_transparency_stays_in_webp_and_is_white_in_jpeg(
    picture: Image.Image, colour: tuple[int, ...], on_white: tuple[int, ...]
) -> None:
    outcome = run(encoded(picture, "PNG"))

    assert close(corners(outcome.variant("thumb"))[0], colour)
    assert close(corners(outcome.variant("compat"))[0], on_white)


@pytest.mark.parametrize("format_", ["WEBP", "AVIF", "HEIF"])
def test_transparency_of_other_formats_stays(format_: str) -> None:
    outcome = run(encoded(plain((255, 0, 0, 128)), format_))

    assert close(corners(outcome.variant("thumb"))[0], (255, 0, 0, 128))


def test_a_transparent_colour_of_a_palette_stays_transparent() -> None:
    picture = Image.new("P", (64, 64), 0)
    picture.putpalette([255, 0, 0, 0, 255, 0])

    for format_ in ("GIF", "PNG"):
        outcome = run(encoded(picture, format_, transparency=0))

        assert corners(outcome.variant("thumb"))[0][3] == 0
        assert close(corners(outcome.variant("compat"))[0], (255, 255, 255))


def test_a_heic_in_tiles_is_one_picture() -> None:
    outcome = run(tiled_heic(halves((300, 200)), 64))

    assert (outcome.processed.width, outcome.processed.height) == (300, 200)
    first, last = corners(outcome.variant("thumb"))
    assert close(first, RED)
    assert close(last, BLUE)


def test_a_gif_of_one_frame_is_a_picture() -> None:
    outcome = run(encoded(halves((400, 300)), "GIF", duration=100, loop=0))

    assert outcome.processed.kind is Kind.PICTURE
    assert outcome.processed.duration_ms == 0
    assert not getattr(opened(outcome.variant("thumb")), "is_animated", False)


def test_the_placeholder_is_that_of_the_picture() -> None:
    outcome = run(encoded(halves((400, 200)), "PNG"))

    width, height = 32, 16
    pixels = Image.frombytes(
        "RGB", (width, height), blurhash_rs.decode_rgb(outcome.processed.blurhash, width, height, 1)
    )
    left, right = pixels.getpixel((2, 8)), pixels.getpixel((29, 8))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]
    assert outcome.processed.dominant_color in ("#7f007f", "#800080")


def test_a_photo_of_12_megapixels_takes_little_memory() -> None:
    # Address space, of which the resident memory is a part.
    outcome = run(encoded(photo(4_000, 3_000), "JPEG", quality=90), memory_bytes=240 * MIB)

    assert outcome.described("large").width == sizes.LARGEST


@pytest.mark.parametrize("format_", ["JPEG", "AVIF"])
def test_a_photo_of_48_megapixels_fits_into_the_memory_of_a_job(format_: str) -> None:
    options: dict[str, Any] = {"speed": 10} if format_ == "AVIF" else {"progressive": True}
    outcome = run(encoded(Image.new("RGB", (8_000, 6_000), RED), format_, **options))

    assert outcome.processed.width == 8_000
    assert close(corners(outcome.variant("large"))[0], RED)


def test_progress_grows() -> None:
    outcome: Outcome = run(encoded(photo(800, 600), "JPEG"))

    percents = [line.progress for line in outcome.lines if line.progress is not None]
    assert percents
    assert percents == sorted(percents)
    assert all(0 < percent <= 100 for percent in percents)


def test_bytes_behind_a_picture_are_no_reason_to_refuse_it() -> None:
    # Phones append a film of the moment before to their photos.
    out = io.BytesIO(encoded(photo(80, 60), "JPEG"))

    assert run(out.getvalue() + bytes(1_000)).processed.width == 80


def test_padding_between_the_segments_of_a_picture_is_no_reason_to_refuse_it() -> None:
    jpeg = encoded(photo(80, 60), "JPEG")
    comment = b"\xff\xfe\x00\x04ab"

    assert run(jpeg[:2] + comment + bytes(3) + jpeg[2:]).processed.width == 80
