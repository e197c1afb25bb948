"""A Prometheus of the machine, which scrapes a one-machine stack."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from local import rules
from local.prometheus import configuration, targets_of
from local.state import StackStatus
from tests.waiting import LIMIT, eventually

HOST = "127.0.0.1"


class Prometheus:
    """A running server."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with its labels and its value."""
        answer = await self._client.post("/api/v1/query", data={"query": expr})
        read = answer.json()
        assert read["status"] == "success", f"{expr}: {read.get('error')}"
        found: list[dict[str, Any]] = read["data"]["result"]
        return found

    async def is_ready(self, targets: int) -> bool:
        """Whether it answers, and has scraped so many processes."""
        try:
            ready = await self._client.get("/-/ready")
        except httpx2.TransportError:
            return False
        return ready.is_success and len(await self.query("up == 1")) == targets


@asynccontextmanager
async def prometheus(status: StackStatus, folder: Path) -> AsyncIterator[Prometheus]:
    """Runs Prometheus until the block ends; the test is skipped if it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed")
    targets = targets_of(status.parts)
    file = _configured(folder, configuration(targets, interval="5s", rules=["rules.yaml"]))
    address = f"{HOST}:{_free_port()}"
    log = (folder / "prometheus.log").open("wb")
    server = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        stdout=log,
        stderr=log,
    )
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://{address}", timeout=LIMIT, trust_env=False
        ) as client:
            running = Prometheus(client)

            async def is_ready() -> bool:
                assert server.returncode is None, (folder / "prometheus.log").read_text()
                return await running.is_ready(len(targets))

            await eventually(is_ready)
            yield running
    finally:
        server.terminate()
        await server.wait()
        log.close()


def _configured(folder: Path, text: str) -> Path:
    folder.mkdir()
    file = folder / "prometheus.yml"
    file.write_text(text)
    (folder / "rules.yaml").write_text(rules.text())
    return file


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
