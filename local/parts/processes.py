"""The processes of Roost itself: those of the services, and the gateway."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from local.forks import ForkedProcess, Forks
from local.part import Part
from local.probes import answers

ROOT = Path(__file__).parents[2]

# gRPC's event engines read sockets on their own threads, which wake the thread of Python's poller,
# which wakes the event loop. Without them the poller's thread reads: half as many context switches
# and a seventh less CPU a call, at either end. gRPC reads this variable at import.
GRPC = {
    "GRPC_EXPERIMENTS": "-event_engine_client,-event_engine_listener",
    # A process that starts another program does not use gRPC in the copy of itself.
    "GRPC_ENABLE_FORK_SUPPORT": "false",
}

# The process of all services in a small stack, and the variable that has their settings.
JOINED = "services"
JOINED_VARIABLE = "ROOST_JOINED"


def shared_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of all of these processes, before their own settings."""
    return {**GRPC, **environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}


class RoostProcess(Part):
    """``python -m MODULE…`` with its settings in the environment; ready when /readyz says so.

    ``python`` is the command that runs modules; without one they are run by ``forks``.
    """

    stop_seconds = 30.0  # it drains and finishes calls in flight

    def __init__(
        self,
        name: str,
        module: Sequence[str],
        *,
        address: str,
        admin: str,
        needs: Sequence[str],
        environ: Mapping[str, str],
        settings: Mapping[str, str],
        python: Sequence[str],
        forks: Forks,
    ) -> None:
        super().__init__(name, address)
        self.needs = needs
        self._python = python
        self._forks = forks
        self._module = module
        self.admin: str = admin
        self._environment = {
            **shared_environment(environ),
            "ROOST_LISTEN": address,
            "ROOST_ADMIN_LISTEN": admin,
            **settings,
        }

    def command(self) -> Sequence[str]:
        return [*(self._python or [sys.executable]), "-m", *self._module]

    def environment(self) -> Mapping[str, str]:
        return self._environment

    async def fork(self, log: BinaryIO) -> ForkedProcess | None:
        if self._python:
            return None
        return await self._forks.start(
            self._module,
            environment=self._environment,
            log=log,
            death_signal=self.orphan_signal,
        )

    async def is_ready(self) -> bool:
        return await answers(self.admin, "/readyz")
