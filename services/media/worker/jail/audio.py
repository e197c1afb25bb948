"""Audio: AAC in an M4A file, and the outline of its loudness."""

from collections.abc import Callable, Iterable, Iterator

from av.audio.frame import AudioFrame

from services.media.domain.processing import Kind, Processed
from services.media.worker.jail import movies
from services.media.worker.jail.decoding import Decoder, Sound
from services.media.worker.jail.job import OutFolder
from services.media.worker.jail.movies import Movie
from services.media.worker.jail.progress import Progress
from services.media.worker.jail.sound import SoundTrack
from services.media.worker.jail.waveforms import Waveform

FILE = "audio.m4a"


def process(
    decoder: Decoder,
    first: AudioFrame,
    *,
    content_type: str,
    out: OutFolder,
    report: Callable[[int], None],
) -> Processed:
    """Convert the sound, whose first frame is known. Raises Rejected."""
    track = SoundTrack(first)
    waveform = Waveform()
    progress = Progress(report, decoder.stated_duration)
    with Movie(FILE, size=None, rate=None, sound=track) as movie:
        for sound in decoder.frames():
            if isinstance(sound, Sound):
                movie.play(_drawn(track.convert(sound), waveform))
                progress.reach(sound.end)
        movie.play(_drawn(track.rest(), waveform))
    waveform.add(None)
    return Processed(
        kind=Kind.AUDIO,
        content_type=content_type.replace("video/", "audio/"),
        files=(out.describe("audio", FILE, content_type="audio/mp4", codec=movies.AAC),),
        duration_ms=round(track.seconds * 1000),
        waveform=waveform.peaks(),
    )


def _drawn(frames: Iterable[AudioFrame], waveform: Waveform) -> Iterator[AudioFrame]:
    """The same frames; the waveform continues with them."""
    for frame in frames:
        waveform.add(frame)
        yield frame
