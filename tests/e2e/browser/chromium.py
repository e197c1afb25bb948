"""Chromium of this machine: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

# Names another Chromium than that of the PATH.
SETTING = "ROOST_CHROMIUM"


def find_chromium() -> str | None:
    """The program that is to be used, if there is one."""
    names = [os.environ[SETTING]] if os.environ.get(SETTING) else ["chromium", "chromium-browser"]
    return next((found for name in names if (found := shutil.which(name))), None)


@asynccontextmanager
async def running_chromium(program: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            # Containers have neither namespaces for its sandbox nor a large /dev/shm.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            await browser.close()
