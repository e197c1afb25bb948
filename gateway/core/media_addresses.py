"""The addresses of the files of media, for what is presented within the running request.

Services return media without addresses, since a signed one may expire before what they return
does. The middleware begins each request with the paths of the process.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime

from roost.media.v1.media_pb2 import Medium

from services.chassis.auth.signed_paths import STEP, SignedPaths


class _Request:
    """The addresses of one request."""

    __slots__ = ("earliest", "paths")

    def __init__(self, paths: SignedPaths) -> None:
        self.paths = paths
        # When the first of the addresses that were presented stops working, if any does.
        self.earliest: datetime | None = None


_request: ContextVar[_Request] = ContextVar("media_addresses")


def begin(paths: SignedPaths) -> None:
    """Sets the paths of the running task, and of the tasks that it starts."""
    _request.set(_Request(paths))


def address(folder: str, file: str) -> str:
    """Where the media origin serves a file."""
    return _request.get().paths.address(folder, file)


def expire(media: Iterable[Medium]) -> bool:
    """Whether addresses of one of these media expire."""
    for each in media:  # noqa: SIM110 - a generator takes twice as long
        # A medium that is not ready has no folder.
        if each.folder[:2] not in {"m/", ""}:
            return True
    return False


def expire_time() -> datetime:
    """When all addresses that are made now and expire stop working."""
    request = _request.get()
    at = request.paths.expire_time("p/")
    if at is None:
        raise AssertionError("closed folders have addresses that expire")
    if request.earliest is None:
        request.earliest = at
    return at


def presented_until() -> datetime | None:
    """Until when what the running request presented has the addresses that would be made then;
    None where none of them expires."""
    earliest = _request.get().earliest
    return None if earliest is None else earliest - STEP
