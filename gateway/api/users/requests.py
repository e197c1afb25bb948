"""What requests about accounts and profiles take."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.field_rules import NO_NUL, pattern, text_meta
from gateway.core.ids import Id
from services.chassis.text.kinds import (
    BIO,
    DEVICE_NAME,
    DISPLAY_NAME,
    LOCATION,
    WEBSITE,
)

Handle = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=15,
        pattern=pattern(r"^[A-Za-z0-9_]+$", "must be letters, digits and underscores"),
        description="1 to 15 of letters, digits and underscore; upper and lower case are the same.",
        examples=["alice"],
    ),
]


# Left to the service, which has reasons of its own (HANDLE_INVALID, HANDLE_RESERVED).
NewHandle = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=NO_NUL,
        description="1 to 15 of letters, digits and underscore; upper and lower case are the same.",
        examples=["alice"],
    ),
]


NewPassword = Annotated[
    str, Meta(min_length=8, max_length=256, pattern=NO_NUL, examples=["correct horse battery"])
]


Password = Annotated[
    str, Meta(min_length=1, max_length=256, pattern=NO_NUL, examples=["correct horse battery"])
]


DeviceName = Annotated[str, text_meta(DEVICE_NAME, "What the device calls itself.")]


DisplayName = Annotated[str, text_meta(DISPLAY_NAME, "The name as shown; empty for the handle.")]


class HandleQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to look for."""

    handle: Handle


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to join."""

    handle: NewHandle
    password: NewPassword
    display_name: DisplayName = ""
    device_name: DeviceName = ""


_Picture = Annotated[
    Id | None,
    Meta(description="A picture or animation of the caller that nothing else uses; null for none."),
]


class ProfileChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes on the caller's profile; what is left out stays."""

    display_name: DisplayName | UnsetType = UNSET
    bio: Annotated[str, text_meta(BIO, "A few words about the user.")] | UnsetType = UNSET
    location: Annotated[str, text_meta(LOCATION, "Where one says to be.")] | UnsetType = UNSET
    website: (
        Annotated[str, text_meta(WEBSITE, "What would be a link in a post; empty for none.")]
        | UnsetType
    ) = UNSET
    avatar_media_id: _Picture | UnsetType = UNSET
    banner_media_id: _Picture | UnsetType = UNSET
    protected: bool | UnsetType = UNSET


class SettingsChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes of the caller's settings; what is left out stays."""

    alt_text_reminder: bool | UnsetType = UNSET


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Old and new password."""

    old_password: Password
    new_password: NewPassword


class Consent(Struct, frozen=True, forbid_unknown_fields=True):
    """The caller's password, so that nobody else deletes the account."""

    password: Password
