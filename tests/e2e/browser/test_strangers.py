"""Who is not signed in reads what is public, by links that show what they lead to."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.browser.visitors import PASSWORD, Visitors

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]


async def test_a_link_to_a_post_has_a_preview_and_opens_it(visitors: Visitors) -> None:
    author = await visitors.account("maria", "María")
    post = await visitors.edge.post(author, "Two herons & a kingfisher")
    stranger = await visitors.stranger()

    answer = await stranger.page.goto(f"{stranger.origin}/posts/{post['id']}")
    await expect(stranger.post("Two herons & a kingfisher")).to_be_visible()
    await stranger.settle()

    assert answer is not None
    html = await answer.text()
    assert 'property="og:title"' in html
    assert "Two herons &amp; a kingfisher" in html
    assert f"/posts/{post['id']}" in html
    await expect(stranger.page).to_have_title("Post · Roost")


async def test_a_link_to_a_profile_has_a_preview_and_opens_it(visitors: Visitors) -> None:
    author = await visitors.account("maria", "María")
    stranger = await visitors.stranger()

    answer = await stranger.page.goto(f"{stranger.origin}/@{author.handle}")
    await expect(stranger.page.get_by_role("heading", name="María").first).to_be_visible()

    assert answer is not None
    assert f"María (@{author.handle}) on Roost</title>" in await answer.text()


async def test_a_stranger_who_likes_signs_in_and_comes_back(visitors: Visitors) -> None:
    author, reader = await visitors.account("maria"), await visitors.account("robin")
    post = await visitors.edge.post(author, "worth a like")
    stranger = await visitors.stranger()
    page = stranger.page
    await stranger.open(f"/posts/{post['id']}")

    await page.get_by_role("button", name="Like, 0 likes").click()
    await page.get_by_role("dialog").get_by_role("link", name="Sign in").click()
    await page.get_by_label("Handle").fill(reader.handle)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()

    # What they wanted is done.
    await expect(page.get_by_role("button", name="Like, 1 like")).to_be_visible()
    await expect(page).to_have_url(f"{stranger.origin}/posts/{post['id']}")


async def test_a_stranger_sees_neither_protected_posts_nor_those_for_followers(
    visitors: Visitors,
) -> None:
    author = await visitors.account("shy")
    await visitors.edge.post(author, "for all")
    hidden = await visitors.edge.post(author, "for a few", visibility="followers")
    stranger = await visitors.stranger()
    stranger.expect_errors("404")

    await stranger.open(f"/@{author.handle}")
    await expect(stranger.post("for all")).to_be_visible()
    await expect(stranger.post("for a few")).to_have_count(0)
    await stranger.open(f"/posts/{hidden['id']}")

    await expect(
        stranger.page.get_by_text("This post is gone, or you may not see it.")
    ).to_be_visible()


async def test_a_wrong_password_is_said_and_nothing_is_lost(visitors: Visitors) -> None:
    account = await visitors.account()
    stranger = await visitors.stranger()
    stranger.expect_errors("401")
    page = stranger.page
    await stranger.open("/sign-in")

    await page.get_by_label("Handle").fill(account.handle)
    await page.get_by_label("Password", exact=True).fill("another pass phrase")
    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_text("Handle or password is wrong.")).to_be_visible()
    await expect(page.get_by_label("Handle")).to_have_value(account.handle)
