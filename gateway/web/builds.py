"""The build of the web client: its files, read into memory once, and exchanged when it changes.

`local/web_client.py` and the image write the folder: the build is in `build`, which is replaced as
a whole, and files of half a kilobyte and more are there compressed as well (`.br`, `.gz`).
`status.json` is about a build that is not there.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger

INDEX = "/index.html"
# Every name here has a hash of its content.
ASSETS = "/assets/"
# In the order in which they are preferred.
ENCODINGS = {"br": ".br", "gzip": ".gz"}

_BUILD = "build"
_STATUS = "status.json"
_LOCK = "lock"
# How long the folder is not looked at again.
_LOOK_SECONDS = 1.0
# A build has some ten megabytes, with what is compressed. It is held in memory, in each process.
_MAX_BYTES = 64 * 1024 * 1024

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class BuildUnusable(Exception):
    """The folder holds no build; the message says why."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the build, also compressed."""

    body: bytes
    kind: str
    tag: str
    # By the name of the encoding.
    encoded: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Build:
    """A whole build: its files by path, and the folders at its top, such as `/assets/`."""

    files: Mapping[str, File]
    folders: frozenset[str]

    def is_missing(self, path: str) -> bool:
        """Whether a path without a file can only be a file, and never a page: it is in a folder of
        the build, or at its top with an extension."""
        top, slash, _ = path[1:].partition("/")
        return f"/{top}/" in self.folders if slash else "." in top


@dataclass(frozen=True, slots=True)
class Progress:
    """Why there is no build."""

    state: Literal["absent", "building", "failed", "interrupted"]
    reason: str = ""


class Builds:
    """The newest build of a folder. A request looks for a newer one, at most once a second, and
    reads it in a thread; until then the one before is served."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._build: Build | None = None
        self._seen: tuple[str, int] | None = None
        self._looked = float("-inf")

    async def current(self) -> Build | None:
        """The newest build; None where there is none yet."""
        now = self._clock.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            await asyncio.to_thread(self._look)
        return self._build

    async def progress(self) -> Progress:
        """Why there is no build."""
        return await asyncio.to_thread(self._progress)

    def _look(self) -> None:
        folder = self._folder / _BUILD
        try:
            found = os.path.realpath(folder), folder.stat().st_mtime_ns
            if found == self._seen:
                return
            self._build = read(Path(found[0]))
        except FileNotFoundError:
            # There is none yet, or another took its place while it was read.
            return
        except (OSError, BuildUnusable) as error:
            logger().error("web_client_unusable", folder=str(folder), error=str(error))
            return
        self._seen = found
        logger().info("web_client_loaded", folder=found[0], files=len(self._build.files))

    def _progress(self) -> Progress:
        try:
            status = json.loads((self._folder / _STATUS).read_bytes())
        except (OSError, ValueError):
            return Progress("absent")
        if status.get("state") == "failed":
            return Progress("failed", str(status.get("reason", "")))
        return Progress("building" if _is_held(self._folder / _LOCK) else "interrupted")


def read(folder: Path) -> Build:
    """Reads a build. Raises OSError or BuildUnusable."""
    found = {
        f"/{each.relative_to(folder).as_posix()}": each.read_bytes()
        for each in _files(folder, left=_MAX_BYTES)
    }
    compressed = {
        path + suffix for path in found for suffix in ENCODINGS.values() if path + suffix in found
    }
    files = {
        path: File(
            body=body,
            kind=_TYPES.get(Path(path).suffix, "application/octet-stream"),
            tag=_tag(body),
            encoded={
                name: found[path + suffix]
                for name, suffix in ENCODINGS.items()
                if path + suffix in found
            },
        )
        for path, body in found.items()
        if path not in compressed
    }
    if INDEX not in files:
        raise BuildUnusable("it has no index.html")
    tops = {path[1:].partition("/") for path in files}
    return Build(files, frozenset(f"/{top}/" for top, slash, _ in tops if slash))


def text_file(text: str) -> File:
    """A plain text that is in no build. It is not compressed."""
    body = text.encode()
    return File(body=body, kind=_TYPES[".txt"], tag=_tag(body), encoded={})


def _tag(body: bytes) -> str:
    return f'W/"{blake2b(body, digest_size=8).hexdigest()}"'


def _files(folder: Path, *, left: int) -> list[Path]:
    """The ordinary files below a folder."""
    found = sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    if sum(each.stat().st_size for each in found) > left:
        raise BuildUnusable(f"it has more than {left} bytes")
    return found


def _is_held(lock: Path) -> bool:
    """Whether a process that builds holds the lock."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
