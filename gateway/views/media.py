"""Presents media, their uploads and their limits."""

from collections.abc import Iterable
from typing import cast

import msgspec
from cachebox import LRUCache
from msgspec import Raw
from roost.media.v1 import media_pb2, media_service_pb2

from gateway.core import media_addresses
from gateway.views import media_shapes as shapes
from gateway.views.times import rfc3339, time
from services.chassis.text.kinds import (
    ALT_TEXT,
    BIO,
    DISPLAY_NAME,
    LOCATION,
    POST,
    WEBSITE,
    TextKind,
)

# The largest file that a form may hold: its bytes pass through a gateway process.
MAX_FORM_FILE_BYTES = 10_000_000

# About 2 KiB each, with its key.
_KEPT = 8_192
_encoder = msgspec.json.Encoder()
_printed: LRUCache[object, Raw] = LRUCache(_KEPT)

_KINDS: dict[int, shapes.MediumKind] = {
    media_pb2.MEDIUM_KIND_PICTURE: "picture",
    media_pb2.MEDIUM_KIND_ANIMATION: "animation",
    media_pb2.MEDIUM_KIND_VIDEO: "video",
    media_pb2.MEDIUM_KIND_AUDIO: "audio",
}
_STATES: dict[int, shapes.MediumState] = {
    media_pb2.MEDIUM_STATE_WAITING: "waiting",
    media_pb2.MEDIUM_STATE_PROCESSING: "processing",
    media_pb2.MEDIUM_STATE_READY: "ready",
    media_pb2.MEDIUM_STATE_FAILED: "failed",
}


def media(messages: Iterable[media_pb2.Medium]) -> list[shapes.Medium]:
    """Media in their order, each printed once: what contains them changes far more often, such as
    the counts of a post."""
    return [cast(shapes.Medium, printed(each)) for each in messages]


def printed(message: media_pb2.Medium) -> Raw:
    """The JSON of a medium."""
    expires = media_addresses.expire((message,))
    key = (message.SerializeToString(), media_addresses.expire_time() if expires else None)
    json = _printed.get(key)
    if json is None:
        json = _printed[key] = Raw(_encoder.encode(medium(message)))
    return json


def medium(message: media_pb2.Medium) -> shapes.Medium:
    """A medium, with addresses of its files that are made now."""
    expire_time = media_addresses.expire_time() if media_addresses.expire((message,)) else None
    kind = _KINDS.get(message.kind)
    return shapes.Medium(
        id=str(message.id),
        kind=kind,
        state=_STATES.get(message.state, "processing"),
        failure=message.failure or None,
        progress=message.progress,
        alt_text=message.alt_text,
        width=message.width or None,
        height=message.height or None,
        duration_ms=message.duration_ms or None,
        has_sound=message.has_sound or kind == "audio",
        blurhash=message.blurhash or None,
        dominant_color=message.dominant_color or None,
        focal_point=focal_point(message),
        waveform=list(message.waveform) or None,
        variants=[_variant(message.folder, each) for each in message.variants],
        url_expires_at=rfc3339(expire_time) if expire_time else None,
        expires_at=time(message.expire_time) if message.HasField("expire_time") else None,
    )


def focal_point(message: media_pb2.Medium) -> shapes.FocalPoint | None:
    """The point to keep in view; None for the centre."""
    if not message.HasField("focal_point"):
        return None
    point = message.focal_point
    # The contract has 32 bits: 0.1 would print as 0.10000000149011612.
    return shapes.FocalPoint(round(point.x, 4), round(point.y, 4))


def _variant(folder: str, message: media_pb2.MediumVariant) -> shapes.MediumVariant:
    return shapes.MediumVariant(
        name=message.name,
        url=media_addresses.address(folder, message.file),
        width=message.width or None,
        height=message.height or None,
        content_type=message.content_type,
        size_bytes=message.size_bytes,
        codec=message.codec,
    )


def upload(message: media_pb2.Upload) -> shapes.Upload:
    """An upload that is not complete."""
    return shapes.Upload(
        id=str(message.medium_id),
        size_bytes=message.size_bytes,
        parts=[
            shapes.UploadPart(each.number, each.size_bytes, not each.url, each.url or None)
            for each in message.parts
        ],
        urls_expire_at=time(message.address_expire_time),
        expires_at=time(message.expire_time),
    )


def usage(message: media_service_pb2.GetUsageResponse) -> shapes.MediaUsage:
    """What the caller uploaded and keeps."""
    return shapes.MediaUsage(
        day_bytes=message.day_bytes,
        day_uploads=message.day_uploads,
        max_day_bytes=message.max_day_bytes,
        max_day_uploads=message.max_day_uploads,
        resets_at=time(message.reset_time),
        stored_bytes=message.stored_bytes,
    )


def limits(message: media_service_pb2.GetLimitsResponse) -> shapes.Limits:
    """The limits of texts, and those of media as their service publishes them."""
    return shapes.Limits(
        texts=shapes.TextsLimits(
            post=_text_limits(POST),
            alt_text=_text_limits(ALT_TEXT),
            display_name=_text_limits(DISPLAY_NAME),
            bio=_text_limits(BIO),
            location=_text_limits(LOCATION),
            website=_text_limits(WEBSITE),
        ),
        media=shapes.MediaLimits(
            kinds=[
                _medium_limits(_KINDS[each.kind], each)
                for each in message.kinds
                if each.kind in _KINDS
            ],
            max_form_bytes=MAX_FORM_FILE_BYTES,
            max_day_bytes=message.max_day_bytes,
            max_day_uploads=message.max_day_uploads,
            unattached_seconds=message.unattached_seconds,
        ),
    )


def _text_limits(kind: TextKind) -> shapes.TextLimits:
    return shapes.TextLimits(kind.max_characters, kind.max_code_points)


def _medium_limits(kind: shapes.MediumKind, message: media_pb2.MediumLimits) -> shapes.MediumLimits:
    return shapes.MediumLimits(
        kind=kind,
        content_types=list(message.content_types),
        max_bytes=message.max_bytes,
        max_pixels=message.max_pixels or None,
        max_frames=message.max_frames or None,
        max_total_pixels=message.max_total_pixels or None,
        max_duration_ms=message.max_duration_ms or None,
        max_per_post=message.max_per_post,
    )
