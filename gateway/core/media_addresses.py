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


def expire_time(media: Iterable[Medium]) -> datetime | None:
    """When addresses of these media that are made now stop working; None if they do not expire.

    What shows the addresses depends on it, beside the bytes of the media.
    """
    for each in media:
        folder = each.folder
        # All signed addresses expire together. A medium that is not ready has no folder.
        if folder and not folder.startswith("m/"):
            return _paths.get().expire_time(folder)
    return None
