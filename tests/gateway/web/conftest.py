"""A build of the web client, as the builder leaves it."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.gateway.conftest import Client

FILES = {
    "index.html": "<!doctype html><html><head><title>Roost</title><!--preview-->"
    '<meta name="description" content="Talk."><!--/preview--></head><body></body></html>',
    "assets/app-C0ffee42.js": "console.log('first')\n",
    "assets/app-C0ffee42.css": "body { margin: 0 }\n",
    "sw.js": "self.addEventListener('fetch', () => {})\n",
    "manifest.webmanifest": "{}\n",
    "icons/192.png": "picture",
    "docs/index.html": "<title>REST reference</title>",
    "docs/graphql.html": "<title>GraphiQL</title>",
    "docs/problems.html": "<title>Problems</title>",
}


class WebFolder:
    """Writes builds the way `local/web_client.py` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def publish(self, files: dict[str, str] = FILES) -> None:
        """Put a build in the place of the one before."""
        self._count += 1
        made = self.folder / "builds" / str(self._count)
        for name, text in files.items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            if name.endswith(".js"):
                (made / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
                (made / f"{name}.br").write_bytes(b"br:" + text.encode())
        draft = self.folder / "build.new"
        draft.symlink_to(f"builds/{self._count}")
        os.replace(draft, self.folder / "build")
        shutil.rmtree(self.folder / "builds" / str(self._count - 1), ignore_errors=True)


@pytest.fixture
def web_folder(tmp_path: Path) -> Path:
    return tmp_path / "web"


@pytest.fixture
def web(web_folder: Path) -> WebFolder:
    web_folder.mkdir()
    return WebFolder(web_folder)


@pytest.fixture
def built(web: WebFolder) -> WebFolder:
    """With a build that is there from the start."""
    web.publish()
    return web


async def assert_asked_for_again(client: Client, path: str) -> None:
    """Caches ask each time, and the answer has no body while the file is the same."""
    first = await client.get(path)
    again = await client.get(path, if_none_match=first.headers["etag"])

    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
