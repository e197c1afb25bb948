"""The boxes of ISO base media files (ISO/IEC 14496-12) and QuickTime movies."""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from services.media.domain.processing import Rejected

# A movie of 140 s in one-frame fragments has about 40,000.
MAX_BOXES = 100_000

# A data reference whose samples are in the file itself.
_SELF_CONTAINED = 1
# Size, type, version and flags of a data reference without an address.
_EMPTY_REFERENCE_BYTES = 12
# More than any data reference box that a camera writes.
_MAX_REFERENCES_BYTES = 1 << 16

# Where data references are: the containers on the way from the file to `dref`.
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"dinf", b"gmhd"})


class Box(NamedTuple):
    """A box, by its position in the file."""

    type: bytes
    start: int
    header_bytes: int
    end: int

    @property
    def content(self) -> int:
        """The position of its first byte after the header."""
        return self.start + self.header_bytes

    @property
    def size(self) -> int:
        """Its bytes, header included."""
        return self.end - self.start


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes from `start` to `end`. A box that claims more than its container ends with it."""
    while start + 8 <= end:
        file.seek(start)
        header = file.read(16)
        size, header_bytes = int.from_bytes(header[:4], "big"), 8
        if size == 1:
            size, header_bytes = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:
            size = end - start
        if size < header_bytes:
            return
        box = Box(header[4:8], start, header_bytes, min(start + size, end))
        yield box
        start = box.end


def file_boxes(file: BinaryIO) -> Iterator[Box]:
    """The outermost boxes of a file."""
    return boxes(file, 0, file.seek(0, os.SEEK_END))


def refuse_references(file: BinaryIO) -> None:
    """Raise Rejected if the movie has samples elsewhere: behind a path or an address."""
    seen = 0
    waiting = [file_boxes(file)]
    while waiting:
        box = next(waiting[-1], None)
        if box is None:
            waiting.pop()
            continue
        seen += 1
        if seen > MAX_BOXES:
            raise Rejected("MEDIA_CORRUPT")
        if box.type == b"rmra" or (box.type == b"dref" and _is_external(file, box)):
            raise Rejected("MEDIA_TYPE_NOT_ALLOWED")
        if box.type in _CONTAINERS:
            waiting.append(boxes(file, box.content, box.end))


def _is_external(file: BinaryIO, dref: Box) -> bool:
    """Whether a data reference box names anything but the file itself."""
    end = min(dref.end, dref.content + _MAX_REFERENCES_BYTES)
    for reference in boxes(file, dref.content + 8, end):  # after version, flags and count
        file.seek(reference.content)
        flags = int.from_bytes(file.read(4), "big") & 0xFFFFFF
        if not flags & _SELF_CONTAINED and reference.size > _EMPTY_REFERENCE_BYTES:
            return True
    return False
