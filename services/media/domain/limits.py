"""What the Media service accepts: the one place, which `GetLimits` publishes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from services.media.domain.processing import Kind

_MIB = 1 << 20
_MEGAPIXELS = 1_000_000


class KindLimits(NamedTuple):
    """What is accepted of one kind. 0 where a limit does not apply."""

    content_types: tuple[str, ...]
    max_bytes: int
    max_pixels: int = 0
    max_frames: int = 0
    # Width × height × frames.
    max_total_pixels: int = 0
    max_duration_ms: int = 0
    max_per_post: int = 1


LIMITS: Mapping[Kind, KindLimits] = {
    Kind.PICTURE: KindLimits(
        content_types=(
            "image/jpeg",
            "image/png",
            "image/webp",
            "image/gif",
            "image/avif",
            "image/heic",
            "image/heif",
        ),
        max_bytes=16 * _MIB,
        max_pixels=64 * _MEGAPIXELS,
        max_per_post=4,
    ),
    Kind.ANIMATION: KindLimits(
        content_types=("image/gif", "image/webp", "image/png", "image/avif"),
        max_bytes=16 * _MIB,
        max_pixels=64 * _MEGAPIXELS,
        max_frames=600,
        max_total_pixels=300 * _MEGAPIXELS,
    ),
    Kind.VIDEO: KindLimits(
        content_types=("video/mp4", "video/quicktime", "video/webm", "video/x-matroska"),
        max_bytes=100 * _MIB,
        max_pixels=3840 * 2160,
        max_frames=8_400,  # 140 s at 60 frames a second
        max_duration_ms=140_000,
    ),
    Kind.AUDIO: KindLimits(
        content_types=(
            "audio/mpeg",
            "audio/mp4",
            "audio/x-m4a",
            "audio/aac",
            "audio/ogg",
            "audio/flac",
            "audio/x-flac",
            "audio/wav",
            "audio/x-wav",
            "audio/webm",
        ),
        max_bytes=40 * _MIB,
        max_duration_ms=600_000,
    ),
}

# The longest side of a picture, which WebP and JPEG cannot exceed either.
MAX_SIDE = 65_500

MAX_DAY_BYTES = 1 << 30
MAX_DAY_UPLOADS = 250

# How long an upload can be resumed, and an unattached medium is kept.
UNATTACHED = timedelta(hours=24)

# The object store takes no part below 5 MiB but the last. At most 13 parts.
PART_BYTES = 8 * _MIB
# How long the address of a part can be used.
PART_ADDRESS_LIFETIME = timedelta(hours=1)

# How often a medium is processed before it fails, and for how long at most since its upload.
MAX_ATTEMPTS = 3
PROCESSING_DEADLINE = timedelta(hours=2)


def kind_of(content_type: str) -> Kind | None:
    """The kind whose limits apply to an upload that is declared so; None if it is not accepted.

    Still pictures and animations have the same limit of bytes and are not distinguished here.
    """
    for kind, limits in LIMITS.items():
        if content_type in limits.content_types:
            return kind
    return None
