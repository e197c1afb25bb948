"""The interface of a part of the stack: what it needs, how it is run, when it is ready."""

from __future__ import annotations

import os
import pwd
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


class CannotStart(Exception):
    """A part cannot start; the message is a clause that follows "because"."""


@dataclass(frozen=True)
class RunAs:
    """The user and group ids that a part runs under."""

    uid: int
    gid: int


class RunningProcess(Protocol):
    """A process that was started: asyncio's, or a fork."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


class Part(ABC):
    """One process of the stack."""

    needs: Sequence[str] = ()
    """Names of the parts that must be ready before this one starts and until it has stopped."""

    stop_signal: signal.Signals = signal.SIGTERM
    """The signal at which the process finishes its work and exits."""

    orphan_signal: signal.Signals = signal.SIGKILL
    """The signal that the kernel sends when the supervisor has died."""

    stop_seconds: float = 10.0
    """The time to stop before the process is killed."""

    ready_seconds: float = 120.0
    """The time to become ready, on a slow machine."""

    run_as: RunAs | None = None

    admin: str | None = None
    """``host:port`` of its admin page over HTTP, if it has one."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    async def prepare(self) -> None:  # noqa: B027 - most parts have nothing to prepare
        """Write the files that a start needs; called before each start. Raises CannotStart."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the program, by its absolute path, and its arguments."""

    def environment(self) -> Mapping[str, str]:
        """Return the whole environment of the process."""
        return plain_environment()

    async def fork(self, log: BinaryIO) -> RunningProcess | None:
        """Start the process as a fork; None if ``command`` is to be executed."""
        return None

    @abstractmethod
    async def is_ready(self) -> bool:
        """Return whether the process works; polled while it starts."""

    async def after_start(self) -> None:  # noqa: B027 - most parts create nothing
        """Create what dependents need, once the process is ready. Raises CannotStart."""

    async def maintain(self) -> None:  # noqa: B027 - most parts need no periodic work
        """Work for the part while it runs, after ``after_start``; cancelled when it stops."""


def plain_environment(**more: str) -> dict[str, str]:
    """Return the variables that any program needs, without settings of engines."""
    kept = ("PATH", "HOME", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | more


def ordinary_user(folder: Path, name: str) -> RunAs | None:
    """Return the user of a program that refuses to run as root, if this process is root: the owner
    of its data in ``folder``, else the user ``name``, else `nobody`."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        owner = folder.stat()
        return RunAs(owner.st_uid, owner.st_gid)
    for each in (name, "nobody"):
        try:
            user = pwd.getpwnam(each)
        except KeyError:
            continue
        return RunAs(user.pw_uid, user.pw_gid)
    return RunAs(65_534, 65_534)
