"""Without a pointer: everything can be reached, the focus is visible, and comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.browser.visitors import PASSWORD, Visitors
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

MANY = 60
# An element with the focus has an outline, or is in one that shows it.
SHOWS_FOCUS = """() => {
  const shown = (each) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  };
  const focused = document.activeElement;
  const around = focused.closest(":focus-within:not(:focus)");
  return shown(focused) || (around !== null && shown(around));
}"""


async def tab_to(page: Page, wanted: Locator) -> None:
    """Presses Tab until the element has the focus. Each on the way shows that it has it."""
    hidden = []
    for _ in range(MANY):
        await page.keyboard.press("Tab")
        if not await page.evaluate(SHOWS_FOCUS):
            hidden.append(await page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
        if await wanted.evaluate("(each) => each === document.activeElement"):
            assert hidden == []
            return
    raise AssertionError(f"Tab does not reach {wanted}")


async def test_signing_in_writing_and_liking_with_tab_and_enter_only(visitors: Visitors) -> None:
    account = await visitors.account()
    visitor = await visitors.stranger()
    page = visitor.page
    await visitor.open("/sign-in")

    await tab_to(page, page.get_by_label("Handle"))
    await page.keyboard.type(account.handle)
    await tab_to(page, page.get_by_label("Password", exact=True))
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Your home is empty")).to_be_visible()

    await tab_to(page, page.get_by_role("button", name="New post").first)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("textbox")).to_be_focused()
    await page.keyboard.type("written with keys")
    await tab_to(page, dialog.get_by_role("button", name="Post", exact=True))
    await page.keyboard.press("Enter")
    await expect(visitor.post("written with keys")).to_be_visible()

    like = visitor.post("written with keys").get_by_role("button", name="Like, 0 likes")
    await tab_to(page, like)
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="Like, 1 like")).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_shortcuts_move_through_posts_and_act_on_them(visitors: Visitors) -> None:
    member = await visitors.member()
    for text in ("the older one", "the newer one"):
        await visitors.edge.post(member.account, text)
    await member.open("/")
    await expect(member.post("the newer one")).to_be_visible()
    keys = member.page.keyboard

    await keys.press("j")
    await expect(member.post("the newer one")).to_be_focused()
    await keys.press("j")
    await expect(member.post("the older one")).to_be_focused()
    await keys.press("l")
    await expect(
        member.post("the older one").get_by_role("button", name="Like, 1 like")
    ).to_be_visible()
    await keys.press("k")
    await expect(member.post("the newer one")).to_be_focused()
    await keys.press("Enter")
    await expect(member.page.get_by_role("heading", name="Post", exact=True)).to_be_visible()
    await keys.press("g")
    await keys.press("h")
    await expect(member.page.get_by_role("heading", name="Home", exact=True)).to_be_visible()


async def test_what_opens_takes_the_focus_and_gives_it_back(visitors: Visitors) -> None:
    member = await visitors.member()
    await visitors.edge.post(member.account, "a post with a menu")
    await member.open("/")
    page = member.page
    more = member.post("a post with a menu").get_by_role("button", name="More")
    new = page.get_by_role("button", name="New post").first

    await more.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem").nth(1)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(more).to_be_focused()

    await new.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(new).to_be_focused()


async def test_the_first_key_skips_the_navigation(visitors: Visitors) -> None:
    member = await visitors.member()
    await member.open("/")

    await member.page.keyboard.press("Tab")
    await expect(member.page.get_by_role("link", name="Skip to content")).to_be_focused()
    await member.page.keyboard.press("Enter")

    async def is_in_main() -> bool:
        return await member.page.evaluate("document.activeElement.id === 'main'")

    await eventually(is_in_main)
