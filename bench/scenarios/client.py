"""The web client in a browser: how long the first pages take on a slow connection, and memory after
2,000 posts.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from bench.bench import Bench
from bench.chromium import SETTING, built_client, find_chromium, publish, running_chromium
from bench.jobs import GeneratorFailed
from bench.latency import quantile
from bench.report import Report, number
from local.edge import Account, Edge
from local.web_client import CannotBuild

VISITS = 5
POSTS = 2000
WRITERS = 16
PASSWORD = "a long pass phrase"  # noqa: S105 - of a stack that is deleted
WAIT_SECONDS = 600
# A slow mobile connection, as Lighthouse has it, and a processor of a cheap phone.
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
CPU_RATE = 4
# When the first post is in the page, in milliseconds since the navigation began.
FIRST_POST = """
  new MutationObserver((_, observer) => {
    if (!document.querySelector("article[aria-posinset]")) return;
    window.firstPost = performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
LAST_POST = "Number([...document.querySelectorAll('article')].at(-1)?.ariaPosInSet ?? 0)"
KIB = 1024


async def run(bench: Bench) -> Report:
    """Measure first visits, later visits, a thread of 2,000 replies, and memory."""
    program = find_chromium()
    if program is None:
        raise GeneratorFailed(f"no Chromium is on the PATH, and {SETTING} names none")
    try:
        built = await asyncio.to_thread(built_client)
    except CannotBuild as failure:
        raise GeneratorFailed(str(failure).rstrip(".")) from None
    await asyncio.to_thread(publish, built, bench.stack.state.data("web"))
    report = Report()
    async with bench.stack.edge() as edge, running_chromium(program) as browser:
        bench.say(f"a thread of {POSTS} replies …")
        author, root = await _thread(edge)
        reader = await edge.register("reader", PASSWORD)
        await edge.follow(reader, author.user_id)
        for visit in ("a first visit", "a later visit"):
            await _visits(report, browser, edge, reader, again=visit == "a later visit", name=visit)
        context = await _signed_in(browser, edge, reader)
        page = await context.new_page()
        await _long_thread(report, page, f"{edge.address}/posts/{root}")
        await _memory(report, page, f"{edge.address}/@{author.handle}/replies")
        await context.close()
    return report


async def _thread(edge: Edge) -> tuple[Account, str]:
    author = await edge.register("author", PASSWORD)
    root = await edge.post(author, "A question to all")
    numbers = iter(range(POSTS))

    async def write() -> None:
        for each in numbers:
            text = f"Answer {each}\n" + "with another line\n" * (each % 7)
            await edge.post(author, text, reply_to_post_id=root["id"])

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    for each in range(20):
        await edge.post(author, f"Post {each} of the home")
    return author, str(root["id"])


async def _signed_in(browser: Browser, edge: Edge, account: Account) -> BrowserContext:
    """A browser in which somebody is signed in, by a cookie."""
    ours = {"x-csrf": "1", "origin": edge.address, "sec-fetch-site": "same-origin"}
    body = {"handle": account.handle, "password": PASSWORD, "device_name": "bench"}
    answer = await edge.send("POST", "/v2/cookie-sessions", body=body, headers=ours)
    if answer.status_code != httpx2.codes.CREATED:
        raise GeneratorFailed(f"the sign-in was refused: {answer.text}")
    context = await browser.new_context(viewport={"width": 412, "height": 823}, locale="en")
    context.set_default_timeout(WAIT_SECONDS * 1000)
    (cookie,) = answer.cookies.jar
    await context.add_cookies(
        [
            {
                "name": cookie.name,
                "value": cookie.value or "",
                "domain": httpx2.URL(edge.address).host,
                "path": cookie.path,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )
    await context.add_init_script(f"localStorage.setItem('roost.user', '{account.user_id}')")
    await context.add_init_script(FIRST_POST)
    return context


async def _visits(
    report: Report, browser: Browser, edge: Edge, reader: Account, *, again: bool, name: str
) -> None:
    painted, shown, scripts = [], [], []
    for _ in range(VISITS):
        context = await _signed_in(browser, edge, reader)
        page = await context.new_page()
        if again:
            await _shown(page, edge.address)
            await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            # Lists are written a second after they changed.
            await asyncio.sleep(2)
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", SLOW)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_RATE})
        transferred = _bytes_of_scripts(session)
        shown.append(await _shown(page, edge.address))
        painted.append(await _number(page, FIRST_PAINT))
        scripts.append(sum(transferred.values()) / KIB)
        await context.close()
    rows = []
    for what, values, unit in (
        ("first contentful paint", painted, "ms"),
        ("first home", shown, "ms"),
        ("JavaScript from the server", scripts, "KiB"),
    ):
        median = quantile(sorted(values), 0.5)
        rows.append([f"{what}, {unit}", number(median), number(min(values)), number(max(values))])
        report.lower(f"{what}, {name}", median, unit)
    report.table(
        f"{name[0].upper()}{name[1:]} at 1.6 Mbit/s, 150 ms, CPU ÷ {CPU_RATE}",
        ["", "median", "least", "most"],
        rows,
    )


def _bytes_of_scripts(session: CDPSession) -> dict[str, float]:
    """The bytes of each script that the page loads from now on, headers included, as they arrive.

    What the service worker answers has none. What it fetches for itself does not count.
    """
    scripts: dict[str, float] = {}

    def begin(event: dict[str, Any]) -> None:
        if event["type"] == "Script":
            scripts[event["requestId"]] = 0

    def finish(event: dict[str, Any]) -> None:
        if event["requestId"] in scripts:
            scripts[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", begin)
    session.on("Network.loadingFinished", finish)
    return scripts


async def _shown(page: Page, address: str) -> float:
    """Opens a page; returns the milliseconds until its first post was there."""
    await page.goto(address)
    return await _number(page, "window.firstPost")


async def _number(page: Page, expression: str) -> float:
    """The value of an expression, once it has one.

    A function that waits in the page would need `eval`, which its policy forbids.
    """
    async with asyncio.timeout(WAIT_SECONDS):
        while (value := await page.evaluate(expression)) is None:
            await asyncio.sleep(0.05)
    return float(value)


async def _long_thread(report: Report, page: Page, address: str) -> None:
    milliseconds = await _shown(page, address)
    elements = int(await page.evaluate("document.querySelectorAll('*').length"))
    report.lower(f"a thread of {POSTS} replies opens, not throttled", milliseconds, "ms")
    report.neither("its elements", elements, "")


async def _memory(report: Report, page: Page, address: str) -> None:
    await _shown(page, address)
    session = await page.context.new_cdp_session(page)
    rows = []
    for wanted in (100, POSTS // 2, POSTS):
        await _scroll_to(page, wanted)
        heap = await _heap_mib(session)
        elements = int(await page.evaluate("document.querySelectorAll('*').length"))
        rows.append([str(wanted), number(heap), str(elements)])
        report.lower(f"JavaScript heap after {wanted} posts", heap, "MiB")
    report.table("Memory by posts that were scrolled", ["posts", "heap MiB", "elements"], rows)


async def _scroll_to(page: Page, wanted: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while int(await page.evaluate(LAST_POST)) < wanted:
            await page.evaluate("scrollBy(0, 3000)")
            await asyncio.sleep(0.05)


async def _heap_mib(session: CDPSession) -> float:
    await session.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"]) / 2**20
