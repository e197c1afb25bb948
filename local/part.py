"""What the supervisor knows about a part: what it needs, how it is run, when it is ready."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class CannotStart(Exception):
    """A part cannot start; the message is the reason, to be read after "because"."""


@dataclass(frozen=True)
class RunAs:
    """The user and group ids that a part runs under."""

    uid: int
    gid: int


class Part(ABC):
    """One process of the stack."""

    needs: Sequence[str] = ()
    """Names of the parts that must be ready before this one starts, and outlive it."""

    stop_signal: signal.Signals = signal.SIGTERM
    """Asks the process to finish what it does and exit."""

    orphan_signal: signal.Signals = signal.SIGKILL
    """Sent when the supervisor is gone; by default that is certain rather than polite."""

    stop_seconds: float = 10.0
    """How long the process may take to stop before it is killed."""

    ready_seconds: float = 120.0
    """How long it may take to become ready: a slow machine included, a hung process not."""

    run_as: RunAs | None = None

    admin: str | None = None
    """``host:port`` where operators look into it by HTTP, if there is such a place."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    async def prepare(self) -> None:  # noqa: B027 - most parts have nothing to prepare
        """Lay out files before a start; called before each one. Raises CannotStart."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the program, by its absolute path, and its arguments."""

    def environment(self) -> Mapping[str, str]:
        """Return the whole environment of the process; by default, one without surprises."""
        return plain_environment()

    @abstractmethod
    async def is_ready(self) -> bool:
        """Tell whether the process does its job; asked again and again while it starts."""

    async def after_start(self) -> None:  # noqa: B027 - most parts are ready as they are
        """Create what dependents expect to find, once the process is ready. Raises CannotStart."""

    async def maintain(self) -> None:  # noqa: B027 - most parts look after themselves
        """Look after the part for as long as it runs, once it is settled; cancelled with it."""


def plain_environment(**more: str) -> dict[str, str]:
    """Return what any program needs, and nothing that would configure an engine from outside."""
    kept = ("PATH", "HOME", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | more
