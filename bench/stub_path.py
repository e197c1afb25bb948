"""The stub path: the yardstick's gateway and stub services take the addresses of the real ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench import stubs, yardstick
from bench.stack import BenchStack
from local import wheels
from local.parts.processes import GRPC
from local.probes import answers

NOUNS = ("user", "post", "timeline")
GATEWAY = "gateway"
STAYING = {"envoy"}
HEALTHY_SECONDS = 60.0


@contextlib.asynccontextmanager
async def stub_path(
    stack: BenchStack, recorded: stubs.Recording, sources: Path
) -> AsyncIterator[dict[str, int]]:
    """Run nothing but Envoy, the gateway of ``sources`` and stubs inside the block.

    Yields their process ids by name, without Envoy's. Afterwards the real parts run again.
    """
    supervisor, envoy = stack.stack.supervisor, stack.stack.envoy
    statuses = supervisor.statuses()
    addresses = {each.name: each.address for each in statuses if each.name in NOUNS}
    gateway = supervisor.part(GATEWAY)
    await supervisor.stop([each.name for each in statuses if each.name not in STAYING])
    processes: dict[str, asyncio.subprocess.Process] = {}
    with tempfile.NamedTemporaryFile(suffix=".recording") as file:
        Path(file.name).write_bytes(msgspec.msgpack.encode(recorded))
        log = stack.state.logs / "stub-path.log"
        try:
            for noun, address in addresses.items():
                command = ["-m", "bench.stubs", noun, address, file.name]
                processes[noun] = await _start(command, env={**os.environ, **GRPC}, log=log)
            processes[GATEWAY] = await _start(
                ["-m", "gateway"],
                env={**gateway.environment(), "PYTHONPATH": yardstick.python_path(sources)},
                log=log,
                folder=sources,
            )
            async with asyncio.timeout(HEALTHY_SECONDS):
                while not await answers(gateway.address, "/readyz"):
                    await asyncio.sleep(0.1)
                while processes.keys() & set(await envoy.unhealthy_upstreams()):
                    await asyncio.sleep(0.1)
            yield {name: process.pid for name, process in processes.items()}
        finally:
            for process in processes.values():
                process.terminate()
            await asyncio.gather(*(process.wait() for process in processes.values()))
    await stack.stack.up()


async def _start(
    words: Sequence[str], *, env: Mapping[str, str], log: Path, folder: Path | None = None
) -> asyncio.subprocess.Process:
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *wheels.launcher(signal.SIGTERM, None),
            *(sys.executable, *words),
            env=env,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
