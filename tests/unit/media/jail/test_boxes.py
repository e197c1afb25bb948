"""Boxes are read within bounds, whatever sizes they claim."""

from __future__ import annotations

import io
import struct

import pytest

from services.media.domain.processing import Rejected
from services.media.worker.jail.boxes import MAX_BOXES, file_boxes, refuse_references
from tests.unit.media.jail.clips import box, movie


def types(data: bytes) -> list[tuple[bytes, int]]:
    return [(one.type, one.size) for one in file_boxes(io.BytesIO(data))]


def test_boxes_follow_each_other() -> None:
    assert types(box(b"ftyp", b"isom") + box(b"free")) == [(b"ftyp", 12), (b"free", 8)]


def test_large_size_is_read() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 20) + b"data"

    assert types(large + box(b"free")) == [(b"mdat", 20), (b"free", 8)]


def test_size_0_reaches_to_the_end() -> None:
    assert types(struct.pack(">I4s", 0, b"mdat") + bytes(100)) == [(b"mdat", 108)]


def test_size_beyond_the_end_ends_with_the_file() -> None:
    assert types(struct.pack(">I4s", 0xFFFFFFFF, b"mdat") + b"data") == [(b"mdat", 12)]


@pytest.mark.parametrize("size", [2, 7])
def test_size_below_the_header_ends_the_reading(size: int) -> None:
    assert types(struct.pack(">I4s", size, b"mdat") + bytes(100)) == []


def test_large_size_below_its_header_ends_the_reading() -> None:
    assert types(struct.pack(">I4sQ", 1, b"mdat", 15) + bytes(100)) == []


def test_more_boxes_than_a_movie_has_are_refused() -> None:
    with pytest.raises(Rejected, match="MEDIA_CORRUPT"):
        refuse_references(io.BytesIO(box(b"free") * (MAX_BOXES + 1)))


def test_boxes_within_boxes_without_end_are_refused() -> None:
    data = struct.pack(">I4s", 0, b"moov") * (MAX_BOXES + 1)

    with pytest.raises(Rejected, match="MEDIA_CORRUPT"):
        refuse_references(io.BytesIO(data))


def test_second_reference_to_elsewhere_is_found() -> None:
    own = box(b"url ", struct.pack(">I", 1))
    elsewhere = box(b"urn ", bytes(4), b"urn:x\0http://localhost/\0")
    data = movie(samples=1, sample_ticks=1, reference=own + elsewhere)

    with pytest.raises(Rejected, match="MEDIA_TYPE_NOT_ALLOWED"):
        refuse_references(io.BytesIO(data))


def test_movie_without_references_elsewhere_passes() -> None:
    refuse_references(io.BytesIO(movie(samples=1, sample_ticks=1)))
