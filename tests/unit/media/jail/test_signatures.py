"""The first bytes decide what a file is."""

from __future__ import annotations

import pytest

from services.media.worker.jail.signatures import HEAD_BYTES, Family, identify
from tests.unit.media.jail.drawings import animated, colours, encoded, plain, tiled_heic


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = b"".join(compatible)
    return (16 + len(brands)).to_bytes(4, "big") + b"ftyp" + major + bytes(4) + brands


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (encoded(plain(), "JPEG"), "image/jpeg"),
        (encoded(plain(), "PNG"), "image/png"),
        (encoded(plain(), "GIF"), "image/gif"),
        (encoded(plain(), "WEBP"), "image/webp"),
        (encoded(plain(), "AVIF"), "image/avif"),
        (animated(colours(2), "AVIF"), "image/avif"),
        (encoded(plain(), "HEIF"), "image/heic"),
        (tiled_heic(plain((1, 2, 3), (128, 128)), 64), "image/heic"),
        (ftyp(b"mif1", b"avif"), "image/avif"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"msf1", b"hevc"), "image/heic"),
    ],
)
def test_pictures_are_identified(data: bytes, content_type: str) -> None:
    signature = identify(data[:HEAD_BYTES])

    assert signature is not None
    assert signature.family is Family.PICTURES
    assert signature.content_type == content_type


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (ftyp(b"isom", b"iso2", b"avc1"), "video/mp4"),
        (ftyp(b"mp42"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (ftyp(b"M4A "), "audio/mp4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\xa3B\x82\x88matroska", "video/x-matroska"),
        (b"OggS\0\2", "audio/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"ID3\4\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\xff\xf3\x40\xc0", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
    ],
)
def test_recordings_are_identified(data: bytes, content_type: str) -> None:
    signature = identify(data)

    assert signature is not None
    assert signature.family is Family.RECORDINGS
    assert signature.content_type == content_type


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xfb",
        b"\xff\xff\xff\xff",  # no layer, no rate
        b"\xff\xf1\xf4\x80",  # AAC without a container, of no rate
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts",
        b"ffconcat version 1.0\nfile http://127.0.0.1/",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1",
        b"<?xml version='1.0'?><MPD/>",
        b"RIFF\0\0\0\0AVI LIST",
        b"GIF88a",
        b"II*\0",
        b"8BPS",
        b"PK\3\4",
        b"%PDF-1.7",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x0a",  # JPEG XL
        b"BM",
        b"wOF2",
        b"\0asm",
        b"#!/bin/sh",
        b" \xff\xd8\xff",
    ],
)
def test_everything_else_is_not(data: bytes) -> None:
    assert identify(data) is None
