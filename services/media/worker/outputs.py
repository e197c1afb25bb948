"""Checks what the jailed program wrote before anything of it is stored.

The program may be under the control of the file that it decoded. So nothing is stored that is not a
regular file of its folder, under a known name, within its size.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from services.media.domain.processing import Kind, Processed, ProcessedFile

_MIB = 1 << 20


class OutputInvalid(Exception):
    """The result of the program does not agree with its files, or is not one that it may make."""


# The content type of each file, which the program does not decide.
_PICTURES = {
    "thumb": ("320.webp", "image/webp"),
    "small": ("960.webp", "image/webp"),
    "large": ("2048.webp", "image/webp"),
    "compat": ("compat.jpg", "image/jpeg"),
}
_FILES: Mapping[Kind, Mapping[str, tuple[str, str]]] = {
    Kind.PICTURE: _PICTURES,
    Kind.ANIMATION: _PICTURES,
    Kind.VIDEO: {
        "video": ("video.mp4", "video/mp4"),
        "hls": ("playlist.m3u8", "application/vnd.apple.mpegurl"),
        "hls_media": ("segments.mp4", "video/mp4"),
        "poster": ("poster.webp", "image/webp"),
        "compat": ("compat.jpg", "image/jpeg"),
    },
    Kind.AUDIO: {"audio": ("audio.m4a", "audio/mp4")},
}
# What every medium of the kind has.
_REQUIRED: Mapping[Kind, frozenset[str]] = {
    Kind.PICTURE: frozenset({"thumb", "compat"}),
    Kind.ANIMATION: frozenset({"thumb", "compat"}),
    Kind.VIDEO: frozenset({"video", "hls", "hls_media", "poster", "compat"}),
    Kind.AUDIO: frozenset({"audio"}),
}
# Of one file. 140 s of 720p have about 60 MiB.
_MAX_BYTES = 160 * _MIB
_MAX_SIDE = 8_192
_MAX_CODEC_CHARACTERS = 64
_MAX_SOURCE_SIDE = 65_535
_MAX_DURATION_MS = 24 * 3_600_000
_CONTENT_TYPE = re.compile(r"(image|video|audio)/[a-z0-9.+-]{1,40}", re.ASCII)
# Base 83; components of 9 × 9 have 166 characters.
_BLURHASH = re.compile(r"[!-~]{0,166}", re.ASCII)
_COLOR = re.compile(r"(#[0-9a-f]{6})?", re.ASCII)
_MAX_WAVEFORM_BYTES = 100


def checked(processed: Processed, folder: Path) -> Processed:
    """The result with the sizes of the files as they are. Raises OutputInvalid."""
    if not _is_plausible(processed):
        raise OutputInvalid("a property has a value that no file has")
    names = [each.name for each in processed.files]
    if len(set(names)) != len(names) or not _REQUIRED[processed.kind] <= set(names):
        raise OutputInvalid(f"the files are {', '.join(names)}"[:200])
    return msgspec.structs.replace(
        processed, files=tuple(_checked(each, processed.kind, folder) for each in processed.files)
    )


def _is_plausible(processed: Processed) -> bool:
    return (
        _CONTENT_TYPE.fullmatch(processed.content_type) is not None
        and 0 <= processed.width <= _MAX_SOURCE_SIDE
        and 0 <= processed.height <= _MAX_SOURCE_SIDE
        and 0 <= processed.duration_ms <= _MAX_DURATION_MS
        and 0 <= processed.frame_rate <= 1_000
        and _BLURHASH.fullmatch(processed.blurhash) is not None
        and _COLOR.fullmatch(processed.dominant_color) is not None
        and len(processed.waveform) <= _MAX_WAVEFORM_BYTES
    )


def _checked(file: ProcessedFile, kind: Kind, folder: Path) -> ProcessedFile:
    known = _FILES[kind].get(file.name)
    if known != (file.file, file.content_type):
        raise OutputInvalid(f"unknown file {file.name[:40]!r}")
    if not (0 <= file.width <= _MAX_SIDE and 0 <= file.height <= _MAX_SIDE):
        raise OutputInvalid(f"{file.name} has {file.width} × {file.height} pixels")
    if len(file.codec) > _MAX_CODEC_CHARACTERS or not file.codec.isprintable():
        raise OutputInvalid(f"the codec of {file.name} is none")
    return msgspec.structs.replace(file, size_bytes=_size(folder / file.file))


def _size(path: Path) -> int:
    """The size of a regular file that has no other name."""
    try:
        state = os.lstat(path)
    except OSError as error:
        raise OutputInvalid(f"{path.name} does not exist") from error
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        raise OutputInvalid(f"{path.name} is no regular file")
    if not 0 < state.st_size <= _MAX_BYTES:
        raise OutputInvalid(f"{path.name} has {state.st_size} bytes")
    return state.st_size
