"""How readers move through long lists, and what stands still meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Page, expect

from local.edge import Account, Edge
from tests.e2e.browser.visitors import PASSWORD, Visitor, Visitors, a_handle
from tests.e2e.browser.world import write_many
from tests.waiting import eventually

POSTS = 100
# Pixels. Places are rounded to whole pixels in some steps.
NEAR = 2


@dataclass(frozen=True)
class Crowd:
    """An author of many posts of different heights, and a reader of them."""

    author: Account
    reader: Account


async def gather_crowd(edge: Edge) -> Crowd:
    """Writes the posts, and waits until the reader has all of them."""
    author = await edge.register(a_handle("crowd"), PASSWORD)
    reader = await edge.register(a_handle("reader"), PASSWORD)
    await write_many(edge, author, POSTS)
    await edge.follow(reader, author.user_id)

    async def is_there() -> bool:
        page = await edge.call("GET", "/v2/timelines/home", by=reader, query={"limit": "100"})
        return len(page["items"]) == POSTS

    await eventually(is_there, pause=0.2)
    return Crowd(author, reader)


async def two_frames(page: Page) -> None:
    """Lets the page draw what it measured."""
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


async def is_still(page: Page) -> None:
    """Waits until the page is scrolled no more, and nothing loads."""
    before: list[float] = []

    async def rests() -> bool:
        now = await page.evaluate("[scrollY, document.documentElement.scrollHeight]")
        rested = now == before
        before[:] = now
        return rested

    await eventually(rests, pause=0.3)


async def scroll_down(visitor: Visitor, pixels: int, *, step: int = 600) -> None:
    """Turns the wheel, so that rows are measured as they come."""
    page = visitor.page
    for _ in range(pixels // step):
        await page.mouse.wheel(0, step)
        await two_frames(page)
    await is_still(page)


async def opened(visitors: Visitors, crowd: Crowd) -> Visitor:
    """The home of the reader, in a browser of its own."""
    visitor = await visitors.member(crowd.reader, service_workers="block")
    await visitor.open("/")
    await expect(visitor.posts().first).to_be_visible()
    await visitor.page.mouse.move(500, 400)
    return visitor
