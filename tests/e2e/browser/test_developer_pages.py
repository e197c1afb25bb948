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
SUBSCRIPTION = """
subscription Home {
  events(topics: [HOME]) {
    sequence
    change { ... on Arrival { item { post { text } } } }
  }
}
"""


async def open_reference(visitor: Visitor) -> None:
    await visitor.page.goto(f"{visitor.origin}/docs")
    await expect(visitor.page.locator(".opblock").first).to_be_visible()


async def open_graphiql(visitor: Visitor) -> None:
    await visitor.page.goto(f"{visitor.origin}/docs/graphql.html")
    await expect(editor(visitor.page)).to_be_visible()


async def open_problems(visitor: Visitor) -> None:
    await visitor.page.goto(f"{visitor.origin}/docs/problems.html")
    await expect(visitor.page.get_by_role("row").nth(10)).to_be_visible()


# A tab of GraphiQL is an element with that role around its buttons.
NOT_MET = {"graphiql": ["nested-interactive"]}

PAGES = {"reference": open_reference, "graphiql": open_graphiql, "problems": open_problems}


def editor(page: Page) -> Locator:
    return page.locator(".graphiql-query-editor .CodeMirror")


def result(page: Page) -> Locator:
    return page.locator(".result-window .CodeMirror-code")


async def write_operation(page: Page, text: str) -> None:
    await editor(page).click()
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await page.keyboard.insert_text(text)


async def as_user(visitor: Visitor) -> None:
    """Waits for the session of the browser, and sends requests as its user."""
    chosen = visitor.page.get_by_label("Send requests")
    await expect(chosen.locator(f"option[value={AS_USER}]")).to_be_enabled()
    await chosen.select_option(AS_USER)


async def has_read(page: Page, operation: str) -> None:
    """Waits until GraphiQL has read the name of the operation: it sends that one."""
    await expect(page.get_by_role("tab", selected=True)).to_contain_text(operation)


# The console of each page is empty: `visitors` fails on an error and on a violation of the policy.
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_accessible_in_light_and_dark(name: str, visitors: Visitors) -> None:
    visitor = await visitors.member(service_workers="block")
    found: dict[str, list[str]] = {}

    for scheme in ("light", "dark"):
        await visitor.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await PAGES[name](visitor)
        await visitor.page.screenshot(path=PICTURES / f"developers-{name}-1280-{scheme}.png")
        found[scheme] = await violations(visitor.page, without=NOT_MET.get(name, ()))

    assert {scheme: each for scheme, each in found.items() if each} == {}


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


async def test_graphiql_completes_a_field_and_runs_the_query(visitors: Visitors) -> None:
    author = await visitors.account("maria")
    await visitors.edge.post(author, "asked for by GraphiQL")
    visitor = await visitors.stranger(service_workers="block")
    page = visitor.page
    await open_graphiql(visitor)

    await write_operation(page, "query Newest { publicTim")
    # The only field that begins so is inserted at once.
    await page.keyboard.press("Control+Space")
    await expect(editor(page)).to_contain_text("publicTimeline")
    await page.keyboard.insert_text("(first: 1) { nodes { post { text } } } }")
    await has_read(page, "Newest")
    await page.keyboard.press("Control+Enter")

    await expect(result(page)).to_contain_text("nodes")
    await expect(result(page)).to_contain_text('"text"')


async def test_graphiql_shows_what_a_subscription_sends(visitors: Visitors) -> None:
    visitor = await visitors.member(service_workers="block")
    page = visitor.page
    await open_graphiql(visitor)
    await as_user(visitor)

    await write_operation(page, SUBSCRIPTION)
    await has_read(page, "Home")
    await page.keyboard.press("Control+Enter")
    # The first event says that the subscription has begun.
    await expect(result(page)).to_contain_text("sequence")
    await visitors.edge.post(visitor.account, "sent to GraphiQL")

    await expect(result(page)).to_contain_text("sent to GraphiQL")
