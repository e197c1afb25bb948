"""A Prometheus that watches a one-machine stack by the rules of Roost, with shortened windows."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from local import rules
from local.part import plain_environment
from local.process_runner import PartStatus
from local.prometheus import configuration, targets_of
from local.wheels import launcher
from tests.waiting import eventually

PROGRAM = shutil.which("prometheus")
SCRAPE_SECONDS = 1
# A busy machine may miss a few scrapes, and a broker that is away is noticed each half a minute.
SHORTEST_WINDOW_SECONDS = 20.0
SHORTEST_WAIT_SECONDS = 5.0
STOP_SECONDS = 10.0


class Alert(NamedTuple):
    """An alert that fires, with what identifies its series."""

    name: str
    severity: str
    about: str


class Prometheus:
    """A running Prometheus. Made by `prometheus`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False)

    async def close(self) -> None:
        """Close the connections to it."""
        await self._client.aclose()

    async def is_ready(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(httpx2.TransportError):
            return (await self._client.get("/-/ready")).status_code == 200
        return False

    async def firing(self) -> set[Alert]:
        """Return the alerts that fire now."""
        return await self._alerts('ALERTS{alertstate="firing"}')

    async def fired(self, seconds: float) -> set[Alert]:
        """Return the alerts that have fired in the last seconds."""
        window = f"{max(1, round(seconds * 1000))}ms"
        return await self._alerts(f'last_over_time(ALERTS{{alertstate="firing"}}[{window}])')

    async def active(self) -> set[Alert]:
        """Return the alerts that fire, or will if what they see goes on."""
        return await self._alerts("ALERTS")

    async def _alerts(self, query: str) -> set[Alert]:
        answer = await self._client.get("/api/v1/query", params={"query": query})
        answer.raise_for_status()
        return {_alert(each["metric"]) for each in answer.json()["data"]["result"]}


@contextlib.asynccontextmanager
async def prometheus(
    folder: Path, parts: list[PartStatus], *, by: float
) -> AsyncIterator[Prometheus]:
    """Run a Prometheus with an empty store inside the block; windows are divided by a number."""
    _write_files(folder, parts, by=by)
    address = f"127.0.0.1:{_free_port()}"
    assert PROGRAM is not None
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            # It ends with this process.
            *launcher(signal.SIGKILL, None),
            PROGRAM,
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=warn",
            stdout=log,
            stderr=log,
            env=plain_environment(),
        )
    running = Prometheus(address)
    try:
        await eventually(running.is_ready)
        yield running
    finally:
        await running.close()
        await _stop(process)


def _write_files(folder: Path, parts: list[PartStatus], *, by: float) -> None:
    folder.mkdir(parents=True)
    file = folder / "rules.yaml"
    shortened = rules.shortened(
        rules.text(),
        by=by,
        shortest_window=SHORTEST_WINDOW_SECONDS,
        shortest_wait=SHORTEST_WAIT_SECONDS,
    )
    file.write_text(shortened)
    interval = f"{SCRAPE_SECONDS}s"
    settings = configuration(targets_of(parts), interval=interval, rules=[str(file)])
    (folder / "prometheus.yaml").write_text(settings)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _alert(labels: dict[str, Any]) -> Alert:
    apart = {"__name__", "alertname", "alertstate", "severity"}
    about = ", ".join(value for name, value in sorted(labels.items()) if name not in apart)
    return Alert(labels["alertname"], labels["severity"], about)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
