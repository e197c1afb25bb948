"""Hostile pictures are refused with the reason, or become harmless, within the limits of a job."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from services.media.worker.jail.pictures import LIMITS
from tests.unit.media.jail.drawings import (
    RED,
    animated,
    chunk,
    colours,
    encoded,
    gif,
    opened,
    photo,
    plain,
    png,
    tiled_heic,
    with_canvas,
)
from tests.unit.media.jail.program import Outcome, run

MARKER = b"<script>alert(document.domain)</script><?php system($_GET[0]);__HALT_COMPILER();?>"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><script>alert(1)</script>'
    b'<image href="file:///etc/passwd" width="10" height="10"/></svg>'
)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><svg xmlns="http://www.w3.org/2000/svg"><text>&j;</text></svg>'
)


def zipped(name: str = "evil.js", data: bytes = MARKER) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def tiff() -> bytes:
    return encoded(plain(), "TIFF")


REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "900 megapixels of one bit in 109 kB": ("MEDIA_TOO_LARGE", lambda: png(30_000, 30_000)),
    "88 bytes that claim 65,500²": ("MEDIA_TOO_LARGE", lambda: png(65_500, 65_500, rows=1)),
    "one column more than 64 megapixels": ("MEDIA_TOO_LARGE", lambda: png(8_001, 8_000, rows=1)),
    "a side of 65,501": ("MEDIA_TOO_LARGE", lambda: png(65_501, 1)),
    "a GIF of 17 megapixels and 500 frames in 11 kB": (
        "MEDIA_TOO_MANY_FRAMES",
        lambda: gif(4_000, 4_000, 500),
    ),
    "a GIF of 1,000 frames": ("MEDIA_TOO_MANY_FRAMES", lambda: gif(8, 8, 1_000)),
    "a GIF of a million frames": ("MEDIA_TOO_MANY_FRAMES", lambda: gif(1, 1, 700_000)),
    "a GIF whose screen is 65,535²": ("MEDIA_TOO_LARGE", lambda: gif(65_535, 65_535, 1)),
    "a GIF whose frames exceed its screen": (
        "MEDIA_TOO_LARGE",
        lambda: gif(8, 8, 2, frame_size=(60_000, 60_000)),
    ),
    "an APNG of 601 frames": (
        "MEDIA_TOO_MANY_FRAMES",
        lambda: png(
            1,
            1,
            extra=chunk(b"acTL", bytes(7) + b"\2" + bytes(4)) + chunk(b"fcTL", bytes(26)) * 601,
        ),
    ),
    "an animated WebP whose canvas is 16,384²": (
        "MEDIA_TOO_LARGE",
        lambda: with_canvas(animated(colours(), "WEBP"), 16_384, 16_384),
    ),
    "more bytes than are accepted": (
        "MEDIA_TOO_LARGE",
        lambda: encoded(plain(), "PNG") + bytes(16 << 20),
    ),
    "half a JPEG": ("MEDIA_CORRUPT", lambda: halved(encoded(photo(800, 600), "JPEG"))),
    "a JPEG without its last two bytes": (
        "MEDIA_CORRUPT",
        lambda: encoded(photo(800, 600), "JPEG")[:-2],
    ),
    "half a JPEG with its last marker": (
        "MEDIA_CORRUPT",
        lambda: halved(encoded(photo(800, 600), "JPEG")) + b"\xff\xd9",
    ),
    "half a progressive JPEG": (
        "MEDIA_CORRUPT",
        lambda: halved(encoded(photo(800, 600), "JPEG", progressive=True)),
    ),
    "half a PNG": ("MEDIA_CORRUPT", lambda: halved(encoded(photo(80, 60), "PNG"))),
    "half a WebP": ("MEDIA_CORRUPT", lambda: halved(encoded(photo(80, 60), "WEBP"))),
    "half an AVIF": ("MEDIA_CORRUPT", lambda: halved(encoded(photo(80, 60), "AVIF"))),
    "half a HEIC": ("MEDIA_CORRUPT", lambda: halved(tiled_heic(photo(160, 120), 64))),
    "a HEIC without a picture": ("MEDIA_CORRUPT", lambda: endless_box(encoded(plain(), "HEIF"))),
    "half a GIF": ("MEDIA_CORRUPT", lambda: halved(encoded(photo(80, 60), "GIF"))),
    "half an animated WebP": ("MEDIA_CORRUPT", lambda: halved(animated(noisy(), "WEBP"))),
    "half an animated GIF": ("MEDIA_CORRUPT", lambda: halved(animated(noisy(), "GIF"))),
    "half an APNG": ("MEDIA_CORRUPT", lambda: halved(animated(noisy(), "PNG"))),
    "half an AVIF sequence": ("MEDIA_CORRUPT", lambda: halved(animated(noisy(), "AVIF"))),
    "a signature and nothing else": ("MEDIA_CORRUPT", lambda: b"\x89PNG\r\n\x1a\n"),
    "a GIF that is a script": ("MEDIA_CORRUPT", lambda: b"GIF89a/*" + bytes(7) + b"*/=1;alert(1)"),
    "a PNG whose pixels are random": (
        "MEDIA_CORRUPT",
        lambda: png(64, 64, rows=0, extra=chunk(b"IDAT", os.urandom(999))),
    ),
    "SVG": ("MEDIA_TYPE_NOT_ALLOWED", lambda: SVG),
    "SVG behind a declaration": (
        "MEDIA_TYPE_NOT_ALLOWED",
        lambda: b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- \xff\xd8\xff -->' + SVG,
    ),
    "SVG in UTF-16": ("MEDIA_TYPE_NOT_ALLOWED", lambda: SVG.decode().encode("utf-16")),
    "SVG compressed": ("MEDIA_TYPE_NOT_ALLOWED", lambda: zlib.compress(SVG, wbits=31)),
    "SVG of a billion laughs": ("MEDIA_TYPE_NOT_ALLOWED", lambda: LAUGHS),
    "HTML": ("MEDIA_TYPE_NOT_ALLOWED", lambda: b"<!doctype html><script>alert(1)</script>"),
    "PDF": ("MEDIA_TYPE_NOT_ALLOWED", lambda: b"%PDF-1.7\n" + MARKER),
    "TIFF": ("MEDIA_TYPE_NOT_ALLOWED", tiff),
    "BMP": ("MEDIA_TYPE_NOT_ALLOWED", lambda: encoded(plain(), "BMP")),
    "JPEG 2000": ("MEDIA_TYPE_NOT_ALLOWED", lambda: encoded(plain(), "JPEG2000")),
    "an icon": ("MEDIA_TYPE_NOT_ALLOWED", lambda: encoded(plain(), "ICO")),
    "PostScript": ("MEDIA_TYPE_NOT_ALLOWED", lambda: encoded(plain(), "EPS")),
    "an archive": ("MEDIA_TYPE_NOT_ALLOWED", zipped),
    "an archive of ImageMagick scripts": (
        "MEDIA_TYPE_NOT_ALLOWED",
        lambda: b"push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\npop",
    ),
    "a program": ("MEDIA_TYPE_NOT_ALLOWED", lambda: b"\x7fELF\2\1\1" + bytes(99)),
    "nothing": ("MEDIA_TYPE_NOT_ALLOWED", lambda: b""),
    "one byte": ("MEDIA_TYPE_NOT_ALLOWED", lambda: b"\xff"),
}


def halved(data: bytes) -> bytes:
    return data[: len(data) // 2]


def endless_box(data: bytes) -> bytes:
    """A HEIC, one of whose properties covers those behind it, among them the size."""
    at = data.index(b"colrnclx") - 4
    return data[:at] + bytes(4) + data[at + 4 :]


def noisy() -> list[Image.Image]:
    return [photo(80, 60).rotate(n) for n in range(4)]


def assert_bounded(outcome: Outcome) -> None:
    """Its own limits did not end it."""
    assert outcome.exit_code == 0, outcome.errors
    assert outcome.cpu_seconds < LIMITS.cpu_seconds


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_with_its_reason(name: str) -> None:
    reason, make = REFUSED[name]

    outcome = run(make())

    assert outcome.reason == reason
    assert outcome.files == {}
    assert_bounded(outcome)


def marked() -> dict[str, bytes]:
    """Files with a second meaning, each with the marker."""
    jpeg = encoded(plain(), "JPEG", comment=MARKER)
    text = chunk(b"tEXt", b"Comment\0" + MARKER)
    return {
        "a script in the comment of a JPEG": jpeg,
        "a JPEG with a tail": encoded(plain(), "JPEG") + MARKER + os.urandom(64),
        "a PNG with text": png(64, 64, bits=8, colour_type=2, extra=text),
        "a PNG with an archive behind it": encoded(plain(), "PNG") + zipped(),
        "an animation with an archive behind it": animated(colours(), "GIF") + zipped(),
        "a GIF with a comment": encoded(plain(), "GIF", comment=MARKER),
        "an animation with a comment": animated(colours(), "GIF", comment=MARKER),
        "a WebP with metadata": encoded(plain(), "WEBP", xmp=MARKER, exif=b"Exif\0\0" + MARKER),
        "a HEIC with metadata": encoded(plain(), "HEIF", xmp=MARKER),
        "an AVIF with metadata": encoded(plain(), "AVIF", xmp=MARKER),
        "an AVIF sequence with metadata": animated(colours(), "AVIF", xmp=MARKER),
        "a PNG whose profile is the marker": encoded(plain(), "PNG", icc_profile=MARKER * 9),
        "a JPEG whose profile is the marker": encoded(plain(), "JPEG", icc_profile=MARKER * 9),
        "an animation whose profile is the marker": animated(
            colours(), "WEBP", icc_profile=MARKER * 9
        ),
    }


@pytest.mark.parametrize("name", marked())
def test_nothing_of_a_polyglot_is_left(name: str) -> None:
    data = marked()[name]
    assert any(part in data for part in (MARKER, b"evil.js", b"iCCP"))

    outcome = run(data)

    assert {file.name for file in outcome.processed.files} == {"thumb", "compat"}
    for content in outcome.files.values():
        assert not any(part in content for part in (MARKER[:20], MARKER[-20:], b"evil.js", b"PK"))
    assert_bounded(outcome)


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_text_that_grows_to_200_megabytes_costs_no_memory(kind: bytes) -> None:
    squeezed = zlib.compress(bytes(200_000_000), 9)
    head = b"Comment\0\1\0\0\0" if kind == b"iTXt" else b"Comment\0\0"

    data = png(100, 100, bits=8, colour_type=2, extra=chunk(kind, head + squeezed))
    outcome = run(data, memory_bytes=160 << 20)

    assert outcome.processed.width == 100
    assert_bounded(outcome)


@pytest.mark.parametrize("name", ["picture.jpg", "clip.mp4"])
def test_the_bytes_decide_and_not_the_name_or_the_declared_type(name: str) -> None:
    # The program gets neither: only the bytes are in the folder of the job.
    outcome = run(encoded(plain(), "PNG"))

    assert outcome.processed.content_type == "image/png", name


def test_a_picture_whose_pixels_do_not_fit_into_the_memory_is_too_large() -> None:
    # Coefficients of four channels, 512 MiB, of which the first row needs all.
    out = io.BytesIO()
    Image.new("CMYK", (8_000, 8_000)).save(out, "JPEG", progressive=True, subsampling=0)

    outcome = run(out.getvalue())

    assert outcome.reason == "MEDIA_TOO_LARGE"
    assert_bounded(outcome)


def test_the_next_job_is_unaffected() -> None:
    good = encoded(photo(400, 300), "JPEG")
    before = run(good)

    for name in ("a GIF of a million frames", "half a HEIC", "88 bytes that claim 65,500²"):
        run(REFUSED[name][1]())
    after = run(good)

    assert after.processed == before.processed
    assert after.files == before.files
    assert opened(after.variant("thumb")).size == (320, 240)


def test_red_stays_red_after_a_hostile_neighbour() -> None:
    run(LAUGHS)

    assert run(encoded(plain(RED), "PNG")).processed.dominant_color == "#ff0000"
