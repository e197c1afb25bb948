"""People in front of a browser: each has a context of their own, and no error in its console."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx2
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from local.edge import Account, Edge
from tests.e2e.stacks import PatientEdge
from tests.waiting import LIMIT

PASSWORD = "a long pass phrase"
MILLISECONDS = 1000

# The first card of which the upper edge is below the head of the page.
FIRST_VISIBLE = """() => {
  const cards = [...document.querySelectorAll("[data-post-card]")];
  const head = document.querySelector("h1").closest("div[data-back]").getBoundingClientRect();
  const card = cards.find((each) => each.getBoundingClientRect().top >= head.bottom);
  return [card.getAttribute("aria-labelledby"), card.getBoundingClientRect().top];
}"""


@dataclass
class Visitor:
    """A page of a browser, who is signed in there, and what went wrong in it."""

    context: BrowserContext
    page: Page
    origin: str
    account: Account | None = None
    errors: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def expect_errors(self, pattern: str) -> None:
        """Lets errors pass that the test causes on purpose."""
        self.expected.append(re.compile(pattern))

    def unexpected_errors(self) -> list[str]:
        return [
            error for error in self.errors if not any(each.search(error) for each in self.expected)
        ]

    def watch(self, page: Page) -> None:
        """Collects what the console of a page reports: errors, and violations of the policy."""
        page.on("console", self._log)
        page.on("pageerror", lambda error: self.errors.append(f"{error.name}: {error.message}"))

    def _log(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            where = message.location.get("url", "")
            self.errors.append(f"{message.text} {where}".strip())

    async def open(self, path: str) -> None:
        """Opens a page and waits until its heading is there and nothing loads any more."""
        await self.page.goto(f"{self.origin}{path}")
        await self.settle()

    async def settle(self) -> None:
        """Waits until the page shows what it is about."""
        await expect(self.page.get_by_role("heading", level=1).first).to_be_attached()
        await expect(self.page.locator("[role=status][aria-label]")).to_have_count(0)
        await self.page.evaluate("document.fonts.ready.then(() => true)")

    async def place(self) -> tuple[str, float]:
        """The first post that is not above the window: its author's link names it, and its top."""
        key, top = await self.page.evaluate(FIRST_VISIBLE)
        return key, top

    def posts(self) -> Locator:
        """The posts that the page shows."""
        return self.page.locator("article[aria-posinset]")

    def post(self, text: str) -> Locator:
        """The post of a list with that text."""
        return self.page.get_by_role("article").filter(has_text=text)


class Visitors:
    """Opens browsers for a test, and closes them after it."""

    def __init__(self, browser: Browser, edge: Edge) -> None:
        self._browser = browser
        self.edge = edge
        self.all: list[Visitor] = []

    async def stranger(self, **options: Any) -> Visitor:
        """Somebody who is not signed in."""
        return await self._open(None, None, options)

    async def member(self, account: Account | None = None, **options: Any) -> Visitor:
        """Somebody who is signed in in this browser, by a cookie of its own."""
        account = account or await self.account()
        return await self._open(account, await self._cookie_session(account), options)

    async def account(self, name: str = "bird", display_name: str | None = None) -> Account:
        """A new account, whose handle begins with the name."""
        account = await self.edge.register(a_handle(name), PASSWORD)
        if display_name:
            body = {"display_name": display_name}
            await self.edge.call("PATCH", "/v2/users/me", by=account, body=body)
        return account

    async def close(self) -> None:
        for visitor in self.all:
            await visitor.context.close()

    async def _cookie_session(self, account: Account) -> dict[str, Any]:
        """What a browser keeps of somebody who signed in."""
        cookie = await cookie_session(self.edge.address, account)
        item = {"name": "roost.user", "value": account.user_id}
        return {
            "cookies": [cookie],
            "origins": [{"origin": self.edge.address, "localStorage": [item]}],
        }

    async def _open(
        self, account: Account | None, state: dict[str, Any] | None, options: dict[str, Any]
    ) -> Visitor:
        language = options.pop("language", "en")
        context = await self._browser.new_context(
            storage_state=state,  # type: ignore[arg-type]
            locale=language,
            timezone_id="UTC",
            reduced_motion="reduce",
            **({"viewport": {"width": 1280, "height": 800}} | options),
        )
        context.set_default_timeout(LIMIT * MILLISECONDS)
        page = await context.new_page()
        visitor = Visitor(context, page, self.edge.address, account)
        visitor.watch(page)
        self.all.append(visitor)
        return visitor


def a_handle(name: str) -> str:
    """A handle that nobody has."""
    return f"{name}_{secrets.token_hex(3)}"


async def cookie_session(address: str, account: Account) -> dict[str, Any]:
    """Signs in as a browser does; returns its cookie."""
    ours = {"x-csrf": "1", "origin": address, "sec-fetch-site": "same-origin"}
    body = {"handle": account.handle, "password": PASSWORD, "device_name": "Chromium"}
    async with PatientEdge(address) as edge:
        while True:
            answer = await edge.send("POST", "/v2/cookie-sessions", body=body, headers=ours)
            if answer.status_code == httpx2.codes.CREATED:
                break
            assert answer.json()["reason"] == "PASSWORD_POOL_BUSY", answer.text
    (cookie,) = answer.cookies.jar
    return {
        "name": cookie.name,
        "value": cookie.value,
        "domain": "127.0.0.1",
        "path": cookie.path,
        "expires": cookie.expires or -1,
        "httpOnly": True,
        "secure": cookie.secure,
        "sameSite": "Strict",
    }
