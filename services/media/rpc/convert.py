"""Converts the model to protobuf and back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1 import media_pb2 as pb

from services.media.domain.limits import LIMITS
from services.media.domain.model import FocalPoint, Medium, MediumState, Upload, Use
from services.media.domain.processing import Kind
from services.media.domain.storage import PartAddress

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATE = {
    MediumState.WAITING: pb.MEDIUM_STATE_WAITING,
    MediumState.PROCESSING: pb.MEDIUM_STATE_PROCESSING,
    MediumState.READY: pb.MEDIUM_STATE_READY,
    MediumState.FAILED: pb.MEDIUM_STATE_FAILED,
}
_USE = {
    Use.POST: pb.MEDIUM_USE_POST,
    Use.AVATAR: pb.MEDIUM_USE_AVATAR,
    Use.BANNER: pb.MEDIUM_USE_BANNER,
}
_KIND = {
    Kind.PICTURE: pb.MEDIUM_KIND_PICTURE,
    Kind.ANIMATION: pb.MEDIUM_KIND_ANIMATION,
    Kind.VIDEO: pb.MEDIUM_KIND_VIDEO,
    Kind.AUDIO: pb.MEDIUM_KIND_AUDIO,
}


class Addresses(Protocol):
    """The addresses that files are served from."""

    def address(self, folder: str, file: str) -> str:
        """The address of a file."""
        ...

    def expire_time(self, folder: str) -> datetime | None:
        """When an address that is made now stops working; None if it does not."""
        ...


def to_medium(medium: Medium, addresses: Addresses | None = None) -> pb.Medium:
    """The medium. Without `addresses` those of its files are empty."""
    claim = medium.claim
    message = pb.Medium(
        id=medium.id,
        owner_id=medium.owner_id,
        state=_STATE[medium.state],
        failure=medium.failure,
        content_type=medium.content_type,
        size_bytes=medium.size_bytes,
        alt_text=medium.alt_text,
        create_time=to_timestamp(medium.create_time),
        progress=medium.progress,
        etag=medium.etag,
        folder=medium.folder,
    )
    if medium.focal_point is not None:
        message.focal_point.x, message.focal_point.y = medium.focal_point
    if claim is not None:
        message.use = _USE[claim.use]
        message.post_id = claim.post_id
    if medium.expire_time is not None:
        message.expire_time.CopyFrom(to_timestamp(medium.expire_time))
    _add_processed(message, medium, addresses)
    return message


def _add_processed(message: pb.Medium, medium: Medium, addresses: Addresses | None) -> None:
    processed = medium.processed
    if processed is None:
        return
    message.kind = _KIND[processed.kind]
    message.width, message.height = processed.width, processed.height
    message.duration_ms = processed.duration_ms
    message.frame_rate = processed.frame_rate
    message.has_sound = processed.has_sound
    message.blurhash = processed.blurhash
    message.dominant_color = processed.dominant_color
    message.waveform = processed.waveform
    for each in processed.files:
        message.variants.add(
            name=each.name,
            url=addresses.address(medium.folder, each.file) if addresses else "",
            width=each.width,
            height=each.height,
            content_type=each.content_type,
            file=each.file,
            size_bytes=each.size_bytes,
            codec=each.codec,
        )
    expire_time = addresses.expire_time(medium.folder) if addresses else None
    if expire_time is not None:
        message.address_expire_time.CopyFrom(to_timestamp(expire_time))


def to_upload(
    upload: Upload, parts: Sequence[PartAddress], address_expire_time: datetime
) -> pb.Upload:
    """The upload with the state of each part."""
    return pb.Upload(
        medium_id=upload.medium_id,
        parts=[
            pb.UploadPart(
                number=each.number, url=each.url, size_bytes=each.size_bytes, etag=each.etag
            )
            for each in parts
        ],
        address_expire_time=to_timestamp(address_expire_time),
        expire_time=to_timestamp(upload.expire_time),
        size_bytes=upload.size_bytes,
    )


def to_limits() -> list[pb.MediumLimits]:
    """What is accepted, by kind."""
    return [
        pb.MediumLimits(
            kind=_KIND[kind],
            content_types=limits.content_types,
            max_bytes=limits.max_bytes,
            max_pixels=limits.max_pixels,
            max_frames=limits.max_frames,
            max_total_pixels=limits.max_total_pixels,
            max_duration_ms=limits.max_duration_ms,
            max_per_post=limits.max_per_post,
        )
        for kind, limits in LIMITS.items()
    ]


def to_use(use: Use | None) -> pb.MediumUse:
    """The use; unspecified for none."""
    return pb.MEDIUM_USE_UNSPECIFIED if use is None else _USE[use]


def to_focal_point(message: pb.Medium) -> FocalPoint | None:
    """The focal point of a request; None where it is unset."""
    if not message.HasField("focal_point"):
        return None
    return FocalPoint(message.focal_point.x, message.focal_point.y)


def from_use(use: pb.MediumUse) -> Use:
    """The use of a claim, which is never unspecified."""
    return Use(int(use))


def to_timestamp(moment: datetime) -> Timestamp:
    """The moment, to the microsecond."""
    since = moment - _UNIX_EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)
