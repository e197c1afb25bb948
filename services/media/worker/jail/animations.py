"""Animations: decoded a frame at a time, and written as animated WebP in every size.

Pillow decodes GIF, WebP, APNG and AVIF alike. libvips shows one frame of an APNG, and lets frames
bleed into each other when it scales.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import NamedTuple

from services.media.domain.processing import Kind, Processed, ProcessedFile
from services.media.worker.jail import placeholder, sizes, stills
from services.media.worker.jail.faults import Undecodable, decoding
from services.media.worker.jail.frame_headers import Frames
from services.media.worker.jail.job import OutFolder
from services.media.worker.jail.pillow import ExifTags, Image, ImageCms, WebPAnimEncoder

_FORMATS = {"image/gif": "GIF", "image/webp": "WEBP", "image/png": "PNG", "image/avif": "AVIF"}

# Browsers show frames of up to 10 ms for 100 ms, because old encoders wrote 0 for "unspecified".
_SHORTEST_MS = 10
_UNSPECIFIED_MS = 100

# Between lossy compression and CPU: 300 megapixels take 40 s.
_EFFORT = 2
_QUALITY = 75
_ALPHA_QUALITY = 90
# Distances of key frames, as gif2webp has them for lossy frames.
_KEY_FRAMES = (3, 5)
_TRANSPARENT = 0

# How a frame becomes upright, by the orientation of EXIF.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Frame(NamedTuple):
    picture: Image.Image  # RGBA, in sRGB, upright
    duration_ms: int


def avif_frames(data: bytes) -> Frames | None:
    """The frames of an AVIF file, by its headers; None for one. Raises Undecodable."""
    with decoding():
        picture = Image.open(BytesIO(data), formats=["AVIF"])
        count = getattr(picture, "n_frames", 1)
        return Frames(count, *picture.size) if count > 1 else None


def process(
    data: bytes, content_type: str, out: OutFolder, report: Callable[[int], None]
) -> Processed:
    """Write the animation in its sizes, and its first frame as JPEG. Raises Undecodable."""
    with decoding():
        animation = Image.open(BytesIO(data), formats=[_FORMATS[content_type]])
        orientation = animation.getexif().get(ExifTags.Base.Orientation, 1)
    width, height = animation.size if not 5 <= orientation <= 8 else reversed(animation.size)
    loops = _loops(animation)
    encoders = [
        _Encoder(size, sizes.fit(width, height, size.side), loops)
        for size in sizes.sizes_of(width, height)
    ]
    total_ms, first = 0, None
    for frame in _frames(animation, _TURNS.get(orientation), report):
        scaled = frame.picture
        for encoder in reversed(encoders):
            scaled = encoder.add(scaled, total_ms)
            first = first or scaled
        total_ms += frame.duration_ms
    if first is None:
        raise Undecodable
    opaque = stills.flatten(stills.from_pillow(first))
    return Processed(
        kind=Kind.ANIMATION,
        content_type=content_type,
        files=(
            *(encoder.write(total_ms, out) for encoder in encoders),
            stills.write_compat(opaque, out),
        ),
        width=width,
        height=height,
        duration_ms=total_ms,
        **placeholder.of(stills.to_pillow(opaque))._asdict(),
    )


def _loops(animation: Image.Image) -> int:
    """How often it is shown; 0 for without end. A GIF counts repetitions, none by default."""
    if animation.format != "GIF":
        return int(animation.info.get("loop", 0))
    repetitions = animation.info.get("loop")
    return 1 if repetitions is None else repetitions and repetitions + 1


def _frames(
    animation: Image.Image, turn: Image.Transpose | None, report: Callable[[int], None]
) -> Iterator[_Frame]:
    """The composed frames, in order."""
    with decoding():
        count = getattr(animation, "n_frames", 1)
    # An APNG may begin with a picture for viewers that cannot animate.
    begin = 1 if animation.info.get("default_image") else 0
    to_srgb = _to_srgb(animation)
    canvas = animation.size
    reported = 0
    for index in range(begin, count):
        with decoding():
            animation.seek(index)
            animation.load()
            picture = animation.convert("RGBA")
        if picture.size != canvas:  # a frame that exceeds the canvas enlarged it
            picture = picture.crop((0, 0, *canvas))
        if turn is not None:
            picture = picture.transpose(turn)
        duration = animation.info.get("duration", 0)
        yield _Frame(
            to_srgb(picture),
            round(duration) if duration > _SHORTEST_MS else _UNSPECIFIED_MS,
        )
        percent = 95 * (index + 1) // count
        if percent > reported + 4:
            reported = percent
            report(percent)


def _to_srgb(animation: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """How the colours of its frames become sRGB. A profile that cannot be read is ignored."""
    profile = animation.info.get("icc_profile")
    if profile:
        try:
            transform = ImageCms.buildTransform(
                ImageCms.ImageCmsProfile(BytesIO(profile)), _SRGB, "RGBA", "RGBA"
            )
        except (ImageCms.PyCMSError, OSError):
            return lambda picture: picture
        return lambda picture: ImageCms.applyTransform(picture, transform) or picture
    return lambda picture: picture


class _Encoder:
    """Writes one size, a frame at a time: `Image.save` would hold all frames in memory."""

    def __init__(self, size: sizes.Size, fit: tuple[int, int], loops: int) -> None:
        self._size = size
        self._fit = fit
        self._encoder = WebPAnimEncoder(
            self._fit, _TRANSPARENT, loops, False, *_KEY_FRAMES, False, False
        )

    def add(self, picture: Image.Image, start_ms: int) -> Image.Image:
        """Add a frame; returns it in this size."""
        if picture.size != self._fit:
            picture = picture.resize(self._fit, Image.Resampling.BICUBIC, reducing_gap=2.0)
        self._encoder.add(picture.getim(), start_ms, False, _QUALITY, _ALPHA_QUALITY, _EFFORT)
        return picture

    def write(self, end_ms: int, out: OutFolder) -> ProcessedFile:
        """Write the file, whose last frame ends then."""
        self._encoder.add(None, end_ms, False, _QUALITY, _ALPHA_QUALITY, 0)
        width, height = self._fit
        return out.write(
            self._size.name,
            self._size.file,
            self._encoder.assemble("", "", ""),
            content_type=sizes.WEBP,
            codec="webp",
            width=width,
            height=height,
        )


_SRGB = ImageCms.createProfile("sRGB")
