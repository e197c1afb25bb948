"""The addresses of the files of media, for what is presented within the running request.

Services return media without addresses, since a signed one may expire before what they return
does. The middleware begins each request with the paths of the process.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime

from roost.media.v1.media_pb2 import Medium

from services.chassis.auth.signed_paths import SignedPaths

_paths: ContextVar[SignedPaths] = ContextVar("media_paths")


def begin(paths: SignedPaths) -> None:
    """Sets the paths of the running task, and of the tasks that it starts."""
    _paths.set(paths)


def address(folder: str, file: str) -> str:
    """Where the media origin serves a file."""
    return _paths.get().address(folder, file)


def expire(media: Iterable[Medium]) -> bool:
    """Whether addresses of one of these media expire."""
    for each in media:  # noqa: SIM110 - a generator takes twice as long
        # A medium that is not ready has no folder.
        if each.folder[:2] not in {"m/", ""}:
            return True
    return False


def expire_time() -> datetime:
    """When all addresses that are made now and expire stop working."""
    at = _paths.get().expire_time("p/")
    if at is None:
        raise AssertionError("closed folders have addresses that expire")
    return at
