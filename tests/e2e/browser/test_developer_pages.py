"""The developers' pages in a browser: what they send, and that their libraries keep the policy."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from bench.chromium import ARTIFACTS
from tests.e2e.browser.accessibility import violations
from tests.e2e.browser.visitors import Visitor, Visitors

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

PICTURES = ARTIFACTS / "pages"
AS_USER = "session"


async def open_reference(visitor: Visitor) -> None:
    await visitor.page.goto(f"{visitor.origin}/docs")
    await expect(visitor.page.locator(".opblock").first).to_be_visible()


async def open_graphiql(visitor: Visitor) -> None:
    await visitor.page.goto(f"{visitor.origin}/docs/graphql.html")
    await expect(editor(visitor.page)).to_be_visible()


async def open_problems(visitor: Visitor) -> None:
    await visitor.page.goto(f"{visitor.origin}/docs/problems.html")
    await expect(visitor.page.get_by_role("row").nth(10)).to_be_visible()


PAGES = {"reference": open_reference, "graphiql": open_graphiql, "problems": open_problems}


def editor(page: Page) -> Locator:
    return page.locator(".graphiql-query-editor .CodeMirror")


async def as_user(visitor: Visitor) -> None:
    """Waits for the session of the browser, and sends requests as its user."""
    chosen = visitor.page.get_by_label("Send requests")
    await expect(chosen.locator(f"option[value={AS_USER}]")).to_be_enabled()
    await chosen.select_option(AS_USER)


# The console of each page is empty: `visitors` fails on an error and on a violation of the policy.
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_opens_without_an_error(name: str, visitors: Visitors) -> None:
    visitor = await visitors.member(service_workers="block")

    for scheme in ("light", "dark"):
        await visitor.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await PAGES[name](visitor)
        await visitor.page.screenshot(path=PICTURES / f"developers-{name}-1280-{scheme}.png")
        # The other two are as accessible as Swagger UI and GraphiQL are.
        if name == "problems":
            assert await violations(visitor.page) == []


async def test_trying_an_operation_sends_a_request_as_the_user(visitors: Visitors) -> None:
    visitor = await visitors.member(service_workers="block")
    assert visitor.account
    await open_reference(visitor)
    await as_user(visitor)

    await visitor.page.get_by_label("Filter operations").fill("get /v2/users/me")
    operation = visitor.page.locator(
        ".opblock", has=visitor.page.locator("[data-path='/v2/users/me']")
    )
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Execute").click()

    answer = operation.locator(".live-responses-table")
    await expect(answer.locator(".response-col_status").last).to_contain_text("200")
    await expect(answer).to_contain_text(visitor.account.handle)
