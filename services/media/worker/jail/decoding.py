"""The decoded frames of a recording, on one timeline that starts at 0."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from services.media.domain.limits import KindLimits
from services.media.domain.processing import Rejected
from services.media.worker.jail import probing
from services.media.worker.jail.demuxing import Recording, corruption_refused

# Packets that cannot be decoded: the first of a cut between key frames, and a share of the rest.
_TOLERATED_ERRORS = 4
_TOLERATED_SHARE = Fraction(2, 100)

# How much earlier than its header states a track may end: by rounding, and by a share of the whole.
_TOLERATED_GAP = Fraction(1, 4)
_TOLERATED_GAP_SHARE = Fraction(3, 100)

# The duration of a frame that has none, if the track does not state its rate either.
_DEFAULT_FRAME = Fraction(1, 25)


class Picture(NamedTuple):
    """A decoded picture, and the seconds when it is shown."""

    frame: VideoFrame
    time: Fraction
    end: Fraction


class Sound(NamedTuple):
    """Decoded samples, and the seconds when they are heard."""

    frame: AudioFrame
    time: Fraction
    end: Fraction


class FirstFrames(NamedTuple):
    """The first frame of each track; None where there is no track, or nothing in it to decode."""

    picture: VideoFrame | None
    sound: AudioFrame | None


class _Track:
    """What was decoded of one track."""

    def __init__(self) -> None:
        self.packets = 0
        self.errors = 0
        self.frames = 0
        self.end = Fraction(0)
        # Of all samples, wherever their timestamps put them.
        self.samples_seconds = Fraction(0)


class Decoder:
    """Decodes the picture and the sound of a recording, and checks them against the limits."""

    def __init__(self, recording: Recording, limits: KindLimits) -> None:
        """`limits` are those of the kind of the recording."""
        self._recording = recording
        self._limits = limits
        self._start = recording.start
        self._streams: list[Stream] = [
            track for track in (recording.picture, recording.sound) if track is not None
        ]
        self._tracks = {stream.index: _Track() for stream in self._streams}

    @property
    def stated_duration(self) -> Fraction | None:
        """The seconds that the header states; None if it states none."""
        return self._recording.duration_of(self._streams[0])

    @property
    def frame_rate(self) -> Fraction | None:
        """About the frames a second, if FFmpeg can tell."""
        picture = self._recording.picture
        return None if picture is None else picture.average_rate

    @property
    def pixel_ratio(self) -> Fraction | None:
        """Width to height of a pixel, if it is stated."""
        picture = self._recording.picture
        return None if picture is None else picture.sample_aspect_ratio

    def first_frames(self) -> FirstFrames:
        """The first frame of each track: it has what a header may lack, as size, turn and channels.

        Nothing else can be read from the recording then. Raises Rejected if there is a track of
        pictures, and no picture.
        """
        found: dict[int, VideoFrame | AudioFrame] = {}
        for packet in self._packets():
            index = packet.stream.index
            if index not in found:
                found.update((index, frame) for frame in self._decoded(packet)[:1])
            if len(found) == len(self._streams):
                break
        frames = found.values()
        picture = next((frame for frame in frames if isinstance(frame, VideoFrame)), None)
        sound = next((frame for frame in frames if isinstance(frame, AudioFrame)), None)
        if picture is not None:
            probing.check_pixels(picture.width, picture.height, self._limits)
        elif self._recording.picture is not None:
            raise Rejected("MEDIA_CORRUPT")
        return FirstFrames(picture, sound)

    def frames(self) -> Iterator[Picture | Sound]:
        """All frames, in the order of the file.

        Raises Rejected: beyond the limits; if the file ends before its header says; if much of it
        cannot be decoded.
        """
        for packet in self._packets():
            for frame in self._decoded(packet):
                yield self._placed(packet.stream, frame)
        for stream in self._streams:
            self._check_complete(stream)

    def _packets(self) -> "Iterator[Packet[Stream]]":
        packets = self._recording.container.demux(*self._streams)
        while True:
            with corruption_refused():
                packet = next(packets, None)
            if packet is None:
                return
            yield packet

    def _decoded(self, packet: "Packet[Stream]") -> list[VideoFrame | AudioFrame]:
        track = self._tracks[packet.stream.index]
        track.packets += 1
        try:
            return packet.decode()  # type: ignore[return-value]  # neither track has subtitles
        except MemoryError:
            raise
        except av.FFmpegError as error:
            track.errors += 1
            if track.errors > _TOLERATED_ERRORS + _TOLERATED_SHARE * track.packets:
                raise Rejected("MEDIA_CORRUPT") from error
            return []

    def _placed(self, stream: Stream, frame: VideoFrame | AudioFrame) -> Picture | Sound:
        track = self._tracks[stream.index]
        track.frames += 1
        time = track.end
        if frame.pts is not None and frame.time_base:
            time = frame.pts * frame.time_base - self._start
        if isinstance(frame, VideoFrame):
            probing.check_pixels(frame.width, frame.height, self._limits)
            probing.check_frames(track.frames, None, self._limits)
            end = time + self._length(stream, frame)
        else:
            track.samples_seconds += Fraction(frame.samples, frame.sample_rate)
            end = time + Fraction(frame.samples, frame.sample_rate)
        track.end = max(track.end, end)
        probing.check_duration(max(track.end, track.samples_seconds), self._limits)
        return (
            Picture(frame, time, end) if isinstance(frame, VideoFrame) else Sound(frame, time, end)
        )

    def _length(self, stream: Stream, frame: VideoFrame) -> Fraction:
        if frame.duration and frame.time_base:
            return frame.duration * frame.time_base
        return 1 / stream.average_rate if stream.average_rate else _DEFAULT_FRAME

    def _check_complete(self, stream: Stream) -> None:
        track = self._tracks[stream.index]
        if stream is self._recording.picture:
            if not track.frames:
                raise Rejected("MEDIA_CORRUPT")
            probing.check_frames(track.frames, track.end, self._limits)
        expected = self._recording.duration_of(stream)
        if expected is None:
            return
        # A container states the end of its longest track.
        end = track.end if stream.duration else max(one.end for one in self._tracks.values())
        if expected - end > max(_TOLERATED_GAP, expected * _TOLERATED_GAP_SHARE):
            raise Rejected("MEDIA_CORRUPT")
