"""Without a connection: what was read stays readable, what is done arrives once, and the page says
what is going on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Route, expect

from local.edge import Account
from tests.e2e.browser.visitors import Visitor, Visitors
from tests.e2e.conftest import Shared
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

# What a console reports of requests that reach nobody.
NO_CONNECTION = "ERR_[A-Z_]+|WebSocket connection"


async def write(visitor: Visitor, text: str) -> None:
    await visitor.page.keyboard.press("n")
    dialog = visitor.page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill(text)
    await dialog.get_by_role("button", name="Post", exact=True).click()
    await expect(dialog).to_have_count(0)


async def texts_of(visitors: Visitors, author: Account) -> list[str]:
    path = f"/v2/users/{author.user_id}/posts"
    posts = [item["post"] async for item in visitors.edge.walk(path)]
    return ["".join(each["text"] for each in post["content"]) for post in posts]


async def likes_of(visitors: Visitors, post_id: str) -> int:
    page = await visitors.edge.call("GET", "/v2/posts", query={"ids": post_id})
    return int(page["items"][0]["counts"]["likes"])


async def a_reader_with_a_post(visitors: Visitors) -> tuple[Visitor, str]:
    """Somebody whose home shows a post of theirs, which they may like as well."""
    member = await visitors.member()
    post = await visitors.edge.post(member.account, "read before the connection was lost")
    await member.open("/")
    await expect(member.post("read before")).to_be_visible()
    # The composer is loaded some seconds after the page.
    await member.page.keyboard.press("n")
    await expect(member.page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    await member.page.keyboard.press("Escape")
    await member.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    member.expect_errors(NO_CONNECTION)
    return member, str(post["id"])


Outage = Callable[[Visitor, Shared], AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def airplane(visitor: Visitor, _shared: Shared) -> AsyncIterator[None]:
    await visitor.context.set_offline(True)
    yield
    await visitor.context.set_offline(False)


@contextlib.asynccontextmanager
async def stopped_edge(_visitor: Visitor, shared: Shared) -> AsyncIterator[None]:
    supervisor = shared.stack.stack.supervisor
    await supervisor.stop(["envoy"])
    try:
        yield
    finally:
        await supervisor.start(["envoy"])

    # The page that this test has open finds the edge by itself. Other tests begin with a whole one:
    # the mesh was away too, and the gateway connects to each service again.
    async with shared.stack.edge() as edge:

        async def is_whole() -> bool:
            paths = ("/v2/limits", "/v2/timelines/public", "/v2/trends", "/readyz")
            answers = [await edge.send("GET", path) for path in paths]
            return all(each.is_success for each in answers)

        await eventually(is_whole, pause=0.2)


@pytest.mark.parametrize(
    ("outage", "words"),
    [(airplane, "You are offline."), (stopped_edge, "The connection is lost.")],
    ids=["no network", "no edge"],
)
async def test_what_is_done_without_a_connection_arrives_once_afterwards(
    outage: Outage, words: str, visitors: Visitors, shared: Shared
) -> None:
    member, post_id = await a_reader_with_a_post(visitors)
    page = member.page

    async with outage(member, shared):
        await expect(page.get_by_text(words)).to_be_visible()
        await member.post("read before").get_by_role("button", name="Like, 0 likes").click()
        await expect(page.get_by_role("button", name="Like, 1 like")).to_be_visible()
        await write(member, "written without a connection")
        await expect(page.get_by_text("2 actions wait to be sent.")).to_be_visible()

    await expect(page.get_by_text(words)).to_have_count(0)
    await eventually(lambda: has_likes(visitors, post_id, 1), pause=0.2)
    await expect(member.post("written without a connection")).to_be_visible()
    texts = await texts_of(visitors, member.account)
    assert texts.count("written without a connection") == 1


async def has_likes(visitors: Visitors, post_id: str, count: int) -> bool:
    return await likes_of(visitors, post_id) == count


async def test_a_post_whose_answer_is_lost_is_there_once(visitors: Visitors) -> None:
    member, _ = await a_reader_with_a_post(visitors)
    lost: list[int] = []

    async def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST" or lost:
            await route.fallback()
            return
        lost.append((await route.fetch()).status)
        await route.abort()

    await member.page.route("**/v2/posts", lose_the_first_answer)
    await write(member, "answered into the void")
    await expect(member.post("answered into the void")).to_be_visible()

    texts = await texts_of(visitors, member.account)
    assert lost == [201]
    assert texts.count("answered into the void") == 1


async def test_what_was_read_can_be_read_without_a_connection(visitors: Visitors) -> None:
    member, post_id = await a_reader_with_a_post(visitors)
    page = member.page
    await member.post("read before").locator("time").click()
    await expect(page.get_by_role("heading", name="Post", exact=True)).to_be_visible()
    await eventually(lambda: kept_queries(member), pause=0.3)

    await member.context.set_offline(True)
    await page.goto(f"{member.origin}/posts/{post_id}")
    await expect(member.post("read before")).to_be_visible()
    await page.goto(member.origin)
    await expect(member.post("read before")).to_be_visible()
    await expect(page.get_by_text("You are offline.")).to_be_visible()


async def kept_queries(visitor: Visitor) -> bool:
    """Whether the home and the thread are on the disk, and the worker has the page."""
    return await visitor.page.evaluate(
        """async () => {
          const kept = await new Promise((done) => {
            const opening = indexedDB.open("roost-queries");
            opening.onsuccess = () => {
              const all = opening.result.transaction("queries").objectStore("queries").getAllKeys();
              all.onsuccess = () => done(all.result.join());
            };
          });
          return kept.includes("home") && kept.includes("thread")
            && navigator.serviceWorker.controller !== null;
        }"""
    )


async def test_a_failed_action_is_taken_back_says_why_and_can_be_repeated(
    visitors: Visitors,
) -> None:
    member, post_id = await a_reader_with_a_post(visitors)
    member.expect_errors("403")
    keys: list[str] = []

    async def refuse_once(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            await route.fallback()
            return
        problem = {
            "type": "about:blank",
            "title": "Protected",
            "status": 403,
            "detail": "protected",
            "reason": "ACCOUNT_PROTECTED",
        }
        await route.fulfill(status=403, json=problem)

    await member.page.route("**/like", refuse_once)
    await member.post("read before").get_by_role("button", name="Like, 0 likes").click()

    failure = member.page.get_by_text("Could not like the post. This account is protected.")
    await expect(failure).to_be_visible()
    await expect(member.page.get_by_role("button", name="Like, 0 likes")).to_be_visible()
    await member.page.get_by_role("button", name="Try again").click()
    await expect(member.page.get_by_role("button", name="Like, 1 like")).to_be_visible()
    await eventually(lambda: has_likes(visitors, post_id, 1), pause=0.2)
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_a_draft_survives_a_crash(visitors: Visitors) -> None:
    member = await visitors.member()
    await member.open("/")
    await member.page.keyboard.press("n")
    await (
        member.page.get_by_role("dialog")
        .get_by_role("textbox")
        .press_sequentially("half a thought")
    )

    async with member.page.expect_event("crash"):
        # It ends before it is there.
        with contextlib.suppress(PlaywrightError):
            await member.page.goto("chrome://crash")
    member.page = await member.context.new_page()
    member.watch(member.page)
    await member.open("/")
    await member.page.keyboard.press("n")

    field = member.page.get_by_role("dialog").get_by_role("textbox")
    await expect(field).to_have_value("half a thought")
