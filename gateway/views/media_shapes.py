"""Media as they are shown: pictures, animations, videos and audio, their files and their limits."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.ids import Id
from gateway.views.times import Time

MediumKind = Literal["picture", "animation", "video", "audio"]
MediumState = Literal["waiting", "processing", "ready", "failed"]
Bytes = Annotated[int, Meta(ge=0, description="In bytes.")]


class FocalPoint(Struct, frozen=True, gc=False):
    """The point to keep in view where a picture is cropped."""

    x: Annotated[float, Meta(ge=-1, le=1, description="From -1 (left) to 1 (right).")]
    y: Annotated[float, Meta(ge=-1, le=1, description="From -1 (bottom) to 1 (top).")]


class MediumVariant(Struct, frozen=True, gc=False):
    """One file of a medium."""

    name: Annotated[
        str,
        Meta(
            description="Pictures and animations: `thumb`, `small`, `large` (WebP of at most 320, "
            "960 and 2,048 pixels a side, as far as the picture has them) and `compat` (JPEG). "
            "Videos: `video` (MP4), `hls` (playlist), `hls_media` (its segments), `poster` (WebP) "
            "and `compat` (the poster as JPEG). Audio: `audio` (M4A).",
            examples=["small"],
        ),
    ]
    url: Annotated[str, Meta(examples=["https://media.roost.example/m/Zm9sZGVy/960.webp"])]
    width: Annotated[int | None, Meta(description="In pixels; null for audio and playlists.")]
    height: Annotated[int | None, Meta(description="In pixels; null for audio and playlists.")]
    content_type: Annotated[str, Meta(examples=["image/webp"])]
    size_bytes: Bytes
    codec: Annotated[
        str,
        Meta(
            description="The codecs (RFC 6381), or the format of the picture; may be empty.",
            examples=["webp", "avc1.64001f,mp4a.40.2"],
        ),
    ]


class Medium(Struct, frozen=True, gc=False):
    """A picture, an animation, a video or audio."""

    id: Id
    kind: Annotated[
        MediumKind | None,
        Meta(description="Decided by the bytes; null before processing."),
    ]
    state: Annotated[
        MediumState,
        Meta(
            description="`waiting` for its upload, `processing`, and in the end `ready` or "
            "`failed`. Media of posts are ready."
        ),
    ]
    failure: Annotated[
        str | None,
        Meta(
            description="The reason for which processing failed, as in problems; else null.",
            examples=["MEDIA_CORRUPT"],
        ),
    ]
    progress: Annotated[int, Meta(ge=0, le=100, description="Of processing, in percent.")]
    alt_text: Annotated[
        str,
        Meta(
            description="For users who cannot see or hear it; empty for none.",
            examples=["Two herons on a roof"],
        ),
    ]
    width: Annotated[int | None, Meta(description="In pixels, as shown; null for audio.")]
    height: Annotated[int | None, Meta(description="In pixels, as shown; null for audio.")]
    duration_ms: Annotated[
        int | None, Meta(description="In milliseconds; null for pictures.", examples=[12_400])
    ]
    has_sound: Annotated[bool, Meta(description="Whether a video has sound; true for audio.")]
    blurhash: Annotated[
        str | None,
        Meta(
            description="A blurred placeholder (BlurHash); null for audio.",
            examples=["LEHV6nWB2yk8pyo0adR*.7kCMdnj"],
        ),
    ]
    dominant_color: Annotated[
        str | None, Meta(description="The average colour; null for audio.", examples=["#3a6f8c"])
    ]
    focal_point: Annotated[FocalPoint | None, Meta(description="Null for the centre.")]
    waveform: Annotated[
        list[int] | None,
        Meta(description="The loudness of audio over time: 100 values of 0 to 255; else null."),
    ]
    variants: Annotated[
        list[MediumVariant],
        Meta(description="The files; of pictures the sizes, smallest first. Empty until ready."),
    ]
    url_expires_at: Annotated[
        Time | None,
        Meta(
            description="When the addresses stop working: read again what holds the medium before "
            "that. Null where they do not expire."
        ),
    ]
    expires_at: Annotated[
        Time | None,
        Meta(description="When it is deleted unless it is used before; null where it is used."),
    ]


class Media(Struct, frozen=True, gc=False):
    """Several media, in the order of the request."""

    items: list[Medium]


class UploadPart(Struct, frozen=True, gc=False):
    """One part of an upload."""

    number: Annotated[int, Meta(ge=1, description="Counted from 1.")]
    size_bytes: Annotated[int, Meta(ge=1, description="Exactly so many bytes are taken.")]
    received: Annotated[bool, Meta(description="Whether it has arrived.")]
    url: Annotated[
        str | None,
        Meta(
            description="Takes one PUT of the part, without further headers; null once received.",
            examples=["https://s3.roost.example/roost-media/u/dXBsb2Fk?partNumber=1&X-Amz-…"],
        ),
    ]


class Upload(Struct, frozen=True, gc=False):
    """An upload that is not complete."""

    id: Annotated[Id, Meta(description="The id of the medium that it will be.")]
    size_bytes: Bytes
    parts: Annotated[list[UploadPart], Meta(description="In order.")]
    urls_expire_at: Annotated[
        Time, Meta(description="When the addresses stop working; reading the upload gives others.")
    ]
    expires_at: Annotated[Time, Meta(description="When it is discarded unless it is complete.")]


class MediaUsage(Struct, frozen=True, gc=False):
    """What the caller uploaded today (UTC), and what is kept."""

    day_bytes: Annotated[int, Meta(ge=0, description="Bytes of uploads that began today.")]
    day_uploads: Annotated[int, Meta(ge=0, description="Uploads that began today.")]
    max_day_bytes: Annotated[int, Meta(ge=0, description="The largest `day_bytes`.")]
    max_day_uploads: Annotated[int, Meta(ge=0, description="The largest `day_uploads`.")]
    resets_at: Annotated[Time, Meta(description="When the day ends.")]
    stored_bytes: Annotated[int, Meta(ge=0, description="Bytes of all files that are kept.")]


class MediumLimits(Struct, frozen=True, gc=False):
    """What is accepted of one kind; null where a limit does not apply."""

    kind: MediumKind
    content_types: Annotated[list[str], Meta(examples=[["image/jpeg", "image/png"]])]
    max_bytes: Annotated[int, Meta(ge=1, description="The largest size.")]
    max_pixels: Annotated[int | None, Meta(description="The largest width × height.")]
    max_frames: Annotated[int | None, Meta(description="The most frames.")]
    max_total_pixels: Annotated[
        int | None, Meta(description="The largest width × height × frames.")
    ]
    max_duration_ms: Annotated[int | None, Meta(description="The longest duration.")]
    max_per_post: Annotated[
        int, Meta(ge=1, description="How many a post may have, without media of another kind.")
    ]


class TextLimits(Struct, frozen=True, gc=False):
    """How long a text may be: both limits hold (docs/text.md)."""

    max_characters: Annotated[
        int, Meta(ge=1, description="Counted as extended grapheme clusters (UAX 29).")
    ]
    max_code_points: Annotated[int, Meta(ge=1)]


class TextsLimits(Struct, frozen=True, gc=False):
    """How long the texts that users write may be."""

    post: TextLimits
    alt_text: TextLimits
    display_name: TextLimits
    bio: TextLimits
    location: TextLimits
    website: TextLimits


class MediaLimits(Struct, frozen=True, gc=False):
    """What is accepted of media."""

    kinds: list[MediumLimits]
    max_form_bytes: Annotated[
        int, Meta(ge=1, description="The largest file that `POST /media` takes.")
    ]
    max_day_bytes: Annotated[int, Meta(ge=0, description="Bytes that a user may upload a day.")]
    max_day_uploads: Annotated[int, Meta(ge=0, description="Uploads that a user may begin a day.")]
    unattached_seconds: Annotated[
        int,
        Meta(ge=0, description="How long an upload can be resumed, and an unused medium is kept."),
    ]


class Limits(Struct, frozen=True, gc=False):
    """All limits that a client needs to know before it sends something."""

    texts: TextsLimits
    media: MediaLimits
