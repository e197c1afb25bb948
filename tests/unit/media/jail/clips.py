"""Recordings that the tests make themselves: short, small, and of known content."""

from __future__ import annotations

import array
import io
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.video.frame import PictureType, VideoFrame

Colour = tuple[int, int, int]
RED, GREEN, BLUE, WHITE, BLACK = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
)
GREY = (128, 128, 128)

RATE = 48_000
# Samples of sound that are made at a time.
_CHUNK = 1_000


@dataclass(frozen=True)
class Tone:
    """A track of sound: silent until `begins`, then a sine to the end."""

    hertz: int = 440
    begins: float = 0.0
    ends: float = math.inf
    layout: str = "stereo"
    rate: int = RATE
    codec: str = "aac"
    volume: float = 0.5
    # When the track itself begins.
    offset: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)

    def samples(self, seconds: float) -> Iterable[AudioFrame]:
        for start in range(0, round(seconds * self.rate), _CHUNK):
            frame = AudioFrame(format="fltp", layout=self.layout, samples=_CHUNK)
            frame.sample_rate, frame.time_base = self.rate, Fraction(1, self.rate)
            frame.pts = start + round(self.offset * self.rate)
            values = array.array("f", (self._value(start + n) for n in range(_CHUNK))).tobytes()
            for plane in frame.planes:
                plane.update(values.ljust(plane.buffer_size, b"\0"))
            yield frame

    def _value(self, sample: int) -> float:
        time = sample / self.rate
        if not self.begins <= time < self.ends:
            return 0.0
        return self.volume * math.sin(2 * math.pi * self.hertz * time)


def plain(colour: Colour, width: int, height: int) -> VideoFrame:
    """One colour."""
    return _drawn(width, height, lambda _: bytes(colour) * width)


def quarters(width: int, height: int) -> VideoFrame:
    """Red and green above, blue and white below."""
    half = width // 2

    def row(y: int) -> bytes:
        left, right = (RED, GREEN) if y < height // 2 else (BLUE, WHITE)
        return bytes(left) * half + bytes(right) * (width - half)

    return _drawn(width, height, row)


def _drawn(width: int, height: int, row: Callable[[int], bytes]) -> VideoFrame:
    frame = VideoFrame(width, height, "rgb24")
    plane = frame.planes[0]
    plane.update(b"".join(row(y).ljust(plane.line_size, b"\0") for y in range(height)))
    return frame


