"""Starts a real Envoy with the common configuration, and reads its statistics and logs."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from local.envoy_template import defaults, endpoints, render, template
from local.parts.envoy import admin_socket
from local.ports import HOST, Ports
from tests.waiting import LIMIT

ROOT = Path(__file__).parents[2]
BINARY = Path(sys.executable).with_name("envoy")

T = TypeVar("T")


async def eventually(look: Callable[[], T | Awaitable[T]], *, within: float = LIMIT) -> T:
    """Poll until the result is true, and return it; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = look()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        assert time.monotonic() < deadline, f"Not within {within} s: {inspect.getsource(look)}"
        await asyncio.sleep(0.02)


def configuration(ports: Ports, **values: str) -> str:
    """Render envoy/envoy.yaml with the defaults and these values."""
    places = {
        f"{listener.upper()}_{key}": value
        for listener in ("admin", "edge", "mesh", "probes")
        for key, value in {"ADDRESS": HOST, "PORT": str(ports.port(listener))}.items()
    }
    places["ADMIN_SOCKET"] = str(admin_socket(ports.port("admin")))
    return render(template(), defaults() | places | values)


class Proxy:
    """A running Envoy: its addresses, counters and log."""

    def __init__(self, ports: Ports, log: Path) -> None:
        self.edge = f"http://{ports.address('edge')}"
        self.mesh = ports.address("mesh")
        self.admin = ports.address("admin")
        self.probes = f"http://{ports.address('probes')}"
        self.admin_socket = admin_socket(ports.port("admin"))
        self._log = log
        self._admin = httpx2.AsyncClient(base_url=f"http://{self.admin}")
        self._changing = httpx2.AsyncClient(
            base_url="http://envoy", transport=httpx2.AsyncHTTPTransport(uds=str(self.admin_socket))
        )

    async def close(self) -> None:
        await self._admin.aclose()
        await self._changing.aclose()

    async def is_ready(self) -> bool:
        try:
            return (await self._admin.get("/ready")).status_code == 200
        except httpx2.TransportError:
            return False

    async def post_admin(self, path: str) -> None:
        """POST to the admin page, by its socket."""
        (await self._changing.post(path)).raise_for_status()

    async def count(self, stat: str) -> int:
        """Return a counter or gauge by its full name."""
        answer = await self._admin.get("/stats", params={"filter": f"^{stat}$", "format": "json"})
        (found,) = [each for each in answer.json()["stats"] if "value" in each]
        return int(found["value"])

    async def endpoints(self, cluster: str) -> dict[str, dict[str, Any]]:
        """Return the health of each endpoint of a cluster by address, {"eds_health_status": …}."""
        answer = await self._admin.get("/clusters", params={"format": "json"})
        (found,) = [each for each in answer.json()["cluster_statuses"] if each["name"] == cluster]
        return {
            f"{place['address']}:{place['port_value']}": host["health_status"]
            for host in found.get("host_statuses", [])
            for place in [host["address"]["socket_address"]]
        }

    def logged(self, request_id: str) -> dict[str, Any] | None:
        """Return the access log line of a request, once it is there."""
        for line in self._log.read_text().splitlines():
            if request_id in line:
                entry: dict[str, Any] = json.loads(line)
                return entry
        return None


@asynccontextmanager
async def running(folder: Path, **values: str | list[str]) -> AsyncIterator[Proxy]:
    """Run Envoy with these placeholders, lists of addresses as endpoints, until the block ends."""
    async with AsyncExitStack() as stack:
        ports = Ports(folder / "ports.json")
        stack.callback(ports.release)
        file, log = folder / "envoy.yaml", folder / "access.log"
        places = {k: v if isinstance(v, str) else endpoints(v) for k, v in values.items()}
        file.write_text(configuration(ports, **places))
        process = await asyncio.create_subprocess_exec(
            *(str(BINARY), "-c", str(file), "--disable-hot-restart", "--concurrency", "1"),
            *("--drain-strategy", "immediate"),
            *("--file-flush-interval-msec", "20", "--log-path", str(folder / "envoy.log")),
            stdout=stack.enter_context(log.open("wb")),
        )
        stack.push_async_callback(_end, process)
        proxy = Proxy(ports, log)
        stack.push_async_callback(proxy.close)

        async def is_up() -> bool:
            assert process.returncode is None, (folder / "envoy.log").read_text()[-2000:]
            return await proxy.is_ready()

        await eventually(is_up)
        yield proxy


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()
