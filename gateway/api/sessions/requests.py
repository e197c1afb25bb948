"""What requests about sessions take."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.api.users.requests import DeviceName, Password
from gateway.core.field_rules import NO_NUL


class NewSession(Struct, frozen=True, forbid_unknown_fields=True):
    """The handle and password to sign in with."""

    handle: Annotated[str, Meta(min_length=1, max_length=15, pattern=NO_NUL, examples=["alice"])]
    password: Password
    device_name: DeviceName = ""


class RefreshToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The newest refresh token of the device."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=256, pattern=NO_NUL)]
