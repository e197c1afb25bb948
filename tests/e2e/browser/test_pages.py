"""Every page: no violation that axe-core finds, in light and dark and from right to left, nothing
that scrolls sideways on the narrowest screen, and pictures of all of them to look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import ViewportSize, expect

from bench.chromium import ARTIFACTS
from tests.e2e.browser.accessibility import scrolls_sideways, violations
from tests.e2e.browser.visitors import Visitor, Visitors
from tests.e2e.browser.world import World, settle_world
from tests.e2e.conftest import Shared

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
PICTURES = ARTIFACTS / "pages"


async def compose(visitor: Visitor) -> None:
    await visitor.page.keyboard.press("n")
    await expect(visitor.page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()


async def shortcuts(visitor: Visitor) -> None:
    await visitor.page.keyboard.press("?")
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()


async def account_menu(visitor: Visitor) -> None:
    menus = visitor.page.locator(":is(header, [data-back]) button[aria-haspopup=menu]:visible")
    await menus.first.click()
    await expect(visitor.page.get_by_role("menu")).to_be_visible()


async def preferences(visitor: Visitor) -> None:
    await visitor.page.locator("button:has(.lucide-sun-moon):visible").first.click()
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()


async def post_menu(visitor: Visitor) -> None:
    await visitor.posts().first.locator("button[aria-haspopup=menu]").first.click()
    await expect(visitor.page.get_by_role("menu")).to_be_visible()


@dataclass(frozen=True)
class Case:
    """A page, or something that opens on it."""

    path: str
    signed_in: bool = True
    open: Callable[[Visitor], Awaitable[None]] | None = None
    # Errors of the console that belong to the page, as an address that is not found.
    errors: str = ""


# One line a page. {author} is a handle, {thread} the id of a post with a conversation.
PAGES = {
    "home": Case("/"),
    "home-relevant": Case("/?order=relevant"),
    "public": Case("/public"),
    "profile": Case("/@{author}"),
    "profile-replies": Case("/@{author}/replies"),
    "profile-media": Case("/@{author}/media"),
    "profile-likes": Case("/@{author}/likes"),
    "profile-own": Case("/@{reader}"),
    "profile-missing": Case("/@nobody_at_all", errors="404"),
    "thread": Case("/posts/{thread}"),
    "thread-missing": Case("/posts/1", errors="404"),
    "hashtag": Case("/tags/roost"),
    "missing": Case("/nothing/here"),
    "composer": Case("/", open=compose),
    "shortcuts": Case("/", open=shortcuts),
    "account-menu": Case("/", open=account_menu),
    "post-menu": Case("/@{author}", open=post_menu),
    "profile-followers": Case("/@{author}/followers"),
    "profile-following": Case("/@{author}/following"),
    "post-likes": Case("/posts/{thread}/likes"),
    "post-reposts": Case("/posts/{thread}/reposts"),
    "post-quotes": Case("/posts/{thread}/quotes"),
    "notifications": Case("/notifications"),
    "bookmarks": Case("/bookmarks"),
    "explore": Case("/explore"),
    "search-posts": Case("/search?q=heron"),
    "search-people": Case("/search?q=robin&tab=people"),
    "search-refused": Case("/search?q=from%3A", errors="400"),
    "followed-hashtags": Case("/followed-hashtags"),
    "follow-requests": Case("/follow-requests"),
    "settings": Case("/settings"),
    "settings-profile": Case("/settings/profile"),
    "settings-privacy": Case("/settings/privacy"),
    "settings-notifications": Case("/settings/notifications"),
    "settings-mutes": Case("/settings/mutes"),
    "settings-blocks": Case("/settings/blocks"),
    "settings-appearance": Case("/settings/appearance"),
    "settings-account": Case("/settings/account"),
    "settings-sessions": Case("/settings/sessions"),
    "preferences": Case("/", signed_in=False, open=preferences),
    "stranger-home": Case("/", signed_in=False),
    "stranger-profile": Case("/@{author}", signed_in=False),
    "stranger-thread": Case("/posts/{thread}", signed_in=False),
    "sign-in": Case("/sign-in", signed_in=False),
    "sign-up": Case("/sign-up", signed_in=False),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(shared: Shared, origin: str) -> World:
    async with shared.stack.edge() as edge:
        return await settle_world(edge)


async def opened(visitors: Visitors, world: World, case: Case) -> Visitor:
    # What the worker keeps is of no account here, and takes longer than the page.
    options = {"viewport": WIDE, "service_workers": "block"}
    visitor = await (
        visitors.member(world.reader, **options) if case.signed_in else visitors.stranger(**options)
    )
    if case.errors:
        visitor.expect_errors(case.errors)
    await show(visitor, world, case)
    return visitor


async def show(visitor: Visitor, world: World, case: Case) -> None:
    await visitor.open(
        case.path.format(
            author=world.author.handle, reader=world.reader.handle, thread=world.thread
        )
    )
    if case.open:
        await case.open(visitor)


async def picture(visitor: Visitor, name: str) -> None:
    await visitor.page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


@pytest.mark.parametrize("name", PAGES)
async def test_page(name: str, visitors: Visitors, world: World) -> None:
    case = PAGES[name]
    found: dict[str, list[str]] = {}
    visitor = await opened(visitors, world, case)
    page = visitor.page
    assert await page.evaluate("document.documentElement.dir") != "rtl"
    await picture(visitor, f"{name}-1280-light")
    found["light"] = await violations(page)

    await page.emulate_media(color_scheme="dark")
    await picture(visitor, f"{name}-1280-dark")
    found["dark"] = await violations(page)

    await page.set_viewport_size(NARROW)
    await picture(visitor, f"{name}-320-dark")
    found["narrow"] = await violations(page)
    found["narrow, too wide"] = await scrolls_sideways(page)

    await page.evaluate("localStorage.setItem('roost.language', 'ar')")
    await page.emulate_media(color_scheme="light")
    await show(visitor, world, case)
    assert await page.evaluate("document.documentElement.dir") == "rtl"
    await picture(visitor, f"{name}-320-light-ar")
    found["narrow, right to left, too wide"] = await scrolls_sideways(page)

    await page.set_viewport_size(WIDE)
    await picture(visitor, f"{name}-1280-light-ar")
    found["right to left"] = await violations(page)
    found["right to left, too wide"] = await scrolls_sideways(page)

    assert {kind: each for kind, each in found.items() if each} == {}


async def test_the_layout_is_mirrored_from_right_to_left(visitors: Visitors, world: World) -> None:
    async def places(language: str) -> tuple[float, float]:
        visitor = await visitors.member(world.reader, language=language)
        await visitor.open("/")
        boxes = [
            await visitor.page.locator(each).first.bounding_box()
            for each in ("nav:visible", "main")
        ]
        navigation, main = (box["x"] + box["width"] / 2 for box in boxes if box)
        return navigation, main

    left, right = await places("en"), await places("ar")

    assert left[0] < left[1]
    assert right[0] > right[1]
