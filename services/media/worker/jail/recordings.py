"""Video and audio: decides by the tracks of a file what it is, and checks it beforehand."""

import importlib
import pkgutil
from collections.abc import Callable

import av

from services.media.domain.limits import LIMITS as ACCEPTED
from services.media.domain.processing import Kind, Processed, Rejected
from services.media.worker.jail import audio, boxes, demuxing, enclosure, probing, video
from services.media.worker.jail.decoding import Decoder
from services.media.worker.jail.enclosure import MIB, Limits
from services.media.worker.jail.job import OutFolder, Source

# 140 s of 4K in HDR with 60 frames a second take about 650 s of CPU.
LIMITS = Limits(
    memory_bytes=512 * MIB, cpu_seconds=1_200, file_bytes=96 * MIB, max_memory_bytes=768 * MIB
)

# PyAV imports parts of itself when they are first used, which the jail prevents.
for _module in pkgutil.walk_packages(av.__path__, "av."):
    if _module.name not in {"av.__main__", "av.datasets"}:
        importlib.import_module(_module.name)

# Larger frames take more memory.
_FULL_HD_PIXELS = 1920 * 1088


def process(source: Source, out: OutFolder, report: Callable[[int], None]) -> Processed:
    """A recording with moving pictures becomes a video, one without becomes audio.

    Raises Rejected.
    """
    try:
        return _process(source, source.signature.content_type, out, report)
    except MemoryError:
        # What its header claims is accepted, but this format takes too much memory for it.
        raise Rejected("MEDIA_TOO_LARGE") from None


def _process(
    source: Source, content_type: str, out: OutFolder, report: Callable[[int], None]
) -> Processed:
    if demuxing.has_boxes(content_type):
        boxes.refuse_references(source.file)
    if content_type == "audio/wav":
        probing.check_riff(source.file, source.size_bytes)
    with demuxing.opened(source.file, content_type) as recording:
        kind = Kind.AUDIO if recording.picture is None else Kind.VIDEO
        limits = ACCEPTED[kind]
        probing.check_header(recording, source.size_bytes, limits)
        if recording.picture is not None:
            context = recording.picture.codec_context
            _allow_memory(context.width, context.height)
        first = Decoder(recording, limits).first_frames()
    if first.picture is not None:
        # The header may have stated no size.
        _allow_memory(first.picture.width, first.picture.height)
    with demuxing.opened(source.file, content_type) as recording:
        decoder = Decoder(recording, limits)
        if first.picture is not None:
            return video.process(
                decoder,
                first.picture,
                first.sound,
                content_type=content_type,
                out=out,
                report=report,
            )
        if first.sound is not None:
            return audio.process(
                decoder, first.sound, content_type=content_type, out=out, report=report
            )
        raise Rejected("MEDIA_CORRUPT")


def _allow_memory(width: int, height: int) -> None:
    if width * height > _FULL_HD_PIXELS:
        enclosure.raise_memory(LIMITS.max_memory_bytes)
