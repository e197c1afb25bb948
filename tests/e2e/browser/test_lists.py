"""What readers of long lists complain about elsewhere: places that are lost, pages that jump, tabs
that grow or hang."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser.reading import (
    NEAR,
    POSTS,
    Crowd,
    is_still,
    opened,
    scroll_down,
    two_frames,
)
from tests.e2e.browser.visitors import Visitor, Visitors
from tests.e2e.browser.world import write_many
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

# Of one page, whatever its list has.
MAX_ELEMENTS = 4000
MAX_CARDS = 60
TOP_OF = """(name) =>
  document.querySelector(`[aria-labelledby=${name}]`).getBoundingClientRect().top"""

# Keeps the sockets of the page, and the frames of arrivals.
KEEP_SOCKETS = """
  window.sockets = [];
  window.arrivals = [];
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      sockets.push(this);
      this.addEventListener("message", ({ data }) => {
        if (JSON.parse(data).change?.kind === "arrival") arrivals.push(data);
      });
    }
  };
"""
# Lets the last socket bring the first arrival again and again, with other ids.
ARRIVE = """(count) => {
  const frame = JSON.parse(arrivals[0]);
  for (let number = 0; number < count; number++) {
    frame.change.item.id = String(10n ** 18n + BigInt(number));
    sockets.at(-1).dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}"""


async def test_going_back_gives_the_exact_place(visitors: Visitors, crowd: Crowd) -> None:
    visitor = await opened(visitors, crowd)
    await scroll_down(visitor, 6000)
    name, top = await visitor.place()

    await visitor.page.locator(f"article[aria-labelledby={name}]").locator("time").click()
    await expect(visitor.page.get_by_role("heading", name="Post", exact=True)).to_be_visible()
    await visitor.page.go_back()
    await expect(visitor.page.locator(f"article[aria-labelledby={name}]")).to_be_visible()
    await is_still(visitor.page)

    assert await visitor.place() == (name, pytest.approx(top, abs=NEAR))


@pytest.mark.parametrize("scrolled", [0, 3000], ids=["at the top", "in the middle"])
async def test_new_posts_are_offered_and_never_move_the_page(
    scrolled: int, visitors: Visitors, crowd: Crowd
) -> None:
    visitor = await opened(visitors, crowd)
    await scroll_down(visitor, scrolled)
    place = await visitor.place()

    await visitors.edge.post(crowd.author, "newer than the page")
    await expect(visitor.page.get_by_role("button", name="1 new post")).to_be_visible()
    await is_still(visitor.page)

    assert await visitor.place() == place
    await visitor.page.get_by_role("button", name="1 new post").click()
    await expect(visitor.posts().first).to_contain_text("newer than the page")
    assert await visitor.page.evaluate("scrollY") == 0


async def test_ones_own_post_does_not_move_the_page(visitors: Visitors, crowd: Crowd) -> None:
    visitor = await opened(visitors, crowd)
    await scroll_down(visitor, 3000)
    name, top = await visitor.place()

    await visitor.page.keyboard.press("n")
    dialog = visitor.page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill("written in the middle of reading")
    await dialog.get_by_role("button", name="Post", exact=True).click()
    await expect(visitor.page.get_by_text("Your post is out.")).to_be_visible()
    await is_still(visitor.page)

    assert await visitor.place() == (name, pytest.approx(top, abs=NEAR))


async def test_scrolling_up_through_rows_of_unknown_height_moves_them_by_what_was_scrolled(
    visitors: Visitors, crowd: Crowd
) -> None:
    visitor = await opened(visitors, crowd)
    page = visitor.page
    # To the end by jumps: the rows between were never drawn, so their heights are estimates.
    for _ in range(POSTS // 20 + 2):
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await is_still(page)
    jumps = []

    for _ in range(40):
        if await page.evaluate("scrollY") < 600:
            break
        name, top = await visitor.place()
        await page.mouse.wheel(0, -240)
        await two_frames(page)
        await two_frames(page)
        await is_scrolled(page, name, top)
        now = await page.evaluate(TOP_OF, name)
        if abs(now - top - 240) > NEAR:
            jumps.append(now - top - 240)

    assert jumps == []


async def is_scrolled(page: Page, name: str, top: float) -> None:
    """Waits until the post has moved and rests."""
    before = [top]

    async def rests() -> bool:
        now = await page.evaluate(TOP_OF, name)
        rested = now != top and now == before[0]
        before[0] = now
        return rested

    await eventually(rests, pause=0.03)


async def test_a_long_list_keeps_few_elements(visitors: Visitors, crowd: Crowd) -> None:
    visitor = await opened(visitors, crowd)

    await scroll_down(visitor, 15_000)

    assert await visitor.page.evaluate("scrollY") > 10_000
    assert await visitor.page.evaluate("document.querySelectorAll('*').length") < MAX_ELEMENTS
    assert await visitor.posts().count() < MAX_CARDS


async def test_ten_thousand_waiting_posts_do_not_hang_the_tab(
    visitors: Visitors, crowd: Crowd
) -> None:
    visitor = await visitors.member(crowd.reader, service_workers="block")
    await visitor.context.add_init_script(KEEP_SOCKETS)
    await visitor.open("/")
    await expect(visitor.posts().first).to_be_visible()
    shown = await visitor.posts().count()
    await visitors.edge.post(crowd.author, "the first of many")

    async def has_arrived() -> bool:
        return await visitor.page.evaluate("arrivals.length > 0")

    # The policy of the page allows no function that waits in it.
    await eventually(has_arrived)

    await visitor.page.evaluate(ARRIVE, 10_000)
    await expect(visitor.page.get_by_role("button", name="More than 100 new posts")).to_be_visible()

    # The page answers while they wait, and shows no more than before.
    assert await visitor.posts().count() == shown
    await visitor.page.get_by_role("button", name="More than 100 new posts").click()
    await expect(visitor.posts().first).to_contain_text("the first of many")


@pytest.mark.parametrize(
    "replies", [200, pytest.param(2000, marks=pytest.mark.soak)], ids=["200", "2000"]
)
async def test_a_long_thread_opens_with_few_elements(
    replies: int, visitors: Visitors, crowd: Crowd
) -> None:
    root = await visitors.edge.post(crowd.author, "a question to all")
    await write_many(visitors.edge, crowd.author, replies, reply_to=root["id"])
    visitor = await visitors.member(crowd.reader)

    await visitor.open(f"/posts/{root['id']}")
    await expect(
        visitor.page.get_by_role("button", name=f"Reply, {replies:,} replies")
    ).to_be_visible()
    await expect(visitor.posts().first).to_be_visible()
    opened_with = await visitor.page.evaluate("document.querySelectorAll('*').length")
    await visitor.page.mouse.move(500, 400)
    await scroll_down(visitor, 6000)

    assert opened_with < MAX_ELEMENTS
    assert await visitor.page.evaluate("document.querySelectorAll('*').length") < MAX_ELEMENTS
    assert await visitor.page.evaluate("scrollY") > 3000


@pytest.mark.soak
async def test_memory_does_not_grow_with_scrolling(visitors: Visitors, crowd: Crowd) -> None:
    author = await visitors.account("many")
    await write_many(visitors.edge, author, 2000)
    visitor = await visitors.member(crowd.reader)
    await visitor.open(f"/@{author.handle}")
    await visitor.page.mouse.move(500, 400)
    bytes_at: dict[int, int] = {}

    for wanted in (500, 2000):
        await scroll_to_number(visitor, wanted)
        bytes_at[wanted] = await heap(visitor.page)

    # A post is some 3 kB as data; elements and what belongs to them are gone.
    assert bytes_at[2000] - bytes_at[500] < 1500 * 15_000, bytes_at
    assert await visitor.page.evaluate("document.querySelectorAll('*').length") < MAX_ELEMENTS


async def scroll_to_number(visitor: Visitor, wanted: int) -> None:
    """Scrolls until that many posts were read."""

    async def is_reached() -> bool:
        await visitor.page.evaluate("scrollBy(0, 5000)")
        last = await visitor.posts().last.get_attribute("aria-posinset")
        return int(last or 0) >= wanted

    await eventually(is_reached, limit=600, pause=0.05)


async def heap(page: Page) -> int:
    """The bytes of objects in use, after collecting garbage."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return int(usage["usedSize"])
