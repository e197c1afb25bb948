"""Chromium of this machine, driven by Playwright, and the web client that a stack serves to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bench.machine import ROOT
from local.web_client import build

# Names another Chromium than that of the PATH.
SETTING = "ROOST_CHROMIUM"
# Ignored by git. Builds are kept, so that sources that did not change are not built again.
ARTIFACTS = ROOT / "build" / "browser"


def find_chromium() -> str | None:
    """The program that is to be used, if there is one."""
    chosen = os.environ.get(SETTING)
    names = [chosen] if chosen else ["chromium", "chromium-browser"]
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


def built_client() -> Path:
    """The folder in which the web client is built, by the builder of the stack.

    Raises CannotBuild.
    """
    folder = ARTIFACTS / "web"
    build(folder)
    return folder


def publish(built: Path, served: Path) -> None:
    """Lets a stack serve the client that is built: copies it, and lets the builder exchange it."""
    shutil.copytree(built / "builds", served / "builds", dirs_exist_ok=True)
    build(served)
