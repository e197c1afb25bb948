"""The poster of a video: a frame that looks like most of it, and is neither black nor blank."""

from collections import Counter
from fractions import Fraction
from typing import NamedTuple, cast

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from services.media.worker.jail.filtering import scaled
from services.media.worker.jail.sizes import WEBP_QUALITY

# Frames that are kept while the video is decoded: about 1.4 MB each.
_MAX_CANDIDATES = 8
_FIRST_INTERVAL = Fraction(1, 2)

# Where frames are compared: enough to tell scenes apart.
_SMALL_SIDE = 32
_LEVELS = 16

# The standard deviation of brightness below which a picture is blank.
_BLANK = 6

# mjpeg's quantiser, of 1 (best) to 31.
_JPEG_QUANTISER = 3


class _Candidate(NamedTuple):
    """A frame, and how its brightness is distributed."""

    frame: VideoFrame
    levels: dict[int, float]
    deviation: float


class Posters:
    """Keeps a few frames from the whole of a video whose duration is not known yet."""

    def __init__(self) -> None:
        self._candidates: list[_Candidate] = []
        self._interval = _FIRST_INTERVAL
        self._next = Fraction(0)

    def consider(self, frame: VideoFrame, time: Fraction) -> None:
        """Keep the frame if it is time for one. Nobody changes it afterwards."""
        if time < self._next:
            return
        if len(self._candidates) == _MAX_CANDIDATES:
            self._candidates = self._candidates[::2]
            self._interval *= 2
        self._candidates.append(_measured(frame))
        self._next = time + self._interval

    def best(self) -> VideoFrame:
        """The frame whose brightness is closest to the average of all that are not blank."""
        visible = [one for one in self._candidates if one.deviation >= _BLANK]
        candidates = visible or self._candidates
        average = {
            level: sum(one.levels.get(level, 0) for one in candidates) / len(candidates)
            for level in range(_LEVELS)
        }

        def distance(one: _Candidate) -> float:
            return sum((one.levels.get(level, 0) - average[level]) ** 2 for level in range(_LEVELS))

        return min(candidates, key=distance).frame


def webp(frame: VideoFrame) -> bytes:
    """The frame as WebP, of which the lossy kind has the colours of BT.601, studio range."""
    picture = scaled(frame, *_size(frame), "yuv420p", "out_color_matrix=bt601", "out_range=tv")
    return _encoded(picture, "libwebp", {"quality": str(WEBP_QUALITY), "compression_level": "4"})


def jpeg(frame: VideoFrame) -> bytes:
    """The frame as JPEG, which as JFIF has the colours of BT.601, full range."""
    picture = scaled(frame, *_size(frame), "yuvj420p", "out_color_matrix=bt601", "out_range=pc")
    quantiser = str(_JPEG_QUANTISER)
    return _encoded(picture, "mjpeg", {"qmin": quantiser, "qmax": quantiser, "flags": "+bitexact"})


def rgb(frame: VideoFrame, width: int, height: int) -> bytes:
    """The frame reduced to a size, three bytes a pixel."""
    return _rows(scaled(frame, width, height, "rgb24"), width * 3)


def _size(frame: VideoFrame) -> tuple[int, int]:
    return frame.width, frame.height


def _encoded(picture: VideoFrame, codec: str, options: dict[str, str]) -> bytes:
    encoder = cast("VideoCodecContext", CodecContext.create(codec, "w"))
    encoder.width, encoder.height = _size(picture)
    encoder.pix_fmt = picture.format.name
    encoder.color_range = picture.color_range
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = options
    picture.pts, picture.time_base = 0, encoder.time_base
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


def _measured(frame: VideoFrame) -> _Candidate:
    grey = _rows(scaled(frame, _SMALL_SIDE, _SMALL_SIDE, "gray"), _SMALL_SIDE)
    mean = sum(grey) / len(grey)
    deviation = (sum((value - mean) ** 2 for value in grey) / len(grey)) ** 0.5
    counts = Counter(value * _LEVELS // 256 for value in grey)
    levels = {level: count / len(grey) for level, count in counts.items()}
    return _Candidate(frame, levels, deviation)


def _rows(frame: VideoFrame, row_bytes: int) -> bytes:
    """The bytes of a frame of one plane, without the padding of its rows."""
    plane = frame.planes[0]
    data = bytes(plane)
    return b"".join(
        data[start : start + row_bytes]
        for start in range(0, plane.line_size * frame.height, plane.line_size)
    )
