"""The processes of Roost itself: each service's two, and the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from local.part import Part
from local.probes import answers

ROOT = Path(__file__).parents[2]

# gRPC's event engines read sockets on threads of their own, which then wake the thread that Python
# waits on, which wakes the event loop. Without them that thread reads: half as many switches and a
# seventh less CPU a call, at either end. gRPC reads this once, as it is imported.
GRPC = {"GRPC_EXPERIMENTS": "-event_engine_client,-event_engine_listener"}


class RoostProcess(Part):
    """``python -m MODULE…`` with its settings in the environment; ready when /readyz says so.

    ``python`` is the command that runs modules.
    """

    stop_seconds = 30.0  # it drains, and finishes what is in flight

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
    ) -> None:
        super().__init__(name, address)
        self.needs = needs
        self._python = python
        self._module = module
        self.admin: str = admin
        self._environment = {
            **GRPC,
            **environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
            "ROOST_LISTEN": address,
            "ROOST_ADMIN_LISTEN": admin,
            **settings,
        }

    def command(self) -> Sequence[str]:
        return [*self._python, "-m", *self._module]

    def environment(self) -> Mapping[str, str]:
        return self._environment

    async def is_ready(self) -> bool:
        return await answers(self.admin, "/readyz")
