"""Pictures that the tests draw themselves, honest and hostile."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import pillow_heif
import pyvips
from PIL import Image

pillow_heif.register_heif_opener()

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)

# The wide-gamut profile of phones, and how it names pure red of sRGB: taken for sRGB it is pale.
P3_PROFILE = bytes(pyvips.Operation.call("profile_load", "p3"))
P3_RED = (234, 51, 35)


def plain(colour: tuple[int, ...] = RED, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """One colour, with transparency if it has four values."""
    return Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour)


def halves(size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = plain(RED, size)
    picture.paste(BLUE, (size[0] // 2, 0, *size))
    return picture


def photo(width: int, height: int) -> Image.Image:
    """Shades and noise, which compress about as much as a photo."""
    shade = Image.linear_gradient("L").resize((width, height))
    noise = Image.frombytes("L", (width, height), random.Random(width).randbytes(width * height))
    noise = noise.point(lambda value: 112 + value // 8)
    return Image.merge("RGB", (shade, noise, shade.transpose(Image.Transpose.ROTATE_180)))


def encoded(picture: Image.Image, format_: str, **options: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, format_, **options)
    return out.getvalue()


def animated(frames: Sequence[Image.Image], format_: str, **options: Any) -> bytes:
    """The frames as an animation, 100 ms each if nothing else is stated."""
    options = {"duration": 100, **options}
    return encoded(frames[0], format_, save_all=True, append_images=list(frames[1:]), **options)


def colours(number: int = 10, size: tuple[int, int] = (60, 40)) -> list[Image.Image]:
    """Frames that all differ."""
    return [plain((25 * n, 255 - 25 * n, 0), size) for n in range(number)]


def with_canvas(animation: bytes, width: int, height: int) -> bytes:
    """An animated WebP whose header claims another size."""
    at = animation.index(b"VP8X") + 12
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return animation[:at] + size + animation[at + 6 :]


def tiled_heic(picture: Image.Image, tile: int, **options: Any) -> bytes:
    """A HEIC file in tiles, as phones write them."""
    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, tile_size=tile, quality=90, **options)
    return out.getvalue()


def turned_heic(picture: Image.Image, orientation: int) -> bytes:
    """A HEIC file with an orientation, in its own property and in EXIF."""
    heif = pillow_heif.from_pillow(picture)
    exif = Image.Exif()
    exif[0x0112] = orientation
    heif[0].info["exif"] = exif.tobytes()
    out = io.BytesIO()
    heif.save(out, quality=90)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """A file, decoded."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def png(
    width: int,
    height: int,
    *,
    bits: int = 1,
    colour_type: int = 0,
    rows: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A black PNG, of which the data may end early."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour_type]
    row = bytes(1 + (width * bits * channels + 7) // 8)
    squeeze = zlib.compressobj(9)
    data = [squeeze.compress(row) for _ in range(height if rows is None else rows)]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            extra,
            chunk(b"IDAT", b"".join([*data, squeeze.flush()])),
            chunk(b"IEND", b""),
        ]
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def gif(width: int, height: int, frames: int, *, frame_size: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF whose frames cover one pixel, whatever the size that they claim."""
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"!\xf9\4\0\2\0\0\0," + struct.pack("<HHHHB", 0, 0, *frame_size, 0) + b"\2\2\x44\1\0"
    return header + frame * frames + b";"
