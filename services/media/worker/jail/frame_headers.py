"""The frames of GIF, WebP and PNG files, counted in their headers before anything is decoded."""

from dataclasses import dataclass

# Counting stops here: one frame more than any limit.
_ENOUGH = 10_000


@dataclass(frozen=True, slots=True)
class Frames:
    """What the headers claim. Width and height are those of the canvas."""

    count: int
    width: int
    height: int

    @property
    def total_pixels(self) -> int:
        """What decoding all frames costs."""
        return self.width * self.height * self.count


class Malformed(Exception):
    """The headers end early, or contradict the format."""


def read(data: bytes, content_type: str) -> Frames | None:
    """The frames; None if the format, or its header, allows only one. Raises Malformed."""
    readers = {"image/gif": _gif, "image/webp": _webp, "image/png": _png}
    reader = readers.get(content_type)
    try:
        return reader(data) if reader else None
    except IndexError:
        raise Malformed from None


def _little(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Malformed
    return int.from_bytes(data[at : at + size], "little")


def _gif(data: bytes) -> Frames:
    """GIF89a, 17 to 26: blocks of sub-blocks, one image descriptor a frame."""
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    at = 13 + _color_table(data[10])
    count = 0
    while at < len(data) and count < _ENOUGH:
        introducer = data[at]
        if introducer == 0x21:  # an extension: label, then sub-blocks
            at += 2
        elif introducer == 0x2C:
            count += 1
            left, top = _little(data, at + 1, 2), _little(data, at + 3, 2)
            # Decoders enlarge the canvas for a frame that exceeds it.
            width = max(width, left + _little(data, at + 5, 2))
            height = max(height, top + _little(data, at + 7, 2))
            at += 11 + _color_table(data[at + 9])
        else:  # the trailer, or what follows the last block of a damaged file
            break
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return Frames(count, width, height)


def _color_table(flags: int) -> int:
    """The bytes of a colour table, by the flags that announce it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: bytes) -> Frames | None:
    """RFC 9649, 2.7: an extended header, then one ANMF chunk a frame."""
    if data[12:16] != b"VP8X" or not data[20] & 0x02:
        return None
    width, height = _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    count, at = 0, 12
    while at + 8 <= len(data) and count < _ENOUGH:
        count += data[at : at + 4] == b"ANMF"
        size = _little(data, at + 4, 4)
        at += 8 + size + size % 2
    return Frames(count, width, height)


def _png(data: bytes) -> Frames | None:
    """PNG, third edition, 11.3.6: acTL before the pixels, then one fcTL chunk a frame."""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    count, at, animated, pixels = 0, 8, False, False
    while at + 8 <= len(data) and count < _ENOUGH:
        size, chunk = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        pixels = pixels or chunk == b"IDAT"
        animated = animated or (chunk == b"acTL" and not pixels)
        count += chunk == b"fcTL"
        at += 12 + size
    return Frames(count, width, height) if animated else None
