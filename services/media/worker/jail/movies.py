"""Writing MP4 files: encoders with bounds, and no metadata."""

from collections.abc import Iterable
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from services.media.worker.jail.display import Size
from services.media.worker.jail.sound import BIT_RATE, SoundTrack

MAX_FRAME_RATE = 30

# Every player seeks to key frames, and segments of HLS begin with one.
KEY_FRAME_SECONDS = 4

# Ticks a second: a multiple of every usual frame rate.
_CLOCK = 90_000

# The muxer opens its own file a second time to put the index in front. With `bitexact` it does not
# sign the file.
_FASTSTART = {"movflags": "+faststart", "fflags": "+bitexact"}

_X264 = {
    "preset": "veryfast",
    "profile": "high",
    "crf": "23",
    # 140 s have at most about 60 MB.
    "maxrate": "3M",
    "bufsize": "6M",
    "threads": "2",
    # Key frames are those that `show` demands.
    "g": "100000",
    "keyint_min": "50000",
    "forced-idr": "1",
    # Captions and other data of the original stay behind.
    "a53cc": "0",
    "udu_sei": "0",
}


# AAC-LC, as in RFC 6381.
AAC = "mp4a.40.2"


class Movie:
    """An MP4 file in the making: H.264, AAC, or both. Closing completes it."""

    def __init__(
        self, file: str, *, size: Size | None, rate: Fraction | None, sound: SoundTrack | None
    ) -> None:
        """`file` is a relative name, `size` None for sound alone, `rate` about the frame rate."""
        self._container: OutputContainer = av.open(
            file, "w", format="mp4" if size else "ipod", options=_FASTSTART
        )
        self._pictures = None if size is None else _add_pictures(self._container, size, rate)
        self._sounds = None if sound is None else _add_sound(self._container, sound)
        self._next_key_frame = Fraction(0)
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            for stream in (self._pictures, self._sounds):
                if stream is not None:
                    self._mux(stream.encode(None))
        self._container.close()

    def show(self, frame: VideoFrame, time: Fraction, end: Fraction) -> None:
        """Add a picture. `time` is greater than that of the last one."""
        assert self._pictures is not None  # noqa: S101 - a movie with pictures has a size
        frame.time_base = Fraction(1, _CLOCK)
        frame.pts = round(time * _CLOCK)
        frame.duration = max(1, round((end - time) * _CLOCK))
        frame.pict_type = PictureType.NONE
        if time >= self._next_key_frame:
            frame.pict_type = PictureType.I
            self._next_key_frame = time + KEY_FRAME_SECONDS
        self.frames += 1
        self._mux(self._pictures.encode(frame))

    def play(self, frames: Iterable[AudioFrame]) -> None:
        """Add sound that continues the sound so far."""
        assert self._sounds is not None  # noqa: S101 - a movie with sound has a track
        for frame in frames:
            self._mux(self._sounds.encode(frame))

    def _mux(self, packets: "Iterable[Packet[Stream]]") -> None:
        for packet in packets:
            self._container.mux(packet)


def _add_pictures(container: OutputContainer, size: Size, rate: Fraction | None) -> VideoStream:
    nominal = min(rate, Fraction(MAX_FRAME_RATE)) if rate else Fraction(MAX_FRAME_RATE)
    stream = container.add_stream("libx264", rate=nominal, options=_X264)
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, _CLOCK)
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _add_sound(container: OutputContainer, sound: SoundTrack) -> AudioStream:
    stream = container.add_stream("aac", rate=sound.rate, layout=sound.layout)
    stream.bit_rate = BIT_RATE
    return stream


def codec_of(stream: Stream) -> str:
    """The codec of a stream that was written, as in RFC 6381."""
    if isinstance(stream, AudioStream):
        return AAC
    configuration = stream.codec_context.extradata or b""  # AVCDecoderConfigurationRecord
    return f"avc1.{configuration[1:4].hex()}"
