"""Starts the gateway as a process of its own, over fake services."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import msgspec

from services.chassis.rpc.server import MountedServicer
from tests.gateway.fakes import FakeServices
from tests.servicers.grpc_server import AUDIENCE, ISSUER, SERVICE_KEYS, serving

ROOT = Path(__file__).parents[2]
# Far beyond what any step takes, even on a machine that is busy with something else.
PATIENCE = 60.0


async def started(**settings: str) -> Process:
    with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
        file.write(SERVICE_KEYS["gateway"].pem())
    settings = {
        "service_key_file": file.name,
        "media_base_url": "https://media.roost.test",
        "media_path_key": "70" * 32,
        **settings,
    }
    environment = {name: value for name, value in os.environ.items() if "ROOST_" not in name}
    given = {f"ROOST_{name.upper()}": value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", cwd=ROOT, env=environment | given, stdout=PIPE, stderr=PIPE
    )


async def said(process: Process, event: str) -> dict[str, str]:
    """The next line of the log about this event."""
    assert process.stdout is not None
    while line := await asyncio.wait_for(process.stdout.readline(), PATIENCE):
        found: dict[str, str] = msgspec.json.decode(line)
        if found["event"] == event:
            return found
    raise AssertionError(f"{event} was never said")


@asynccontextmanager
async def running(
    services: FakeServices,
    *also: MountedServicer,
    drain: str = "0.2",
    admin_listen: str = "127.0.0.1:0",
    gateways: int = 1,
) -> AsyncIterator[tuple[Process, httpx2.AsyncClient]]:
    async with serving(*services.mounts(), *also) as served:
        process = await started(
            listen="127.0.0.1:0",
            admin_listen=admin_listen,
            mesh=served.address,
            token_issuer=ISSUER,
            token_audience=AUDIENCE,
            drain_seconds=drain,
            gateways=str(gateways),
        )
        try:
            listen = (await said(process, "ready"))["listen"]
            async with httpx2.AsyncClient(
                base_url=f"http://{listen}", timeout=PATIENCE, trust_env=False
            ) as http:
                yield process, http
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
