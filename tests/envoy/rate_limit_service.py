"""Envoy's rate limit service, where `make test-rate-limits` has built it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from local.envoy_template import defaults, rate_limit_settings, rate_limits, render
from local.ports import HOST, Ports
from tests.envoy.proxy import eventually

BINARY = Path(sys.prefix) / "rate-limits" / "service_cmd"


class RateLimitService:
    """The service; it counts in the Valkey at ``valkey``, by the limits of these values."""

    def __init__(self, folder: Path, *, ports: Ports, valkey: str, **values: str) -> None:
        configuration = folder / "config" / "rate-limits.yaml"
        configuration.parent.mkdir()
        configuration.write_text(render(rate_limits(), defaults() | values))
        self.address = ports.address("rate-limits")
        self._log = folder / "rate-limits.log"
        self._environ = rate_limit_settings() | {
            "GRPC_HOST": HOST,
            "GRPC_PORT": str(ports.port("rate-limits")),
            "HOST": HOST,
            "PORT": str(ports.port("rate-limits.http")),
            "DEBUG_PORT": str(ports.port("rate-limits.debug")),
            "PROMETHEUS_ADDR": ports.address("rate-limits.metrics"),
            "RUNTIME_ROOT": str(folder),
            "REDIS_URL": valkey,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it serves."""
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                str(BINARY), env=self._environ, stdout=log, stderr=log
            )
        self._process = process

        async def is_up() -> bool:
            assert process.returncode is None, self._log.read_text()[-2000:]
            return await self.serves()

        await eventually(is_up)

    async def serves(self) -> bool:
        """Whether its health is SERVING."""
        request = health_pb2.HealthCheckRequest(service="ratelimit")
        async with grpc.aio.insecure_channel(self.address) as channel:
            try:
                answer = await health_pb2_grpc.HealthStub(channel).Check(request)
            except grpc.aio.AioRpcError:
                return False
        serving: bool = answer.status == health_pb2.HealthCheckResponse.SERVING
        return serving

    def pause(self) -> None:
        """Stop it from running; its connections stay open."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on."""
        self._send(signal.SIGCONT)

    async def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _send(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


@asynccontextmanager
async def serving(folder: Path, *, valkey: str, **values: str) -> AsyncIterator[RateLimitService]:
    """Run the service until the block ends. Skips the test where its program is not built."""
    if not BINARY.exists():
        pytest.skip("The rate limit service is not built: see `make test-rate-limits`")
    ports = Ports(folder / "ports.json")
    service = RateLimitService(folder, ports=ports, valkey=valkey, **values)
    try:
        await service.start()
        yield service
    finally:
        await service.kill()
        ports.release()
