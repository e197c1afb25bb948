"""axe-core in a page, and what else can be seen from outside: scrolling sideways, pictures."""

from __future__ import annotations

import json
from collections.abc import Collection
from importlib.resources import files
from typing import Any

from playwright.async_api import Page

# The build of axe-core in the package axe-playwright-python.
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RUN = """axe.run(document, { resultTypes: ["violations"], rules: %s }).then(({ violations }) =>
  violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => {
      const why = node.any.map((each) => each.message);
      return `${id}: ${help}: ${node.html.slice(0, 160)} ${why}`;
    })))"""


async def violations(page: Page, *, without: Collection[str] = ()) -> list[str]:
    """What axe-core finds, a sentence for each element, by all rules but those that are named.

    It runs in a world of its own, which the policy of the page does not restrict.
    """
    session = await page.context.new_cdp_session(page)
    try:
        frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        world = await session.send(
            "Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"}
        )
        there = {"contextId": world["executionContextId"], "returnByValue": True}
        await _evaluated(session, {"expression": f"{AXE}; true", **there})
        rules = json.dumps({rule: {"enabled": False} for rule in without})
        run = {"expression": RUN % rules, "awaitPromise": True}
        return await _evaluated(session, run | there)
    finally:
        await session.detach()


async def _evaluated(session: Any, parameters: dict[str, Any]) -> Any:
    answer = await session.send("Runtime.evaluate", parameters)
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


async def scrolls_sideways(page: Page) -> list[str]:
    """What is wider than the window, if the page can be scrolled sideways."""
    return await page.evaluate(
        """() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          if (scrollWidth <= clientWidth) return [];
          return [...document.querySelectorAll("body *")]
            .filter((each) => {
              const { left, right } = each.getBoundingClientRect();
              return right > clientWidth + 1 || left < -1;
            })
            .map((each) => each.outerHTML.slice(0, 120));
        }"""
    )
