"""Video: H.264 and AAC in an MP4 file, the same as HLS, and a poster."""

from collections.abc import Callable
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from services.media.domain.processing import Kind, Processed, ProcessedFile
from services.media.worker.jail import hls, movies, placeholder, posters
from services.media.worker.jail.decoding import Decoder, Picture
from services.media.worker.jail.display import Display, view_of
from services.media.worker.jail.job import OutFolder
from services.media.worker.jail.movies import MAX_FRAME_RATE, Movie
from services.media.worker.jail.pillow import Image
from services.media.worker.jail.placeholder import Placeholder
from services.media.worker.jail.posters import Posters
from services.media.worker.jail.progress import Progress
from services.media.worker.jail.sizes import COMPAT, COMPAT_FILE, JPEG, WEBP, fit
from services.media.worker.jail.sound import SoundTrack

FILE = "video.mp4"
POSTER = "poster.webp"

# Half of these frame rates is smoother than 30 frames a second picked from them.
_HALVED_RATE = 45

# Containers round times.
_ROUNDING = Fraction(1, 500)

_PLACEHOLDER_SIDE = 128


def process(
    decoder: Decoder,
    first: VideoFrame,
    first_sound: AudioFrame | None,
    *,
    content_type: str,
    out: OutFolder,
    report: Callable[[int], None],
) -> Processed:
    """Encode pictures and sound again; the first frame of each is known. Raises Rejected."""
    view = view_of(first, decoder.pixel_ratio)
    display = Display(view)
    size = display.size
    candidates = Posters()
    frames, seconds = _encode(decoder, display, first_sound, candidates, report)
    codec = _codec()
    video = out.describe(
        "video",
        FILE,
        content_type="video/mp4",
        codec=codec,
        width=size.width,
        height=size.height,
    )
    stream = hls.write(FILE, out, codec=codec, width=size.width, height=size.height)
    poster = candidates.best()
    standin = _placeholder(poster)
    return Processed(
        kind=Kind.VIDEO,
        content_type=content_type,
        files=(video, *stream, *_write_poster(poster, out)),
        width=view.size.width,
        height=view.size.height,
        duration_ms=round(seconds * 1000),
        frame_rate=round(float(frames / seconds), 3),
        has_sound=first_sound is not None,
        blurhash=standin.blurhash,
        dominant_color=standin.dominant_color,
    )


def _encode(
    decoder: Decoder,
    display: Display,
    first_sound: AudioFrame | None,
    candidates: Posters,
    report: Callable[[int], None],
) -> tuple[int, Fraction]:
    """Write the movie. Returns its number of pictures and its duration in seconds."""
    track = None if first_sound is None else SoundTrack(first_sound)
    pace = Pace(decoder.frame_rate)
    progress = Progress(report, decoder.stated_duration)
    end = Fraction(0)
    with Movie(FILE, size=display.size, rate=decoder.frame_rate, sound=track) as movie:
        for frame in decoder.frames():
            if not isinstance(frame, Picture):
                if track is not None:
                    movie.play(track.convert(frame))
                continue
            end = max(end, frame.end)
            time = pace.time_of(frame)
            if time is not None:
                picture = display.show(frame.frame)
                candidates.consider(picture, time)
                movie.show(picture, time, frame.end)
                progress.reach(time)
        if track is not None:
            movie.play(track.rest())
            end = max(end, track.seconds)
    return movie.frames, end


class Pace:
    """Chooses the pictures of at most 30 frames a second, and begins with the first at second 0."""

    def __init__(self, rate: Fraction | None) -> None:
        """`rate` is about the frame rate of the recording, if it is known."""
        halved = rate / 2 if rate and rate >= _HALVED_RATE else Fraction(MAX_FRAME_RATE)
        self._interval = 1 / min(halved, Fraction(MAX_FRAME_RATE))
        self._last: Fraction | None = None
        self._due = Fraction(0)

    def time_of(self, picture: Picture) -> Fraction | None:
        """When to show the picture; None to leave it out."""
        if self._last is None:
            # Sound may begin earlier. Until the first picture there would be nothing to see.
            self._last, self._due = Fraction(0), picture.time + self._interval
            return Fraction(0)
        if picture.time <= self._last or picture.time < self._due - _ROUNDING:
            return None
        self._last = picture.time
        # What is late is not made up for by more than one picture.
        self._due = max(self._due, picture.time - self._interval) + self._interval
        return picture.time


def _codec() -> str:
    """The codecs of the movie."""
    with av.open(FILE, format="mov") as movie:
        streams = [*movie.streams.video, *movie.streams.audio]
        return ",".join(movies.codec_of(stream) for stream in streams)


def _write_poster(poster: VideoFrame, out: OutFolder) -> list[ProcessedFile]:
    width, height = poster.width, poster.height
    return [
        out.write(
            "poster",
            POSTER,
            posters.webp(poster),
            content_type=WEBP,
            codec="webp",
            width=width,
            height=height,
        ),
        out.write(
            COMPAT,
            COMPAT_FILE,
            posters.jpeg(poster),
            content_type=JPEG,
            codec="jpeg",
            width=width,
            height=height,
        ),
    ]


def _placeholder(poster: VideoFrame) -> Placeholder:
    size = fit(poster.width, poster.height, _PLACEHOLDER_SIDE)
    return placeholder.of(Image.frombytes("RGB", size, posters.rgb(poster, *size)))
