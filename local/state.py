"""The state folder of a stack: data, secrets, logs, and the lock of its supervisor."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from local.process_runner import PartStatus

# A reader of the status holds the lock for an instant, a stack for as long as it runs.
LOCK_TRIES = 10
LOCK_PAUSE_SECONDS = 0.02

# Permissions of group and others, which no file may have: files contain data of users.
OTHERS = 0o077


class AlreadyRunning(Exception):
    """Another process runs a stack from the same folder."""


class FolderUnusable(Exception):
    """A stack cannot keep its files in the folder; the message says why."""


@dataclass(frozen=True)
class StackStatus:
    """The status of a stack at one moment; ``pid`` is that of its supervisor."""

    ready: bool
    edge: str | None
    pid: int | None
    parts: list[PartStatus]
    # Absent in the file of a stack that an earlier version runs.
    media: str | None = None
    # Whether Envoy and the processes speak mutual TLS.
    tls: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON objects and lists."""
        return asdict(self)


NOT_RUNNING = StackStatus(ready=False, edge=None, pid=None, parts=[])


@contextlib.contextmanager
def private() -> Iterator[None]:
    """Inside the block, only the owner can open new files."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def _close(path: Path) -> None:
    mode = path.lstat().st_mode
    if mode & OTHERS and not stat.S_ISLNK(mode):
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)


class State:
    """The state folder. One stack at a time runs from it and holds its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.ports = self.folder / "ports.json"
        self.secrets = self.folder / "secrets"
        self._lock = self.folder / "lock"
        self._status = self.folder / "status.json"

    def data(self, part: str) -> Path:
        """Return the folder of a part's own files."""
        return self.folder / part

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Lock the folder inside the block; new files of this process and its children are then
        readable by their owner only. Raises AlreadyRunning or FolderUnusable."""
        self.create_folders()
        with private(), self._lock.open("a") as lock:
            self._take(lock)
            self._close_to_others()
            self.write(replace(NOT_RUNNING, pid=os.getpid()))
            try:
                yield
            finally:
                self._status.unlink(missing_ok=True)

    def create_folders(self) -> None:
        """Create the folder, and the folder of logs in it. Raises FolderUnusable."""
        try:
            with private():
                self.logs.mkdir(parents=True, exist_ok=True)
                self._lock.touch()
        except OSError as error:
            reason = f"{self.folder} cannot hold a stack: {error.strerror or error}"
            raise FolderUnusable(reason) from error

    def write(self, status: StackStatus) -> None:
        """Write the status for other processes; only the holder of the lock may call it."""
        draft = self._status.with_suffix(".new")
        draft.write_text(json.dumps(status.as_json(), indent=1) + "\n")
        draft.replace(self._status)

    def read(self) -> StackStatus:
        """Return the status of the stack, or NOT_RUNNING if no process holds the lock."""
        if not self._is_held():
            return NOT_RUNNING
        try:
            status = json.loads(self._status.read_text())
        except FileNotFoundError:
            return NOT_RUNNING
        parts = [PartStatus(**part) for part in status.pop("parts")]
        return StackStatus(**status, parts=parts)

    def _close_to_others(self) -> None:
        """Remove permissions that an earlier version gave to group and others.

        Raises FolderUnusable.
        """
        try:
            _close(self.folder)
            for folder, names, files in os.walk(self.folder):
                for name in (*names, *files):
                    # A build of the web client may go on beside, and remove its files.
                    with contextlib.suppress(FileNotFoundError):
                        _close(Path(folder, name))
        except OSError as error:
            reason = f"{error.filename} cannot be closed to others: {error.strerror}"
            raise FolderUnusable(reason) from error

    def _take(self, lock: IO[str]) -> None:
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(LOCK_PAUSE_SECONDS)
            else:
                return
        raise AlreadyRunning(f"Roost runs from {self.folder} already")

    def _is_held(self) -> bool:
        if not self._lock.exists():
            return False
        with self._lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False