def ramp(width: int, height: int, *, transfer: int) -> VideoFrame:
    """From black on the left to the brightest on the right: 10 bits, BT.2020."""
    frame = VideoFrame(width, height, "yuv420p10le")
    for index, plane in enumerate(frame.planes):
        values = (
            (64 + 876 * x // (plane.width - 1) if index == 0 else 512) for x in range(plane.width)
        )
        row = array.array("H", values).tobytes().ljust(plane.line_size, b"\0")
        plane.update(row * plane.height)
    frame.color_primaries = frame.colorspace = 9
    frame.color_trc, frame.color_range = transfer, 1
    return frame


def video(
    frames: Sequence[VideoFrame],
    *,
    rate: int = 10,
    times: Sequence[float] | None = None,
    tones: Sequence[Tone] = (),
    container: str = "mp4",
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rotation: int = 0,
    hflip: bool = False,
    metadata: dict[str, str] | None = None,
    finish: Callable[[Any], None] = lambda _: None,
    pixel_ratio: Fraction = Fraction(1),
) -> bytes:
    """The frames as a file, with sound as long as they are. `finish` may add to the container."""
    out = io.BytesIO()
    times = times or [n / rate for n in range(len(frames))]
    length = times[-1] + 1 / rate
    with av.open(out, "w", format=container, options=container_options or {}) as target:
        target.metadata.update(metadata or {})
        defaults = {"libx264": {"preset": "ultrafast"}, "libvpx-vp9": {"cpu-used": "8"}}
        picture = target.add_stream(codec, rate=rate, options=options or defaults.get(codec, {}))
        picture.width, picture.height = frames[0].width, frames[0].height
        picture.pix_fmt = pixel_format
        picture.codec_context.time_base = Fraction(1, 1000)
        picture.codec_context.sample_aspect_ratio = pixel_ratio
        picture.metadata.update(metadata or {})
        first = frames[0]
        if first.format.name == pixel_format:
            for name in ("colorspace", "color_range", "color_primaries", "color_trc"):
                setattr(picture.codec_context, name, getattr(first, name))
        if rotation or hflip:
            picture.set_display_rotation(rotation, hflip=hflip)
        sounds = [_track(target, tone) for tone in tones]
        finish(target)
        for tone, sound in zip(tones, sounds, strict=True):
            for samples in tone.samples(length - tone.offset):
                target.mux(sound.encode(samples))
        for number, (frame, time) in enumerate(zip(frames, times, strict=True)):
            # Without a statement, the colours of many lines are of BT.709, those of few of BT.601.
            matrix = "itu709" if min(frame.width, frame.height) > 576 else "itu601"
            shown = frame
            if frame.format.name != pixel_format:
                shown = frame.reformat(format=pixel_format, dst_colorspace=matrix)
            shown.pts, shown.time_base = round(time * 1000), Fraction(1, 1000)
            later = times[number + 1] if number + 1 < len(times) else length
            shown.duration = round((later - time) * 1000)
            shown.pict_type = PictureType.NONE
            target.mux(picture.encode(shown))
        target.mux(picture.encode(None))
        for sound in sounds:
            target.mux(sound.encode(None))
    return out.getvalue()


def audio(
    tone: Tone,
    seconds: float = 1.0,
    *,
    container: str,
    metadata: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    finish: Callable[[Any], None] = lambda _: None,
) -> bytes:
    """Sound alone, as a file."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=container_options or {}) as target:
        target.metadata.update(metadata or {})
        sound = _track(target, tone)
        finish(target)
        for samples in tone.samples(seconds):
            target.mux(sound.encode(samples))
        target.mux(sound.encode(None))
    return out.getvalue()


def _track(target: Any, tone: Tone) -> Any:
    track = target.add_stream(tone.codec, rate=tone.rate, layout=tone.layout)
    track.metadata.update(tone.metadata)
    return track


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of an ISO base media file."""
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def movie(
    *,
    samples: int,
    sample_ticks: int,
    timescale: int = 1000,
    width: int = 320,
    height: int = 240,
    codec: bytes = b"avc1",
    reference: bytes = b"",
    extra: bytes = b"",
    sample_bytes: int = 1,
) -> bytes:
    """A movie that is all header: it claims samples of a constant length, and has none.

    `reference` is an entry of its data references, by default one for the file itself.
    """
    duration = samples * sample_ticks
    matrix = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    mvhd = struct.pack(">5I", 0, 0, 0, timescale, min(duration, 0xFFFFFFFF))
    mvhd += (
        struct.pack(">IH", 0x10000, 0x100) + bytes(10) + matrix + bytes(24) + struct.pack(">I", 2)
    )
    tkhd = struct.pack(">6I", 7, 0, 0, 1, 0, min(duration, 0xFFFFFFFF)) + bytes(16) + matrix
    tkhd += struct.pack(">2I", width << 16, height << 16)
    mdhd = struct.pack(">5I", 0, 0, 0, timescale, min(duration, 0xFFFFFFFF)) + b"\x55\xc4\0\0"
    handler = bytes(8) + b"vide" + bytes(12) + b"\0"
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">2H", width, height)
    entry += (
        struct.pack(">2I", 0x480000, 0x480000)
        + bytes(4)
        + b"\0\x01"
        + bytes(32)
        + b"\0\x18\xff\xff"
    )
    stbl = box(
        b"stbl",
        box(b"stsd", struct.pack(">2I", 0, 1), box(codec, entry)),
        box(b"stts", struct.pack(">4I", 0, 1, samples, sample_ticks)),
        box(b"stsc", struct.pack(">5I", 0, 1, 1, samples, 1)),
        box(b"stsz", struct.pack(">3I", 0, sample_bytes, samples)),
        box(b"stco", struct.pack(">3I", 0, 1, 24)),
    )
    dref = struct.pack(">2I", 0, 1) + (reference or box(b"url ", struct.pack(">I", 1)))
    minf = box(
        b"minf", box(b"vmhd", struct.pack(">3I", 1, 0, 0)), box(b"dinf", box(b"dref", dref)), stbl
    )
    mdia = box(b"mdia", box(b"mdhd", mdhd), box(b"hdlr", handler), minf)
    moov = box(b"moov", box(b"mvhd", mvhd), box(b"trak", box(b"tkhd", tkhd), mdia), extra)
    return box(b"ftyp", b"isom", bytes(4), b"isomavc1") + moov


