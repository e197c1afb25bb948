"""Users by handle, and pages of users."""

from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import GetUserByHandleRequest

from gateway.core import rules
from gateway.core.clients import Backends
from gateway.core.pipeline import (
    Page,
    Source,
    read_page,
)
from services.chassis.runtime.errors import NotFound


async def by_handle(backends: Backends, handle: str) -> User | None:
    """The user with a handle, without regard to case; None for nobody."""
    try:
        response = await backends.users.GetUserByHandle(GetUserByHandleRequest(handle=handle))
    except NotFound:
        return None
    return response.user


async def people_page(source: Source[User], token: str, size: int) -> Page[User]:
    return await read_page(source, rules.listed, token=token, size=size)
