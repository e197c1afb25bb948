"""Opening recordings by FFmpeg, with few of its demuxers and decoders and none of its protocols."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO, NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from services.media.domain.processing import Rejected

# FFmpeg's demuxers, by content type. Others are not tried, whatever the bytes look like.
_ISO = "mov"
_MATROSKA = "matroska"
_DEMUXERS = {
    "video/mp4": _ISO,
    "video/quicktime": _ISO,
    "audio/mp4": _ISO,
    "video/x-matroska": _MATROSKA,
    "video/webm": _MATROSKA,
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
}
# Without an index, the duration of these is an estimate from the bit rate.
_ESTIMATED = frozenset({"mp3", "aac"})

# FFmpeg's decoders.
_VIDEO_DECODERS = frozenset(
    {
        *("h264", "hevc", "vp8", "libvpx", "vp9", "libvpx-vp9", "av1", "libdav1d"),
        *("h263", "mpeg1video", "mpeg2video", "mpeg4", "mjpeg", "prores"),
    }
)
_AUDIO_DECODERS = frozenset(
    {
        *("aac", "mp3", "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "flac"),
        *("alac", "ac3", "eac3", "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
    }
)

# Of a frame that a decoder reserves memory for, before its size can be compared with the limits.
_MAX_CODED_PIXELS = 40_000_000


class Recording(NamedTuple):
    """An open container, and the tracks of it that are used. Their codecs are allowed."""

    container: InputContainer
    picture: VideoStream | None
    sound: AudioStream | None
    # Whether the header states durations.
    exact: bool

    @property
    def start(self) -> Fraction:
        """The earliest timestamp, in seconds."""
        return Fraction(self.container.start_time or 0, av.time_base)

    def duration_of(self, track: Stream) -> Fraction | None:
        """The seconds that the header states of the track, or of the whole; None if it does not."""
        if not self.exact:
            return None
        if track.duration and track.time_base:
            return track.duration * track.time_base
        return Fraction(self.container.duration, av.time_base) if self.container.duration else None


def has_boxes(content_type: str) -> bool:
    """Whether files of the type consist of ISO boxes."""
    return _DEMUXERS[content_type] == _ISO


@contextlib.contextmanager
def opened(file: BinaryIO, content_type: str) -> Iterator[Recording]:
    """Open a recording. Raises Rejected if FFmpeg cannot, or if a track needs another codec."""
    demuxer = _DEMUXERS[content_type]
    options = {
        "format_whitelist": demuxer,
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(sorted(_VIDEO_DECODERS | _AUDIO_DECODERS)),
        "max_pixels": str(_MAX_CODED_PIXELS),
        "threads": "1",
    }
    file.seek(0)
    with contextlib.ExitStack() as stack:
        with corruption_refused():
            # What a file says beside its tracks is not used, so it may be in any encoding.
            container = stack.enter_context(
                av.open(file, "r", format=demuxer, options=options, metadata_errors="replace")
            )
        picture = next((track for track in container.streams.video if not _is_cover(track)), None)
        sounds = container.streams.audio
        sound = next(
            (track for track in sounds if _has(track, _AUDIO_DECODERS)), next(iter(sounds), None)
        )
        if picture is None and sound is None:
            raise Rejected("MEDIA_CORRUPT")
        if picture is not None and demuxer not in (_ISO, _MATROSKA):
            raise Rejected("MEDIA_TYPE_NOT_ALLOWED")
        _require_decoder(picture, _VIDEO_DECODERS)
        _require_decoder(sound, _AUDIO_DECODERS)
        yield Recording(container, picture, sound, exact=demuxer not in _ESTIMATED)


@contextlib.contextmanager
def corruption_refused() -> Iterator[None]:
    """Turn FFmpeg's errors about the input into MEDIA_CORRUPT, but for a lack of memory."""
    try:
        yield
    except MemoryError:
        raise
    except av.FFmpegError as error:
        raise Rejected("MEDIA_CORRUPT") from error


def _is_cover(track: VideoStream) -> bool:
    """Whether it is the cover of an album, or pictures of chapters."""
    return bool(track.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def _has(track: VideoStream | AudioStream, decoders: frozenset[str]) -> bool:
    """Whether one of the decoders decodes it."""
    # PyAV leaves the context out if FFmpeg has no decoder.
    return track.codec_context is not None and track.codec_context.name in decoders


def _require_decoder(track: VideoStream | AudioStream | None, decoders: frozenset[str]) -> None:
    if track is None:
        return
    if not _has(track, decoders):
        raise Rejected("MEDIA_TYPE_NOT_ALLOWED")
    track.codec_context.thread_count = 1
    track.codec_context.options = {"max_pixels": str(_MAX_CODED_PIXELS)}
