"""Changing the caller's profile field by field."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import UpdateUserRequest

from gateway.core.clients import Backends

CHANGEABLE = ("display_name", "bio", "location", "website", "avatar_media_id", "protected")


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
