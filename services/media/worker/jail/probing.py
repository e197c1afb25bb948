"""Checks of what the header of a recording states, before anything is decoded.

Headers lie; `decoding` checks again what was decoded.
"""

from fractions import Fraction
from typing import BinaryIO

from services.media.domain.limits import KindLimits
from services.media.domain.processing import Rejected
from services.media.worker.jail.demuxing import Recording

# Cameras that record 60 frames a second exceed it by a little.
_MAX_FRAME_RATE = Fraction(121, 2)

# Sound may end a little later than the pictures that were cut to the longest duration.
_TOLERATED_SECONDS = Fraction(1, 2)

# RIFF files state their size after 8 bytes, or this.
_UNKNOWN_RIFF_SIZE = 0xFFFFFFFF


def check_header(recording: Recording, size_bytes: int, limits: KindLimits) -> None:
    """Raise Rejected if the header exceeds the limits, or names bytes beyond the end of it."""
    if size_bytes > limits.max_bytes:
        raise Rejected("MEDIA_TOO_LARGE")
    for track in (recording.picture, recording.sound):
        if track is not None:
            check_duration(recording.duration_of(track) or Fraction(0), limits)
    if recording.picture is not None:
        picture = recording.picture
        check_pixels(picture.codec_context.width, picture.codec_context.height, limits)
        check_frames(picture.frames, recording.duration_of(picture), limits)
    for track in (recording.picture, recording.sound):
        if track is not None and len(track.index_entries) > 0:
            last = track.index_entries[len(track.index_entries) - 1]
            if last.pos + last.size > size_bytes:
                raise Rejected("MEDIA_CORRUPT")


def check_riff(file: BinaryIO, size_bytes: int) -> None:
    """Raise Rejected if a WAV file ends before its header says, which FFmpeg does not mind."""
    file.seek(4)
    stated = int.from_bytes(file.read(4), "little")
    # Writers that cannot go back leave a size out, and some count a byte that fills up a chunk.
    if stated != _UNKNOWN_RIFF_SIZE and stated + 7 > size_bytes:
        raise Rejected("MEDIA_CORRUPT")


def check_duration(seconds: Fraction, limits: KindLimits) -> None:
    """Raise Rejected beyond the longest duration."""
    if (seconds - _TOLERATED_SECONDS) * 1000 > limits.max_duration_ms:
        raise Rejected("MEDIA_TOO_LONG", {"limit": str(limits.max_duration_ms)})


def check_pixels(width: int, height: int, limits: KindLimits) -> None:
    """Raise Rejected if frames are too large. A size of 0 passes: the first frame has one."""
    if width * height > limits.max_pixels:
        raise Rejected("MEDIA_TOO_LARGE")


def check_frames(frames: int, seconds: Fraction | None, limits: KindLimits) -> None:
    """Raise Rejected if there are too many frames: of all, or a second on average."""
    if frames > limits.max_frames:
        raise Rejected("MEDIA_TOO_MANY_FRAMES")
    # A second is the shortest time that has an average.
    if seconds and frames > _MAX_FRAME_RATE * max(seconds, Fraction(1)):
        raise Rejected("MEDIA_TOO_MANY_FRAMES")
