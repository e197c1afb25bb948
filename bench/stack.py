"""A stack for the bench, with its own folder and ports, and without rate limits."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bench import processes
from bench.processes import Usage
from local.edge import Edge
from local.rate_limits import GENEROUS
from local.secret_store import SecretStore
from local.stack import Stack
from local.state import State

SETTINGS = {
    # Posts of an author with 10,000 followers must be fanned out.
    "ROOST_CELEBRITY_FOLLOWERS": "1000000",
    # An open loop may leave connections unused until it is behind; the edge must not close them.
    "ROOST_FIRST_BYTE_SECONDS": "3600",
}


class BenchStack:
    """A running stack and the resource usage of its parts. Made by `bench_stack`."""

    def __init__(self, stack: Stack, state: State) -> None:
        self.stack = stack
        self.state = state

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the edge."""
        host, _, port = self.stack.envoy.address.rpartition(":")
        return host, int(port)

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the running parts, and of what Roost's processes are forked from."""
        statuses = self.stack.supervisor.statuses()
        found = {each.name: each.pid for each in statuses} | {"fork-server": self.stack.forks.pid}
        return {name: pid for name, pid in found.items() if pid is not None}

    def usage(
        self, also: Mapping[str, int] | None = None, *, memory: bool = True
    ) -> dict[str, Usage]:
        """The resource usage of each part, and of each process of ``also``."""
        return processes.usage({**self.pids, **(also or {})}, memory=memory)

    @property
    def secrets(self) -> SecretStore:
        """The secrets of the stack, by name."""
        return SecretStore(self.state.secrets)

    def secret(self, name: str) -> bytes:
        """The bytes of a secret of the stack."""
        return bytes.fromhex(self.secrets.token(name))

    def edge(self) -> Edge:
        """A client of the public edge, for requests that are not measured."""
        return Edge(self.stack.edge)


@contextlib.asynccontextmanager
async def bench_stack() -> AsyncIterator[BenchStack]:
    """Run a new stack inside the block; its folder is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-", ignore_cleanup_errors=True) as folder:
        state = State(Path(folder))
        environ = {**os.environ, **GENEROUS, **SETTINGS}
        async with Stack(state, environ=environ, usual_ports={}) as stack:
            await stack.up()
            yield BenchStack(stack, state)
