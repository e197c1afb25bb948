"""What requests about media take."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.field_rules import NO_NUL, pattern, text_meta
from gateway.views.media_shapes import FocalPoint
from services.chassis.text.kinds import ALT_TEXT

# The service's own: what it takes of any kind.
MAX_UPLOAD_BYTES = 104_857_600
MAX_WAIT_SECONDS = 10

AltText = Annotated[
    str, text_meta(ALT_TEXT, "For users who cannot see or hear the medium; empty for none.")
]

# From -1 to 1, with up to six decimals.
_NUMBER = r"-?(0(\.[0-9]{1,6})?|1(\.0{1,6})?)"


class NewUpload(Struct, frozen=True, forbid_unknown_fields=True):
    """The file to upload."""

    content_type: Annotated[
        str,
        Meta(
            min_length=3,
            max_length=100,
            pattern=NO_NUL,
            description="Which limits hold; the bytes decide what it is.",
            examples=["image/jpeg"],
        ),
    ]
    size_bytes: Annotated[
        int,
        Meta(ge=1, le=MAX_UPLOAD_BYTES, description="The size of the file.", examples=[482_113]),
    ]
    alt_text: AltText = ""


class MediumChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes of a medium; what is left out stays."""

    alt_text: AltText | UnsetType = UNSET
    focal_point: (
        Annotated[FocalPoint | None, Meta(description="Null for the centre.")] | UnsetType
    ) = UNSET


class NewMedium(Struct, frozen=True, forbid_unknown_fields=True):
    """A file with its description."""

    alt_text: AltText = ""
    focal_point: Annotated[
        str,
        Meta(
            pattern=pattern(
                f"^({_NUMBER},{_NUMBER})?$", "must be two numbers from -1 to 1, such as 0.5,-0.25"
            ),
            description="The point to keep in view: x from -1 (left) to 1 (right), a comma, y from "
            "-1 (bottom) to 1 (top). Empty for the centre.",
            examples=["0.5,-0.25"],
        ),
    ] = ""

    def point(self) -> FocalPoint | None:
        """The focal point; None for the centre."""
        if not self.focal_point:
            return None
        x, y = map(float, self.focal_point.split(","))
        return FocalPoint(x, y)


class WaitQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How long to wait."""

    seconds: Annotated[
        int, Meta(ge=1, le=MAX_WAIT_SECONDS, description="Answer after so long at the latest.")
    ] = MAX_WAIT_SECONDS
