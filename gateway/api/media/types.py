"""Media, their files, their uploads and their limits."""

from enum import Enum
from typing import ClassVar

import strawberry
from msgspec.structs import asdict
from roost.media.v1 import media_pb2, media_service_pb2

from gateway.core import media_addresses
from gateway.protocols.graphql.fields import computed, message_field, value
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.nodes import Node
from gateway.protocols.graphql.scalars import Bytes, DateTime
from gateway.views import media, times


@strawberry.enum(description="What a medium is. Names as in REST, in capitals.")
class MediumKind(Enum):
    """Decided by the bytes."""

    PICTURE = value(media_pb2.MEDIUM_KIND_PICTURE, "A still picture.")
    ANIMATION = value(media_pb2.MEDIUM_KIND_ANIMATION, "A picture of several frames.")
    VIDEO = value(media_pb2.MEDIUM_KIND_VIDEO, "Moving pictures, with or without sound.")
    AUDIO = value(media_pb2.MEDIUM_KIND_AUDIO, "Sound without moving pictures.")


@strawberry.enum(description="How far a medium is. Names as in REST, in capitals.")
class MediumState(Enum):
    """The last two are final."""

    WAITING = value(media_pb2.MEDIUM_STATE_WAITING, "Its upload is not complete.")
    PROCESSING = value(media_pb2.MEDIUM_STATE_PROCESSING, "Its files are being made.")
    READY = value(media_pb2.MEDIUM_STATE_READY, "It can be posted and shown.")
    FAILED = value(media_pb2.MEDIUM_STATE_FAILED, "It cannot be used: `failure` says why.")


_KINDS = {each.value: each for each in MediumKind}
_STATES = {each.value: each for each in MediumState}


@strawberry.type(description="The point to keep in view where a picture is cropped.")
class FocalPoint:
    """A point of a picture."""

    x: float = strawberry.field(description="From -1 (left) to 1 (right).")
    y: float = strawberry.field(description="From -1 (bottom) to 1 (top).")


@strawberry.input(description="The point to keep in view where a picture is cropped.")
class FocalPointInput:
    """A point of a picture."""

    x: float = strawberry.field(description="From -1 (left) to 1 (right).")
    y: float = strawberry.field(description="From -1 (bottom) to 1 (top).")


@strawberry.type(description="One file of a medium.")
class MediumVariant:
    """A view of one."""

    message: strawberry.Private[media_pb2.MediumVariant]
    folder: strawberry.Private[str]

    name = message_field(
        "name",
        str,
        "Pictures and animations: `thumb`, `small`, `large` (WebP of at most 320, 960 and 2,048 "
        "pixels a side, as far as the picture has them) and `compat` (JPEG). Videos: `video` "
        "(MP4), `hls` (playlist), `hls_media` (its segments), `poster` (WebP) and `compat` (the "
        "poster as JPEG). Audio: `audio` (M4A).",
    )
    content_type = message_field("content_type", str, "The content type.")
    size_bytes = message_field("size_bytes", Bytes, "The size.")
    codec = message_field(
        "codec", str, "The codecs (RFC 6381), or the format of the picture; may be empty."
    )

    @computed("Where it is served.")
    def url(self) -> str:
        return media_addresses.address(self.folder, self.message.file)

    @computed("In pixels; null for audio and playlists.")
    def width(self) -> int | None:
        return self.message.width or None

    @computed("In pixels; null for audio and playlists.")
    def height(self) -> int | None:
        return self.message.height or None


@strawberry.type(description="A picture, an animation, a video or audio.")
class Medium(Node):
    """A view of one."""

    kind: ClassVar[str] = "Medium"
    message: strawberry.Private[media_pb2.Medium]

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    progress = message_field("progress", int, "Of processing, in percent.")
    alt_text = message_field(
        "alt_text", str, "For users who cannot see or hear it; empty for none."
    )
    etag = message_field("etag", str, "Changes with every change: see `updateMedium`.")

    @computed("What it is; null before processing.", name="kind")
    def medium_kind(self) -> MediumKind | None:
        return _KINDS.get(self.message.kind)

    @computed("How far it is. Media of posts are ready.")
    def state(self) -> MediumState:
        return _STATES.get(self.message.state, MediumState.PROCESSING)

    @computed("The reason for which processing failed, as in errors; else null.")
    def failure(self) -> str | None:
        return self.message.failure or None

    @computed("In pixels, as shown; null for audio.")
    def width(self) -> int | None:
        return self.message.width or None

    @computed("In pixels, as shown; null for audio.")
    def height(self) -> int | None:
        return self.message.height or None

    @computed("In milliseconds; null for pictures.")
    def duration_ms(self) -> int | None:
        return self.message.duration_ms or None

    @computed("Whether a video has sound; true for audio.")
    def has_sound(self) -> bool:
        return self.message.has_sound or self.message.kind == media_pb2.MEDIUM_KIND_AUDIO

    @computed("A blurred placeholder (BlurHash); null for audio.")
    def blurhash(self) -> str | None:
        return self.message.blurhash or None

    @computed("The average colour, `#rrggbb`; null for audio.")
    def dominant_color(self) -> str | None:
        return self.message.dominant_color or None

    @computed("The point to keep in view; null for the centre.")
    def focal_point(self) -> FocalPoint | None:
        point = media.focal_point(self.message)
        return FocalPoint(x=point.x, y=point.y) if point else None

    @computed("The loudness of audio over time: 100 values of 0 to 255; else null.")
    def waveform(self) -> list[int] | None:
        return list(self.message.waveform) or None

    @computed("The files; of pictures the sizes, smallest first. Empty until ready.")
    def variants(self) -> list[MediumVariant]:
        folder = self.message.folder
        return [MediumVariant(message=each, folder=folder) for each in self.message.variants]

    @computed(
        "When the addresses stop working: read again what holds the medium before that. Null where "
        "they do not expire."
    )
    def url_expires_at(self) -> DateTime | None:
        if not media_addresses.expire((self.message,)):
            return None
        return DateTime(times.rfc3339(media_addresses.expire_time()))

    @computed("When it is deleted unless it is used before; null where it is used.")
    def expires_at(self) -> DateTime | None:
        message = self.message
        if not message.HasField("expire_time"):
            return None
        return DateTime(times.time(message.expire_time))


