"""After a deploy: an open page offers the new release, and a file of the old one that is gone
does not break it."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from local.web_client import COMPRESS, find_node
from tests.e2e.browser.conftest import eventually_served
from tests.e2e.browser.visitors import Visitor, Visitors
from tests.e2e.conftest import Shared
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

MARK = '<meta name="release" content="next" />'
Deploy = Callable[[], Awaitable[None]]


def next_release(build: Path, target: Path) -> None:
    """Writes the build with another index and with other names of all its files."""
    shutil.copytree(build, target, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    names = [each.name for each in (target / "assets").iterdir() if each.is_file()]
    stems = {name.rpartition(".")[0] for name in names}
    for file in [*target.glob("*.html"), *target.glob("*.js"), *target.glob("assets/*.[cj]s*")]:
        text = file.read_text()
        for stem in stems:
            text = text.replace(stem, f"{stem}2")
        file.write_text(text.replace("<head>", f"<head>{MARK}"))
    for name in names:
        stem, _, suffix = name.rpartition(".")
        (target / "assets" / name).rename(target / "assets" / f"{stem}2.{suffix}")
    worker = (target / "sw.js").read_text()
    # The revision of the index in the list of what the worker keeps.
    other = re.sub(r'("?revision"?:")(\w+)("[^}]*index\.html|"\})', r"\g<1>2\g<2>\g<3>", worker)
    assert other != worker
    (target / "sw.js").write_text(other)
    node = find_node().programs / "node"
    subprocess.run([node, COMPRESS, target], check=True, timeout=120)


@pytest_asyncio.fixture(loop_scope="session")
async def deploy(built: Path, origin: str, shared: Shared) -> AsyncIterator[Deploy]:
    """Exchanges the client that the stack serves; the end of the test takes it back."""
    served = shared.stack.state.data("web")
    before = (served / "build").readlink()

    def exchange(name: Path) -> None:
        link = served / "build.new"
        link.symlink_to(name)
        link.replace(served / "build")

    async def deploy() -> None:
        target = served / "builds" / "next"
        shutil.rmtree(target, ignore_errors=True)
        await asyncio.to_thread(next_release, (built / "build").resolve(), target)
        exchange(Path("builds", "next"))
        await eventually_served(origin, (target / "index.html").read_text())

    yield deploy
    exchange(before)
    await eventually_served(origin, (served / "build" / "index.html").read_text())


async def is_next(visitor: Visitor) -> bool:
    return await visitor.page.locator("meta[name=release]").count() == 1


async def test_an_open_page_offers_the_new_release_and_gets_it(
    visitors: Visitors, deploy: Deploy
) -> None:
    visitor = await visitors.stranger()
    await visitor.open("/")
    page = visitor.page
    await page.evaluate(
        """() => new Promise((done) => {
          if (navigator.serviceWorker.controller) done(true);
          else navigator.serviceWorker.addEventListener("controllerchange", () => done(true));
        })"""
    )
    await deploy()
    # The worker serves what it kept: the page still works.
    await page.reload()
    await visitor.settle()
    await expect(page.get_by_text("A new version is ready.")).to_be_visible()
    assert not await is_next(visitor)

    await page.get_by_role("button", name="Reload").click()

    await expect(page.locator("meta[name=release]")).to_have_count(1)
    await visitor.settle()


async def test_a_page_whose_files_are_gone_reloads_once(visitors: Visitors, deploy: Deploy) -> None:
    author = await visitors.account("maria")
    await visitors.edge.post(author, "opened after the deploy")
    # Without a worker nothing but the server has the files.
    visitor = await visitors.stranger(service_workers="block")
    visitor.expect_errors("404|dynamically imported module|Unable to preload|Refused to")
    await visitor.open("/sign-in")
    await deploy()

    await visitor.page.evaluate("(path) => history.pushState(null, '', path)", f"/@{author.handle}")

    await expect(visitor.page.locator("meta[name=release]")).to_have_count(1)
    await expect(visitor.post("opened after the deploy")).to_be_visible()


async def test_a_file_that_stays_missing_is_a_failure_and_no_loop(visitors: Visitors) -> None:
    visitor = await visitors.stranger(service_workers="block")
    visitor.expect_errors("404|dynamically imported module|Unable to preload|Refused to")
    await visitor.open("/sign-in")
    loads: list[str] = []
    visitor.page.on("load", lambda page: loads.append(page.url))
    await visitor.page.route("**/assets/SignUpPage*", lambda route: route.fulfill(status=404))

    await visitor.page.get_by_role("link", name="Create account").click()

    async def has_loaded_again() -> bool:
        return len(loads) == 1

    await eventually(has_loaded_again)
    await expect(visitor.page.get_by_role("button", name="Try again")).to_be_visible()
    assert len(loads) == 1
