"""The admin page: its owner changes it through a socket, operators read it, other sites cannot."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.envoy.proxy import Proxy
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def page(proxy: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://{proxy.admin}", timeout=LIMIT) as page:
        yield page


@pytest.mark.parametrize("path", ["/", "/ready", "/stats", "/clusters", "/config_dump", "/memory"])
async def test_an_operator_reads(page: httpx2.AsyncClient, path: str) -> None:
    answer = await page.get(path)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/runtime_modify?edge_rate_limits_enforced=0"),
        ("GET", "/runtime_modify?edge_rate_limits_enforced=0"),
        ("POST", "/stats"),
        ("POST", "/quitquitquit"),
        ("POST", "/drain_listeners"),
        ("POST", "/stats/../quitquitquit"),
        ("POST", "/logging?level=trace"),
        ("POST", "/"),
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    proxy: Proxy, page: httpx2.AsyncClient, method: str, path: str
) -> None:
    simple = {"origin": "https://evil.example", "content-type": "text/plain"}

    answer = await page.request(method, path, headers=simple)

    assert answer.status_code == 404
    assert (await page.get("/runtime")).json()["entries"] == {}
    assert await proxy.is_ready()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9901", "localhost.evil.example"])
async def test_a_name_that_was_rebound_to_the_loopback_reads_nothing(
    page: httpx2.AsyncClient, host: str
) -> None:
    answer = await page.get("/config_dump", headers={"host": host})

    assert answer.status_code == 404


async def test_only_the_owner_may_open_the_socket(proxy: Proxy) -> None:
    mode = proxy.admin_socket.stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(proxy.admin_socket.parent.stat().st_mode) == 0o700
