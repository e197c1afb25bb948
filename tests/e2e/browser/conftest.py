"""A browser for all tests of this folder, and the client that the stack serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bench.chromium import SETTING, built_client, find_chromium, publish, running_chromium
from local.web_client import Unreachable
from tests.e2e.browser.reading import Crowd, gather_crowd
from tests.e2e.browser.visitors import MILLISECONDS, Visitors
from tests.e2e.conftest import Shared
from tests.waiting import LIMIT, eventually

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests where there is no Chromium."""
    if find_chromium() is not None:
        return
    skip = pytest.mark.skip(reason=f"no Chromium on the PATH, and {SETTING} names none")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(skip)


@pytest.fixture(scope="package")
def built() -> Path:
    """The folder in which the web client is built, by the builder of the stack."""
    try:
        return built_client()
    except Unreachable as absent:
        pytest.skip(f"the web client cannot be built: {absent}")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def origin(built: Path, shared: Shared) -> str:
    """The address of the stack once it serves the client that was built."""
    served = shared.stack.state.data("web")
    await asyncio.to_thread(publish, built, served)
    address = shared.stack.stack.edge
    index = (served / "build" / "index.html").read_text()
    await eventually_served(address, index)
    return address


async def eventually_served(address: str, index: str) -> None:
    """Waits until each of the gateways serves this page."""

    async def is_served() -> bool:
        pages = [await browser.get("/sign-in") for _ in range(10)]
        return all(page.text == index for page in pages)

    async with httpx2.AsyncClient(base_url=address, trust_env=False) as browser:
        await eventually(is_served, pause=0.2)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests of this folder."""
    expect.set_options(timeout=LIMIT * MILLISECONDS)
    program = find_chromium()
    assert program is not None
    async with running_chromium(program) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(chromium: Browser, origin: str, shared: Shared) -> AsyncIterator[Visitors]:
    """Opens browsers. An error in a console that the test does not expect fails it."""
    async with shared.stack.edge() as edge:
        visitors = Visitors(chromium, edge)
        try:
            yield visitors
        finally:
            await visitors.close()
        errors = [error for each in visitors.all for error in each.unexpected_errors()]
        assert errors == []


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def crowd(shared: Shared, origin: str) -> Crowd:
    """Posts for all tests of long lists."""
    async with shared.stack.edge() as edge:
        return await gather_crowd(edge)
