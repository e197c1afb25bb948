"""What people come for: to join, to write, to follow, to read what others write at once."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.browser.visitors import PASSWORD, Visitor, Visitors, a_handle

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]


async def join(visitor: Visitor, handle: str, name: str) -> None:
    page = visitor.page
    await visitor.open("/")
    await page.get_by_role("link", name="Create account").first.click()
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Handle").fill(handle)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", name="Your home is empty")).to_be_visible()


async def write(visitor: Visitor, text: str) -> None:
    dialog = visitor.page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill(text)
    await dialog.get_by_role("button", name="Post", exact=True).click()
    await expect(dialog).to_have_count(0)


async def test_two_people_write_follow_and_answer_each_other_live(visitors: Visitors) -> None:
    ada, bob = await visitors.stranger(), await visitors.stranger()
    handle = a_handle("ada")
    await join(ada, handle, "Ada")
    await join(bob, a_handle("bob"), "Bob")

    await ada.page.get_by_role("button", name="New post").first.click()
    await write(ada, "Two herons at the pond")
    await expect(ada.post("Two herons")).to_be_visible()

    await bob.open(f"/@{handle}")
    await expect(bob.post("Two herons")).to_be_visible()
    await bob.page.get_by_role("button", name=f"Follow: @{handle}").click()
    await expect(bob.page.get_by_role("button", name=f"Following: @{handle}")).to_be_visible()
    await bob.open("/")
    await expect(bob.post("Two herons")).to_be_visible()

    await ada.page.get_by_role("button", name="New post").first.click()
    await write(ada, "Now there are three")
    await bob.page.get_by_role("button", name="1 new post").click()
    await expect(bob.post("Now there are three")).to_be_visible()

    await ada.post("Now there are three").locator("time").click()
    await expect(ada.page.get_by_role("heading", name="Post", exact=True)).to_be_visible()
    await expect(ada.page.get_by_role("button", name="Like, 0 likes")).to_be_visible()
    await bob.post("Now there are three").get_by_role("button", name="Like, 0 likes").click()
    await expect(ada.page.get_by_role("button", name="Like, 1 like")).to_be_visible()

    await bob.post("Now there are three").get_by_role("button", name="Reply, 0 replies").click()
    dialog = bob.page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill("Where is the third?")
    await dialog.get_by_role("button", name="Reply", exact=True).click()
    await expect(dialog).to_have_count(0)
    await ada.page.get_by_role("button", name="Show 1 new reply").click()
    await expect(ada.post("Where is the third?")).to_be_visible()
    await expect(ada.page.get_by_role("button", name="Reply, 1 reply")).to_be_visible()

    await ada.post("Where is the third?").click()
    await expect(ada.post("Now there are three")).to_be_visible()
    await expect(ada.page.get_by_role("article", name="Bob")).to_be_visible()


async def test_a_post_that_its_author_deletes_is_gone(visitors: Visitors) -> None:
    author = await visitors.member()
    await visitors.edge.post(author.account, "to be taken back")
    await author.open(f"/@{author.account.handle}")

    await author.post("to be taken back").get_by_role("button", name="More").click()
    await author.page.get_by_role("menuitem", name="Delete").click()

    await expect(author.post("to be taken back")).to_have_count(0)


async def test_who_signs_out_leaves_nothing_in_the_browser(visitors: Visitors) -> None:
    member = await visitors.member()
    await visitors.edge.post(member.account, "for followers", visibility="followers")
    await member.open("/")
    await expect(member.post("for followers")).to_be_visible()

    await member.page.get_by_role("button", name="Your account").first.click()
    await member.page.get_by_role("menuitem", name="Sign out").click()

    await expect(
        member.page.get_by_role("heading", name="Join the conversation").first
    ).to_be_visible()
    await expect(member.post("for followers")).to_have_count(0)
    await member.page.reload()
    await member.settle()
    await expect(member.page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert await member.context.cookies() == []
