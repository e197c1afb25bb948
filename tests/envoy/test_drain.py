"""Envoys are replaced one after the other under load, as a Deployment does, without a failure."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx2
import pytest

from local.envoy_template import endpoints_name
from services.chassis.runtime.settings import split_address
from tests.envoy import gateway as http
from tests.envoy import service as grpc_service
from tests.envoy.balancer import Balancer, balancing
from tests.envoy.gateway import Answer, Gateway
from tests.envoy.proxy import Proxy, eventually, running
from tests.envoy.service import Service
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines]

ROOT = Path(__file__).parents[2]
DRAIN_SECONDS = 8.0
# How long the balancer goes on sending new connections to a pod that ends.
NOTICE_SECONDS = 1.0
NO_KEYS = b'{"keys": []}'
METHOD = "/roost.user.v1.UserService/Any"
UPGRADE = (
    b"GET /v1/stream HTTP/1.1\r\nhost: roost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
)


@dataclass
class Outcome:
    """What the clients have met."""

    answered: int = 0
    echoed: int = 0
    called: int = 0
    reconnected: int = 0
    failed: list[str] = field(default_factory=list)


class Pod:
    """An Envoy, and beside it the process that drains it; made by `pod`."""

    def __init__(self, proxy: Proxy, drain: asyncio.subprocess.Process) -> None:
        self.edge = proxy.edge.removeprefix("http://")
        self.mesh = proxy.mesh
        self.proxy = proxy
        self.drain = drain

    async def drained(self) -> str:
        """Send the signal that ends the pod; return what the draining process says at its end."""
        self.drain.send_signal(signal.SIGTERM)
        said, _ = await self.drain.communicate()
        assert self.drain.returncode == 0, said
        return said.decode().strip()


@asynccontextmanager
async def draining(
    socket: Path, seconds: float = DRAIN_SECONDS
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.chassis.deployment", "drain"),
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
            "ROOST_ENVOY_ADMIN_SOCKET": str(socket),
            "ROOST_DRAIN_SECONDS": str(seconds),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        # From then on a signal does not kill it.
        await eventually(lambda: _catches_sigterm(process.pid))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@asynccontextmanager
async def pod(
    folder: Path,
    gateways: list[Gateway],
    services: list[Service],
    *,
    seconds: float = DRAIN_SECONDS,
) -> AsyncIterator[Pod]:
    """Run a pod until the block ends; its Envoy then gets SIGTERM."""
    folder.mkdir()  # noqa: ASYNC240 - a test
    async with AsyncExitStack() as stack:
        places = {endpoints_name("user"): [each.address for each in services]}
        proxy = await stack.enter_async_context(
            running(
                folder,
                GATEWAY_ENDPOINTS=[each.address for each in gateways],
                RATE_STRANGERS="1000000",
                **places,
            )
        )
        await eventually(lambda: _reaches_gateways(proxy))
        yield Pod(proxy, await stack.enter_async_context(draining(proxy.admin_socket, seconds)))


async def _reaches_gateways(proxy: Proxy) -> bool:
    async with httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client:
        return (await client.get("/v1/any")).status_code == 200


async def _requests(edge: str, outcome: Outcome, path: str) -> None:
    """One client with a connection that it keeps."""
    limits = httpx2.Limits(max_connections=1, max_keepalive_connections=1)
    async with httpx2.AsyncClient(
        base_url=f"http://{edge}", limits=limits, timeout=LIMIT
    ) as client:
        while True:
            try:
                answer = await client.get(path)
                if answer.status_code == 200:
                    outcome.answered += 1
                else:
                    outcome.failed.append(f"{path}: {answer.status_code} {answer.text}")
            except httpx2.TransportError as error:
                outcome.failed.append(f"{path}: {error!r}")
                await asyncio.sleep(0.1)


async def _calls(mesh: str, outcome: Outcome) -> None:
    """One client of the mesh, over HTTP/2."""
    async with grpc.aio.insecure_channel(mesh) as channel:
        call = channel.unary_unary(METHOD)
        while True:
            try:
                await call(b"ping", timeout=LIMIT)
                outcome.called += 1
            except grpc.aio.AioRpcError as error:
                outcome.failed.append(f"call: {error.code().name} {error.details()}")
                await asyncio.sleep(0.1)


async def _socket(edge: str, outcome: Outcome) -> None:
    """One WebSocket, which connects again when it is closed."""
    host, port = split_address(edge)
    while True:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(UPGRADE)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101 "):
                outcome.failed.append(f"socket: {head[:60]!r}")
            for number in itertools.count():
                frame = number.to_bytes(8, "big")
                writer.write(frame)
                try:
                    assert await reader.readexactly(8) == frame
                except (ConnectionError, asyncio.IncompleteReadError):
                    outcome.reconnected += 1
                    break
                outcome.echoed += 1
                await asyncio.sleep(0.02)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            outcome.failed.append(f"socket: {error!r}")
        finally:
            writer.close()


@asynccontextmanager
async def load(edge: str, mesh: str, outcome: Outcome) -> AsyncIterator[None]:
    """Clients that go on until the block ends."""
    clients = [
        *(_requests(edge, outcome, "/v1/any") for _ in range(4)),
        *(_requests(edge, outcome, "/v1/slow") for _ in range(4)),
        *(_calls(mesh, outcome) for _ in range(2)),
        *(_socket(edge, outcome) for _ in range(3)),
    ]
    tasks = [asyncio.create_task(each) for each in clients]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(each) for each in ended} == {asyncio.CancelledError}, ended


async def _more(outcome: Outcome) -> None:
    """Wait until each kind of client has got several more answers."""

    def counts() -> tuple[int, int, int]:
        return outcome.answered, outcome.called, outcome.echoed

    before = counts()
    await eventually(
        lambda: all(now > then + 20 for now, then in zip(counts(), before, strict=True))
    )


def _slow(request: http.Request) -> Answer:
    return Answer(delay=0.3)


async def test_envoys_are_replaced_under_load_without_a_failed_request(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        gateways = [
            await stack.enter_async_context(http.serving(Gateway(name, jwks=NO_KEYS)))
            for name in ("one", "two")
        ]
        for each in gateways:
            each.answers["/v1/slow"] = _slow
        service = await stack.enter_async_context(grpc_service.serving(Service()))
        pods: list[tuple[Pod, AsyncExitStack]] = []
        names = itertools.count()

        async def start() -> None:
            own = await stack.enter_async_context(AsyncExitStack())
            folder = tmp_path / f"envoy-{next(names)}"
            pods.append((await own.enter_async_context(pod(folder, gateways, [service])), own))

        await start()
        await start()
        edge = await stack.enter_async_context(balancing(*(each.edge for each, _ in pods)))
        mesh = await stack.enter_async_context(balancing(*(each.mesh for each, _ in pods)))
        outcome = Outcome()
        async with load(edge.address, mesh.address, outcome):
            await _more(outcome)
            for _ in range(2):
                await start()
                _balance(edge, mesh, [each for each, _ in pods])
                ending, own = pods.pop(0)
                removal = asyncio.get_running_loop().call_later(
                    NOTICE_SECONDS, _balance, edge, mesh, [each for each, _ in pods]
                )
                said = await ending.drained()
                assert said.startswith("Drained; "), said
                assert removal.when() < asyncio.get_running_loop().time()
                await own.aclose()
                await _more(outcome)

    assert outcome.failed == []
    # The sockets of either Envoy moved once at its end.
    assert outcome.reconnected >= 3


def _balance(edge: Balancer, mesh: Balancer, pods: list[Pod]) -> None:
    edge.backends = [each.edge for each in pods]
    mesh.backends = [each.mesh for each in pods]


async def test_a_draining_envoy_is_not_ready_and_closes_connections_after_an_answer(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(http.serving(Gateway("one", jwks=NO_KEYS)))
        here = await stack.enter_async_context(pod(tmp_path / "envoy", [gateway], []))
        client = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=here.proxy.edge, timeout=LIMIT)
        )
        before = await client.get("/v1/any")
        here.drain.send_signal(signal.SIGTERM)

        await eventually(lambda: _is_not_ready(here.proxy))
        during = await client.get("/v1/any")
        new = await client.get("/v1/any")

        assert "connection" not in before.headers
        assert (during.status_code, during.headers["connection"]) == (200, "close")
        assert new.status_code == 200


async def _is_not_ready(proxy: Proxy) -> bool:
    return not await proxy.is_ready()


async def test_draining_ends_early_when_no_connection_is_left(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(http.serving(Gateway("one", jwks=NO_KEYS)))
        folder = tmp_path / "envoy"
        here = await stack.enter_async_context(pod(folder, [gateway], [], seconds=600))

        assert await here.drained() == "Drained; 0 connections are left."


async def test_an_envoy_that_does_not_answer_fails_the_command(tmp_path: Path) -> None:
    async with draining(tmp_path / "admin.sock") as process:
        process.send_signal(signal.SIGTERM)
        said, _ = await process.communicate()

    assert process.returncode == 1
    assert said.decode().startswith("Envoy could not be drained: ")
    assert said.count(b"\n") == 1


async def test_without_a_socket_the_command_says_which_setting_is_missing() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.chassis.deployment", "drain"),
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()

    assert process.returncode == 2
    assert said.decode() == "ROOST_ENVOY_ADMIN_SOCKET is not set, and there is no default for it.\n"
