"""Gateways behind a name are replaced under load, as pods behind a headless Service."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from tests.envoy import gateway as http
from tests.envoy.dns_server import resolving
from tests.envoy.gateway import Answer, Gateway, Request
from tests.envoy.proxy import Proxy, eventually, running
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines]

NAME = "gateway.roost.test"
PATHS = ("/v1/any", "/v1/slow")
# So many answers without a request to one of two gateways are no chance.
MANY = 50


class Clients:
    """Clients that keep their connections, and the answers that are not 200."""

    def __init__(self) -> None:
        self.answered = 0
        self.failed: list[str] = []

    async def run(self, edge: str, path: str) -> None:
        async with httpx2.AsyncClient(base_url=edge, timeout=LIMIT) as client:
            while True:
                answer = await client.get(path)
                self.answered += 1
                if answer.status_code != 200:
                    self.failed.append(f"{answer.status_code} {answer.text}")


def _slow(request: Request) -> Answer:
    return Answer(delay=0.3)


def _stopping(request: Request) -> Answer:
    return Answer(status=503)


async def _is_healthy(proxy: Proxy, address: str) -> bool:
    health = (await proxy.endpoints("gateway")).get(address)
    return health is not None and "failed_active_health_check" not in health


async def test_gateways_that_vanish_from_dns_as_they_stop_fail_no_request(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        running_gateways: list[tuple[Gateway, AsyncExitStack]] = []
        hosts = itertools.count(1)

        async def start(port: int = 0) -> Gateway:
            own = await stack.enter_async_context(AsyncExitStack())
            gateway = Gateway("any", jwks=b'{"keys": []}')
            gateway.answers["/v1/slow"] = _slow
            await own.enter_async_context(http.serving(gateway, f"127.0.0.{next(hosts)}", port))
            running_gateways.append((gateway, own))
            return gateway

        def listed() -> list[str]:
            return [each.address.partition(":")[0] for each, _ in running_gateways]

        port = int((await start()).address.partition(":")[2])
        await start(port)
        dns = await stack.enter_async_context(resolving(*listed()))
        proxy = await stack.enter_async_context(
            running(
                tmp_path,
                dns_server=dns.address,
                GATEWAY_ENDPOINTS=[f"{NAME}:{port}"],
                RATE_STRANGERS="1000000",
            )
        )
        for each, _ in running_gateways:
            await eventually(lambda each=each: _is_healthy(proxy, each.address))
        clients = Clients()
        tasks = [
            asyncio.create_task(clients.run(proxy.edge, path)) for path in PATHS for _ in range(4)
        ]
        for _ in range(2):
            new = await start(port)
            dns.addresses = listed()
            await eventually(lambda new=new: _is_healthy(proxy, new.address))
            # The endpoint is removed and the process gets its signal in the same moment.
            old, own = running_gateways.pop(0)
            dns.addresses = listed()
            old.answers["/readyz"] = _stopping
            await eventually(lambda old=old: _is_gone(proxy, old.address))
            await _is_left(old, clients)
            await eventually(lambda old=old: old.in_flight == 0)
            await own.aclose()
        before = clients.answered
        await eventually(lambda: clients.answered > before + MANY)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert {type(each) for each in ended} == {asyncio.CancelledError}, ended
    assert clients.failed == []


async def _is_gone(proxy: Proxy, address: str) -> bool:
    return not await _is_healthy(proxy, address)


async def _is_left(gateway: Gateway, clients: Clients) -> None:
    """Waits until the gateway gets no requests. Envoy's threads apply a change one by one."""
    while True:
        arrived, answered = _arrived(gateway), clients.answered
        await eventually(lambda answered=answered: clients.answered > answered + MANY)
        if _arrived(gateway) == arrived:
            return


def _arrived(gateway: Gateway) -> int:
    """The requests of clients."""
    return sum(len(gateway.seen(path)) for path in PATHS)
