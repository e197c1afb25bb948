"""A second Envoy in front of the same gateways, as in a larger deployment.

A process may open 20,000 files on the measured machines, and each WebSocket takes two of Envoy's.
So one Envoy cannot hold 10,000 WebSockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass

from bench.stack import BenchStack
from local import wheels
from local.edge import Edge
from local.parts.envoy import admin_socket
from local.ports import HOST
from local.probes import answers

READY_SECONDS = 60.0


@dataclass(frozen=True)
class SecondEdge:
    """The address that it listens on, and its process id."""

    address: tuple[str, int]
    pid: int


@contextlib.asynccontextmanager
async def second_edge(stack: BenchStack) -> AsyncIterator[SecondEdge]:
    """Run an Envoy with the configuration of the first one on other ports, inside the block."""
    first = stack.stack.envoy
    edge, mesh, admin, probes = (_free_port() for _ in range(4))
    text = first.rendered.read_text().replace(str(first.admin_socket), str(admin_socket(admin)))
    taken = {first.address: edge, first.mesh: mesh, first.admin: admin, first.probes: probes}
    for there, here in taken.items():
        port = there.rpartition(":")[2]
        text = re.sub(rf"(port_value: ){port}\b", rf"\g<1>{here}", text, count=1)
    config = first.rendered.with_name("second.yaml")
    config.write_text(text)
    command = [str(config) if each == str(first.rendered) else each for each in first.command()]
    with (stack.state.logs / "second-edge.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *wheels.launcher(signal.SIGTERM, None), *command, env=os.environ, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await _is_ready(f"{HOST}:{admin}", f"http://{HOST}:{edge}"):
                await asyncio.sleep(0.1)
        yield SecondEdge((HOST, edge), process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(admin: str, edge: str) -> bool:
    """Whether it runs and reaches a gateway."""
    if not await answers(admin, "/ready"):
        return False
    async with Edge(edge) as client:
        return (await client.send("GET", "/v1/timelines/public")).is_success


def _free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as found:
        port: int = found.getsockname()[1]
        return port
