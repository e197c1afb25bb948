"""Temporary folders of jobs: private, and removed after the job, also where a worker was killed.

Each worker process has a folder of its own, which it locks. A process that starts removes the
folders whose lock nobody holds.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.chassis.runtime.logs import logger

_LOCK = "lock"


class FolderNotPrivate(Exception):
    """The folder for temporary files belongs to another user, or is no folder."""


class JobFolders:
    """The folders of one process. Make them with `open_job_folders`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def make(self) -> Iterator[Path]:
        """A job's folder, of mode 0700, with an empty folder `out`. It is removed at the end."""
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._folder))
        try:
            (folder / "out").mkdir(mode=0o700)
            yield folder
        finally:
            remove(folder)


@contextmanager
def open_job_folders(root: Path | None = None) -> Iterator[JobFolders]:
    """Removes what dead processes left, and makes this process's folder, which is removed at the
    end. Raises FolderNotPrivate."""
    root = root or default_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check(root)
    with contextlib.ExitStack() as opened:
        with _locked(root / _LOCK):
            sweep(root)
            folder = Path(tempfile.mkdtemp(prefix="worker-", dir=root))
            opened.enter_context(_locked(folder / _LOCK))
        opened.callback(remove, folder)
        yield JobFolders(folder)


def default_root() -> Path:
    """Below the system's folder for temporary files (TMPDIR), one for each user."""
    return Path(tempfile.gettempdir()) / f"roost-media-{os.geteuid()}"


def sweep(root: Path) -> int:
    """Removes the folders of processes that ended; returns their number."""
    removed = 0
    for folder in root.glob("worker-*"):
        # BlockingIOError: a process holds the lock.
        with contextlib.suppress(BlockingIOError), _locked(folder / _LOCK, fcntl.LOCK_NB):
            remove(folder)
            removed += 1
    return removed


@contextmanager
def _locked(path: Path, flags: int = 0) -> Iterator[None]:
    with open(path, "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | flags)
        yield


def remove(folder: Path) -> None:
    """Removes a folder with all that is in it. What cannot be removed is logged."""
    shutil.rmtree(folder, onerror=_log)


def _log(_: object, path: str, error: object) -> None:
    logger().warning("job_folder_not_removed", path=path, error=repr(error))


def _check(root: Path) -> None:
    state = os.lstat(root)
    private = os.path.isdir(root) and not os.path.islink(root)
    if not private or state.st_uid != os.geteuid() or state.st_mode & 0o077:
        raise FolderNotPrivate(f"{root} must be a folder that only this user may enter")
