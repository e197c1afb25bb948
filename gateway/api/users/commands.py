"""Joining, and changing the caller's profile and settings field by field."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from roost.user.v1.auth_service_pb2 import (
    ChangePasswordRequest,
    RegisterRequest,
    RegisterResponse,
)
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import (
    DeleteUserRequest,
    Settings,
    UpdateSettingsRequest,
    UpdateUserRequest,
)

from gateway.api.users.requests import Consent, NewUser, PasswordChange
from gateway.core.client_gone import while_client_waits
from gateway.core.clients import Backends

# Of these, the ids of media.
MEDIA = ("avatar_media_id", "banner_media_id")
CHANGEABLE = ("display_name", "bio", "location", "website", *MEDIA, "protected")


async def register(backends: Backends, asked: NewUser, *, request_id: str) -> RegisterResponse:
    """Creates an account, and signs the calling device in."""
    return await while_client_waits(
        backends.auth.Register(
            RegisterRequest(
                handle=asked.handle,
                password=asked.password,
                display_name=asked.display_name,
                device_name=asked.device_name,
                request_id=request_id,
            )
        )
    )


async def change_password(backends: Backends, asked: PasswordChange, *, request_id: str) -> None:
    """Changes the caller's password. Every other session ends."""
    await while_client_waits(
        backends.auth.ChangePassword(
            ChangePasswordRequest(
                old_password=asked.old_password,
                new_password=asked.new_password,
                request_id=request_id,
            )
        )
    )


async def delete(backends: Backends, asked: Consent, *, request_id: str) -> None:
    """Deletes the caller."""
    await while_client_waits(
        backends.users.DeleteUser(DeleteUserRequest(password=asked.password, request_id=request_id))
    )


async def change(
    backends: Backends, changes: Mapping[str, Any], *, etag: str, request_id: str
) -> User:
    """Changes those of CHANGEABLE that are given, and returns the profile as it is then. With an
    etag, only if the profile is still as it was read."""
    profile = User()
    for path, value in changes.items():
        setattr(profile, path, value)
    response = await backends.users.UpdateUser(
        UpdateUserRequest(
            user=profile,
            update_mask=FieldMask(paths=list(changes)),
            etag=etag,
            request_id=request_id,
        )
    )
    return response.user


async def change_settings(
    backends: Backends, changes: Mapping[str, bool], *, request_id: str
) -> Settings:
    """Changes those that are given, and returns all of them as they are then."""
    response = await backends.users.UpdateSettings(
        UpdateSettingsRequest(
            settings=Settings(**changes),
            update_mask=FieldMask(paths=list(changes)),
            request_id=request_id,
        )
    )
    return response.settings