@strawberry.type(description="One part of an upload.")
class UploadPart:
    """A view of one."""

    message: strawberry.Private[media_pb2.UploadPart]

    number = message_field("number", int, "Counted from 1.")
    size_bytes = message_field("size_bytes", Bytes, "Exactly so many bytes are taken.")

    @computed("Whether it has arrived.")
    def received(self) -> bool:
        return not self.message.url

    @computed("Takes one PUT of the part, without further headers; null once received.")
    def url(self) -> str | None:
        return self.message.url or None


@strawberry.type(description="An upload that is not complete.")
class Upload:
    """A view of one."""

    message: strawberry.Private[media_pb2.Upload]

    size_bytes = message_field("size_bytes", Bytes, "The declared size.")

    @computed("The id of the medium that it will be.")
    def medium_id(self) -> strawberry.ID:
        return medium_id(self.message.medium_id)

    @computed("In order.")
    def parts(self) -> list[UploadPart]:
        return [UploadPart(message=each) for each in self.message.parts]

    @computed("When the addresses stop working; reading the upload gives others.")
    def urls_expire_at(self) -> DateTime:
        return DateTime(times.time(self.message.address_expire_time))

    @computed("When it is discarded unless it is complete.")
    def expires_at(self) -> DateTime:
        return DateTime(times.time(self.message.expire_time))


@strawberry.type(description="What the caller uploaded today (UTC), and what is kept.")
class MediaUsage:
    """A view of it."""

    message: strawberry.Private[media_service_pb2.GetUsageResponse]

    day_bytes = message_field("day_bytes", Bytes, "Bytes of uploads that began today.")
    day_uploads = message_field("day_uploads", int, "Uploads that began today.")
    max_day_bytes = message_field("max_day_bytes", Bytes, "The largest `dayBytes`.")
    max_day_uploads = message_field("max_day_uploads", int, "The largest `dayUploads`.")
    stored_bytes = message_field("stored_bytes", Bytes, "Bytes of all files that are kept.")

    @computed("When the day ends.")
    def resets_at(self) -> DateTime:
        return DateTime(times.time(self.message.reset_time))


@strawberry.type(description="What is accepted of one kind; null where a limit does not apply.")
class MediumLimits:
    """As REST has them."""

    kind: MediumKind = strawberry.field(description="The kind.")
    content_types: list[str] = strawberry.field(description="The bytes decide, whatever is said.")
    max_bytes: Bytes = strawberry.field(description="The largest size.")
    max_pixels: int | None = strawberry.field(description="The largest width × height.")
    max_frames: int | None = strawberry.field(description="The most frames.")
    max_total_pixels: int | None = strawberry.field(
        description="The largest width × height × frames."
    )
    max_duration_ms: int | None = strawberry.field(description="The longest duration.")
    max_per_post: int = strawberry.field(
        description="How many a post may have, without media of another kind."
    )


@strawberry.type(description="How long a text may be: both limits hold.")
class TextLimits:
    """As REST has them."""

    max_characters: int = strawberry.field(description="Counted as extended grapheme clusters.")
    max_code_points: int = strawberry.field(description="Counted as code points.")


@strawberry.type(description="How long the texts that users write may be.")
class TextsLimits:
    """As REST has them."""

    post: TextLimits = strawberry.field(description="Of a post.")
    alt_text: TextLimits = strawberry.field(description="Of a medium.")
    display_name: TextLimits = strawberry.field(description="Of a profile.")
    bio: TextLimits = strawberry.field(description="Of a profile.")
    location: TextLimits = strawberry.field(description="Of a profile.")
    website: TextLimits = strawberry.field(description="Of a profile.")


@strawberry.type(description="What is accepted of media.")
class MediaLimits:
    """As REST has them."""

    kinds: list[MediumLimits] = strawberry.field(description="Of each kind.")
    max_form_bytes: Bytes = strawberry.field(
        description="The largest file that REST's `POST /media` takes."
    )
    max_day_bytes: Bytes = strawberry.field(description="Bytes that a user may upload a day.")
    max_day_uploads: int = strawberry.field(description="Uploads that a user may begin a day.")
    unattached_seconds: int = strawberry.field(
        description="How long an upload can be resumed, and an unused medium is kept."
    )


@strawberry.type(description="All limits that a client needs to know before it sends something.")
class Limits:
    """As REST has them."""

    texts: TextsLimits = strawberry.field(description="Of texts.")
    media: MediaLimits = strawberry.field(description="Of media.")


def medium_id(number: int) -> strawberry.ID:
    """The global id of a medium."""
    return strawberry.ID(global_id(Medium.kind, number))


def limits(message: media_service_pb2.GetLimitsResponse) -> Limits:
    """The limits, from what REST answers."""
    shown = media.limits(message)
    texts = {
        name: TextLimits(max_characters=each.max_characters, max_code_points=each.max_code_points)
        for name, each in asdict(shown.texts).items()
    }
    kinds = [
        MediumLimits(**asdict(each) | {"kind": MediumKind[each.kind.upper()]})
        for each in shown.media.kinds
    ]
    return Limits(
        texts=TextsLimits(**texts), media=MediaLimits(**asdict(shown.media) | {"kinds": kinds})
    )
