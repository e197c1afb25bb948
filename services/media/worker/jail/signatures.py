"""The type of a file by its first bytes, whatever its name or its declared type says.

What is not listed is not accepted: SVG, TIFF, PDF, HTML, archives, playlists, scripts.
"""

from enum import Enum
from typing import NamedTuple

# How many of the first bytes `identify` looks at.
HEAD_BYTES = 256


class Family(Enum):
    """Which codecs decode a file."""

    PICTURES = "pictures"  # still and animated
    RECORDINGS = "recordings"  # video and audio


class Signature(NamedTuple):
    """What the first bytes of a file say."""

    family: Family
    content_type: str


_JPEG = Signature(Family.PICTURES, "image/jpeg")
_PNG = Signature(Family.PICTURES, "image/png")
_GIF = Signature(Family.PICTURES, "image/gif")
_WEBP = Signature(Family.PICTURES, "image/webp")
_AVIF = Signature(Family.PICTURES, "image/avif")
_HEIC = Signature(Family.PICTURES, "image/heic")
_MP4 = Signature(Family.RECORDINGS, "video/mp4")
_M4A = Signature(Family.RECORDINGS, "audio/mp4")
_MOV = Signature(Family.RECORDINGS, "video/quicktime")
_MKV = Signature(Family.RECORDINGS, "video/x-matroska")
_WEBM = Signature(Family.RECORDINGS, "video/webm")
_OGG = Signature(Family.RECORDINGS, "audio/ogg")
_FLAC = Signature(Family.RECORDINGS, "audio/flac")
_WAV = Signature(Family.RECORDINGS, "audio/wav")
_MP3 = Signature(Family.RECORDINGS, "audio/mpeg")
_AAC = Signature(Family.RECORDINGS, "audio/aac")

_PREFIXES = (
    (b"\xff\xd8\xff", _JPEG),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"GIF87a", _GIF),
    (b"GIF89a", _GIF),
    (b"OggS", _OGG),
    (b"fLaC", _FLAC),
    (b"ID3", _MP3),
)

# Brands of ISO base media files (ISO/IEC 14496-12; 23008-12 for pictures).
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_PICTURE_BRANDS = frozenset({b"mif1", b"mif2", b"msf1"})
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B "})
# The first box of QuickTime files from before the brands.
_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})

_EBML = b"\x1a\x45\xdf\xa3"


def identify(head: bytes) -> Signature | None:
    """The type of the file that begins with `head`; None if it is not accepted."""
    for prefix, signature in _PREFIXES:
        if head.startswith(prefix):
            return signature
    if head[:4] == b"RIFF":
        return {b"WEBP": _WEBP, b"WAVE": _WAV}.get(head[8:12])
    if head.startswith(_EBML):
        return _WEBM if b"webm" in head[:64] else _MKV
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[4:8] in _QUICKTIME_BOXES:
        return _MOV
    if _is_mpeg_audio(head):
        return _MP3
    return _AAC if _is_adts(head) else None


def _by_brand(head: bytes) -> Signature:
    """The type of an ISO base media file: by its major brand, then by the compatible ones."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major} | {head[at : at + 4] for at in range(16, end - 3, 4)}
    if major in _AVIF_BRANDS or (major in _PICTURE_BRANDS and brands & _AVIF_BRANDS):
        return _AVIF
    if major in _HEIC_BRANDS or major in _PICTURE_BRANDS:
        return _HEIC
    if major in _AUDIO_BRANDS:
        return _M4A
    return _MOV if major == b"qt  " else _MP4


def _is_mpeg_audio(head: bytes) -> bool:
    """Whether it begins with a frame header of MPEG audio layer III (ISO/IEC 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3


def _is_adts(head: bytes) -> bool:
    """Whether it begins with a frame header of AAC without container (ISO/IEC 14496-3, 1.A.2)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return False
    return (head[2] >> 2 & 15) < 13  # the sampling frequency