def replaced(data: bytes, kind: bytes, change: Callable[[bytearray], None]) -> bytes:
    """The file with a change in the content of each box of a kind. Sizes stay."""
    changed = bytearray(data)
    at = 0
    found = False
    while (at := data.find(kind, at)) >= 0:
        size = int.from_bytes(data[at - 4 : at], "big")
        if 8 <= size <= len(data) - at:
            content = bytearray(data[at + 4 : at - 4 + size])
            change(content)
            changed[at + 4 : at - 4 + size] = content
            found = True
        at += 4
    assert found, kind
    return bytes(changed)


class Clip:
    """A file that processing wrote, decoded."""

    def __init__(self, data: bytes) -> None:
        with av.open(io.BytesIO(data)) as source:
            self.metadata = dict(source.metadata)
            self.streams = [stream.type for stream in source.streams]
            self.stream_metadata = [dict(stream.metadata) for stream in source.streams]
            picture = next(iter(source.streams.video), None)
            sound = next(iter(source.streams.audio), None)
            self.codecs = [
                stream.codec_context.name for stream in (picture, sound) if stream is not None
            ]
            self.sound_bit_rate = sound.bit_rate if sound is not None else None
            self.profile = picture.codec_context.profile if picture is not None else None
            self.pictures: list[VideoFrame] = []
            self.picture_times: list[float] = []
            self.picture_end = 0.0
            samples: list[float] = []
            self.sound_start = self.sound_end = 0.0
            self.sample_rate = sound.codec_context.sample_rate if sound is not None else 0
            self.channels = sound.codec_context.layout.nb_channels if sound is not None else 0
            for frame in source.decode(*[s for s in (picture, sound) if s is not None]):
                assert frame.time_base is not None
                assert frame.time is not None
                if isinstance(frame, VideoFrame):
                    self.pictures.append(frame)
                    self.picture_times.append(frame.time)
                    self.picture_end = frame.time + float(frame.duration * frame.time_base)
                else:
                    if not samples:
                        self.sound_start = frame.time
                    samples += memoryview(bytes(frame.planes[0])).cast("f")[: frame.samples]
                    self.sound_end = frame.time + frame.samples / frame.sample_rate
            self.samples = samples

    @property
    def size(self) -> tuple[int, int]:
        return self.pictures[0].width, self.pictures[0].height

    def loudness(self, start: float, end: float) -> float:
        """The highest value between two times."""
        first = round((start - self.sound_start) * self.sample_rate)
        last = round((end - self.sound_start) * self.sample_rate)
        return max((abs(value) for value in self.samples[max(0, first) : last]), default=0.0)

    def sound_begins(self, level: float = 0.1) -> float:
        """When the sound first exceeds a level."""
        index = next(n for n, value in enumerate(self.samples) if abs(value) > level)
        return self.sound_start + index / self.sample_rate

    def picture_brightens(self) -> float:
        """When the picture first is bright."""
        return next(
            time
            for frame, time in zip(self.pictures, self.picture_times, strict=True)
            if sum(pixel(frame, 0.5, 0.5)) > 384
        )


def pixel(frame: VideoFrame, x: float, y: float) -> Colour:
    """The colour at a point, of 0 to 1 each way."""
    rgb = frame.reformat(format="rgb24", src_colorspace="itu709")
    plane = rgb.planes[0]
    at = int(y * frame.height) * plane.line_size + int(x * frame.width) * 3
    red, green, blue = bytes(plane)[at : at + 3]
    return red, green, blue


def near(one: Colour, other: Colour, tolerance: int = 24) -> bool:
    """Whether two colours look the same."""
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))
