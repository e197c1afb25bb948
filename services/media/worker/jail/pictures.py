"""Pictures and animations: checks what the headers claim, and chooses the decoder."""

from collections.abc import Callable

from services.media.domain.limits import LIMITS as ACCEPTED
from services.media.domain.limits import MAX_SIDE
from services.media.domain.processing import Kind, Processed, Rejected
from services.media.worker.jail import animations, frame_headers, stills
from services.media.worker.jail.enclosure import MIB, Limits, raise_memory
from services.media.worker.jail.faults import Undecodable
from services.media.worker.jail.job import OutFolder, Source

# A progressive JPEG of 64 megapixels takes 490 MiB, an animation of 300 megapixels 40 s. Pillow
# holds several copies of the pixels, so large AVIF pictures and large animations get more.
LIMITS = Limits(
    memory_bytes=512 * MIB, max_memory_bytes=768 * MIB, cpu_seconds=120, file_bytes=64 * MIB
)
_LARGE_AVIF_PIXELS = 24_000_000
_LARGE_CANVAS_PIXELS = 8_000_000


def process(source: Source, out: OutFolder, report: Callable[[int], None]) -> Processed:
    """A still picture becomes WebP and JPEG, an animation animated WebP and a still JPEG.

    Raises Rejected.
    """
    if source.size_bytes > ACCEPTED[Kind.PICTURE].max_bytes:
        raise Rejected("MEDIA_TOO_LARGE")
    data = source.read()
    content_type = source.signature.content_type
    try:
        frames = frame_headers.read(data, content_type)
        if content_type == "image/avif":
            frames = animations.avif_frames(data)
        if frames:
            _check_frames(frames)
        if frames and frames.count > 1:
            if frames.width * frames.height > _LARGE_CANVAS_PIXELS:
                raise_memory(LIMITS.max_memory_bytes)
            return animations.process(data, content_type, out, report)
        picture = stills.open_picture(data, content_type)
        pixels = picture.width * picture.height
        check_size(picture.width, picture.height, Kind.PICTURE)
        if content_type == "image/avif" and pixels > _LARGE_AVIF_PIXELS:
            raise_memory(LIMITS.max_memory_bytes)
        return stills.process(picture, content_type, out, report)
    except (frame_headers.Malformed, Undecodable) as error:
        raise Rejected("MEDIA_CORRUPT") from error
    except MemoryError:
        # What its header claims is accepted, but this format takes too much memory for it.
        raise Rejected("MEDIA_TOO_LARGE") from None


def check_size(width: int, height: int, kind: Kind) -> None:
    """Raises Rejected if there are more pixels than are accepted."""
    if max(width, height) > MAX_SIDE or width * height > ACCEPTED[kind].max_pixels:
        raise Rejected("MEDIA_TOO_LARGE")


def _check_frames(frames: frame_headers.Frames) -> None:
    accepted = ACCEPTED[Kind.ANIMATION]
    check_size(frames.width, frames.height, Kind.ANIMATION)
    if frames.count > accepted.max_frames or frames.total_pixels > accepted.max_total_pixels:
        raise Rejected("MEDIA_TOO_MANY_FRAMES")
