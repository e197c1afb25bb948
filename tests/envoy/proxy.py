"""Starts a real Envoy with the common configuration, and reads its statistics and logs."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from local.envoy_template import defaults, endpoints, object_store, render, template
from local.parts.envoy import LISTENERS, PATH_KEY, admin_socket, credentials
from local.parts.seaweedfs import S3
from local.ports import HOST, Ports
from local.secret_store import SecretStore
from services.chassis.runtime.settings import split_address
from tests.waiting import LIMIT

ROOT = Path(__file__).parents[2]
BINARY = Path(sys.executable).with_name("envoy")

NO_STORE = S3("http://127.0.0.1:9", "files", "nobody", "nothing")

T = TypeVar("T")

_PROBE = re.compile(r"- timeout: [\d.]+s(?=\n *interval:)")
_CONNECTING = re.compile(r"\bconnect_timeout: [\d.]+s")


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


def configuration(ports: Ports, folder: Path, store: S3 = NO_STORE, /, **values: str) -> str:
    """Render envoy/envoy.yaml with the defaults and these values. The files that it names, and the
    cache, are in the folder."""
    places = {
        f"{listener}_{key}": value
        for listener, name in LISTENERS.items()
        for key, value in {"ADDRESS": HOST, "PORT": str(ports.port(name))}.items()
    }
    places["ADMIN_SOCKET"] = str(admin_socket(ports.port("envoy.admin")))
    secrets, cache = SecretStore(folder / "secrets"), folder / "media"
    cache.mkdir(exist_ok=True)
    places |= object_store(store.endpoint, bucket=store.bucket, region=store.region)
    reader = credentials(store.access_key, store.secret_key)
    places["MEDIA_S3_CREDENTIALS_FILE"] = str(secrets.file("credentials", reader))
    places["MEDIA_PATH_KEYS_FILE"] = str(secrets.symmetric_keys(PATH_KEY))
    places["MEDIA_CACHE_FOLDER"] = str(cache)
    return render(template(), defaults() | places | values)


def _patient(text: str) -> str:
    """The configuration with long limits of probes and of connecting. A busy machine exceeds the
    others, and an endpoint that is late then gets no requests. No test is about these limits."""
    text, probes = _PROBE.subn(f"- timeout: {LIMIT}s", text)
    text, connecting = _CONNECTING.subn(f"connect_timeout: {LIMIT}s", text)
    assert probes
    assert connecting
    return text


CARES = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"


def resolver(address: str) -> str:
    """The part of a configuration that makes Envoy resolve names at an address."""
    host, port = split_address(address)
    return f"""
typed_dns_resolver_config:
  name: envoy.network.dns_resolver.cares
  typed_config:
    "@type": type.googleapis.com/{CARES}
    resolvers: [{{ socket_address: {{ address: {host}, port_value: {port} }} }}]
"""


class Proxy:
    """A running Envoy: its addresses, the key of closed media, its counters and log."""

    def __init__(self, ports: Ports, folder: Path, log: Path) -> None:
        self.edge = f"http://{ports.address('edge')}"
        self.media = f"http://{ports.address('envoy.media')}"
        self.purges = f"http://{ports.address('envoy.purges')}"
        self.path_key = bytes.fromhex(SecretStore(folder / "secrets").token(PATH_KEY))
        self.mesh = ports.address("mesh")
        self.admin = ports.address("envoy.admin")
        self.probes = f"http://{ports.address('envoy.probes')}"
        self.admin_socket = admin_socket(ports.port("envoy.admin"))
        self.log = log
        self._admin = httpx2.AsyncClient(base_url=f"http://{self.admin}", timeout=LIMIT)
        self._changing = httpx2.AsyncClient(
            timeout=LIMIT,
            base_url="http://envoy",
            transport=httpx2.AsyncHTTPTransport(uds=str(self.admin_socket)),
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

    async def exported(self) -> list[Sample]:
        """Return all statistics as Prometheus reads them."""
        answer = await self._admin.get("/stats/prometheus")
        families = text_string_to_metric_families(answer.text)
        return [sample for family in families for sample in family.samples]

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
        for line in self.log.read_text().splitlines():
            if request_id in line:
                entry: dict[str, Any] = json.loads(line)
                return entry
        return None


@asynccontextmanager
async def running(
    folder: Path, store: S3 = NO_STORE, /, *, dns_server: str = "", **values: str | list[str]
) -> AsyncIterator[Proxy]:
    """Run Envoy with these placeholders, lists of addresses as endpoints, until the block ends.
    `store` is where media files are; `dns_server` (host:port) resolves names instead of the
    system's."""
    async with AsyncExitStack() as stack:
        ports = Ports(folder / "ports.json")
        stack.callback(ports.release)
        file, log = folder / "envoy.yaml", folder / "access.log"
        places = {k: v if isinstance(v, str) else endpoints(v) for k, v in values.items()}
        text = _patient(configuration(ports, folder, store, **places))
        file.write_text(text + (resolver(dns_server) if dns_server else ""))
        process = await asyncio.create_subprocess_exec(
            *(str(BINARY), "-c", str(file), "--disable-hot-restart", "--concurrency", "1"),
            *("--drain-strategy", "immediate"),
            *("--file-flush-interval-msec", "20", "--log-path", str(folder / "envoy.log")),
            stdout=stack.enter_context(log.open("wb")),
        )
        stack.push_async_callback(_end, process)
        proxy = Proxy(ports, folder, log)
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
