"""Opening the client again: the place on this device, and where the user stopped on another one."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser.reading import NEAR, Crowd, is_still, opened, scroll_down
from tests.e2e.browser.visitors import Visitor, Visitors
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

CONTINUE = "Continue where you stopped"


async def read_down(visitors: Visitors, crowd: Crowd) -> Visitor:
    """Scrolls into the home, until the browser has kept the place and the posts."""
    await mark_read(visitors, crowd)
    visitor = await opened(visitors, crowd)
    await scroll_down(visitor, 4800)

    async def is_kept() -> bool:
        kept = await visitor.page.evaluate(
            "Object.keys(localStorage).filter((each) => each.startsWith('roost.place.')).length"
        )
        return bool(kept)

    await eventually(is_kept, pause=0.2)
    await is_still(visitor.page)
    # Lists are written to the disk a second after they changed.
    await eventually(lambda: pages_on_disk(visitor.page), pause=0.5)
    return visitor


async def reopen(visitor: Visitor) -> None:
    """Opens the home in a new tab of the same browser."""
    visitor.page = await visitor.context.new_page()
    visitor.watch(visitor.page)
    await visitor.open("/")


async def pages_on_disk(page: Page) -> bool:
    """Whether the pages of the home that were read are kept."""
    return await page.evaluate(
        """() => new Promise((done) => {
          const opening = indexedDB.open("roost-queries");
          opening.onsuccess = () => {
            const all = opening.result.transaction("queries").objectStore("queries").getAll();
            all.onsuccess = () =>
              done(all.result.some(({ key, data }) => key[1] === "home" && data.pages.length > 1));
          };
        })"""
    )


async def mark_read(visitors: Visitors, crowd: Crowd) -> None:
    """Moves the marker to the newest entry of the home, as another device does."""
    home = await visitors.edge.call("GET", "/v2/timelines/home", by=crowd.reader)
    body = {"last_read_id": home["items"][0]["id"]}
    await visitors.edge.call("PUT", "/v2/timelines/home/marker", by=crowd.reader, body=body)


async def write(visitors: Visitors, crowd: Crowd, *texts: str) -> None:
    """Writes posts, and waits until the reader has them."""
    for text in texts:
        post = await visitors.edge.post(crowd.author, text)

    async def has_arrived() -> bool:
        home = await visitors.edge.call("GET", "/v2/timelines/home", by=crowd.reader)
        return home["items"][0]["post"]["id"] == post["id"]

    await eventually(has_arrived, pause=0.1)


async def test_the_place_is_kept_when_the_client_is_opened_again(
    visitors: Visitors, crowd: Crowd
) -> None:
    visitor = await read_down(visitors, crowd)
    name, top = await visitor.place()
    await visitor.page.close()
    await write(visitors, crowd, *(f"written while it was closed: {each}" for each in range(5)))

    await reopen(visitor)
    await expect(visitor.page.get_by_role("button", name="5 new posts")).to_be_visible()
    await is_still(visitor.page)

    assert await visitor.place() == (name, pytest.approx(top, abs=NEAR))
    # The reader is there already.
    await expect(visitor.page.get_by_role("button", name=CONTINUE)).to_have_count(0)


async def test_a_device_shows_its_place_and_offers_the_one_of_another_device(
    visitors: Visitors, crowd: Crowd
) -> None:
    visitor = await read_down(visitors, crowd)
    name, top = await visitor.place()
    await visitor.page.close()
    await write(visitors, crowd, "written first", "read on the other device")
    await mark_read(visitors, crowd)
    await write(visitors, crowd, *(f"written later\nand longer: {each}" for each in range(6)))

    await reopen(visitor)
    newer = visitor.page.get_by_role("button", name="8 new posts")
    await expect(newer).to_be_visible()
    await is_still(visitor.page)
    assert await visitor.place() == (name, pytest.approx(top, abs=NEAR))

    await newer.click()
    await expect(visitor.posts().first).to_contain_text("and longer: 5")
    offer = visitor.page.get_by_role("button", name=CONTINUE)
    await expect(offer).to_be_visible()
    await is_still(visitor.page)
    # The offer moves nothing by itself.
    assert await visitor.page.evaluate("scrollY") == 0

    await offer.click()
    await is_still(visitor.page)
    name, _ = await visitor.place()
    first = visitor.page.locator(f"article[aria-labelledby={name}]")
    await expect(first).to_contain_text("read on the other device")
    await expect(offer).to_have_count(0)


async def test_a_new_device_begins_at_the_top_and_offers_the_place(
    visitors: Visitors, crowd: Crowd
) -> None:
    await write(visitors, crowd, "read on the first device")
    await mark_read(visitors, crowd)
    # More than a page: the place is not in what is read at the start.
    await write(visitors, crowd, *(f"for the new device: {each}" for each in range(30)))

    visitor = await opened(visitors, crowd)
    offer = visitor.page.get_by_role("button", name=CONTINUE)
    await expect(offer).to_be_visible()
    await is_still(visitor.page)
    assert await visitor.page.evaluate("scrollY") == 0

    await offer.click()
    await expect(offer).to_have_count(0)
    await is_still(visitor.page)
    name, _ = await visitor.place()
    first = visitor.page.locator(f"article[aria-labelledby={name}]")
    await expect(first).to_contain_text("read on the first device")
