"""The web client through Envoy: its files and pages, previews, and sessions by cookie."""

from __future__ import annotations

import os
from pathlib import Path

import httpx2
import pytest

from local.edge import Edge
from local.web_client import build
from tests.e2e.conftest import Shared
from tests.local.node import FakeNode
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.engines]

PASSWORD = "a long pass phrase"
SCRIPT = "/assets/app-1.js"
TEXT = "console.log('roost')\n" * 100


def publish(folder: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build a client of two files, by the builder of the stack."""
    node = FakeNode(made / "programs")
    monkeypatch.setenv("PATH", f"{node.programs}{os.pathsep}{os.environ['PATH']}")
    sources = made / "web"
    (sources / "src").mkdir(parents=True)
    (sources / "package-lock.json").write_text("{}")
    (sources / "index.html").write_text("<!doctype html><head><title>Roost</title></head>")
    (sources / "src" / "app.js").write_text(TEXT)
    build(folder, sources)


@pytest.mark.asyncio(loop_scope="session")
async def test_web_client(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        shared.stack.edge() as edge,
        httpx2.AsyncClient(base_url=edge.address, trust_env=False) as browser,
    ):
        await there_is_none_at_first(browser)
        publish(shared.stack.state.data("web"), tmp_path, monkeypatch)
        await it_comes_without_a_restart(browser)
        await its_files_pass_the_edge_as_they_are(browser)
        await the_api_stays_the_api(browser)
        await a_public_post_has_a_preview_and_a_protected_one_has_none(edge, browser)
        await a_browser_is_signed_in_by_its_cookie(edge, browser)


async def there_is_none_at_first(browser: httpx2.AsyncClient) -> None:
    for path in ("/", "/docs", "/docs/problems.html"):
        page = await browser.get(path)

        assert page.status_code == 200, path
        assert "make web" in page.text, path


async def it_comes_without_a_restart(browser: httpx2.AsyncClient) -> None:
    async def is_there() -> bool:
        # Each of the gateways looks for itself.
        pages = [await browser.get("/") for _ in range(10)]
        return all("<title>Roost</title></head>" in each.text for each in pages)

    await eventually(is_there)


async def its_files_pass_the_edge_as_they_are(browser: httpx2.AsyncClient) -> None:
    script = await browser.get(SCRIPT, headers={"accept-encoding": "identity"})
    missing = await browser.get("/assets/app-2.js")
    deep = await browser.get("/tags/a.b")
    again = await browser.get("/", headers={"if-none-match": deep.headers["etag"]})

    assert script.text == TEXT
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "ratelimit" not in script.headers
    assert missing.status_code == 404
    assert deep.status_code == 200
    assert again.status_code == 304
    (policy,) = deep.headers.get_list("content-security-policy")
    assert "require-trusted-types-for 'script'" in policy
    assert deep.headers.get_list("referrer-policy") == ["same-origin"]
    assert deep.headers.get_list("cache-control") == ["no-cache"]


async def the_api_stays_the_api(browser: httpx2.AsyncClient) -> None:
    for path in ("/v2/nothing", "/docs/nothing", "/graphql/nothing"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (404, "ROUTE_NOT_FOUND"), path


async def a_public_post_has_a_preview_and_a_protected_one_has_none(
    edge: Edge, browser: httpx2.AsyncClient
) -> None:
    author = await edge.register("wren", PASSWORD)
    post = await edge.post(author, "Two <b>herons</b>")
    limited = await edge.post(author, "for followers alone", visibility="followers")

    public = await browser.get(f"/posts/{post['id']}")
    private = await browser.get(f"/posts/{limited['id']}")
    profile = await browser.get("/@WREN")
    await edge.call("PATCH", "/v2/users/me", by=author, body={"protected": True})

    async def is_hidden() -> bool:
        paths = (f"/posts/{post['id']}", "/@wren")
        pages = [await browser.get(each) for each in paths]
        return all("og:title" not in each.text for each in pages)

    assert 'content="Two &lt;b&gt;herons&lt;/b&gt;"' in public.text
    assert "(@wren) on Roost</title>" in profile.text
    assert "followers" not in private.text
    await eventually(is_hidden)


async def a_browser_is_signed_in_by_its_cookie(edge: Edge, browser: httpx2.AsyncClient) -> None:
    ours = {"x-csrf": "1", "origin": edge.address, "sec-fetch-site": "same-origin"}
    body = {"handle": "robin", "password": PASSWORD}
    joined = await browser.post("/v2/cookie-sessions/users", json=body, headers=ours)
    foreign = await browser.post(
        "/v2/cookie-sessions/refresh", headers=ours | {"origin": "https://evil.example"}
    )
    refreshed = await browser.post("/v2/cookie-sessions/refresh", headers=ours)
    held = browser.cookies["roost-refresh"]
    token = {"authorization": f"Bearer {refreshed.json()['access_token']}"}
    me = await browser.get("/v2/users/me", headers=token)
    left = await browser.delete("/v2/cookie-sessions/current", headers=ours | token)
    kept = dict(browser.cookies)
    over = await browser.post(
        "/v2/cookie-sessions/refresh", headers=ours | {"cookie": f"roost-refresh={held}"}
    )

    assert joined.status_code == 201
    assert (foreign.status_code, foreign.json()["reason"]) == (403, "CROSS_SITE_REQUEST")
    assert refreshed.status_code == 200
    assert me.json()["handle"] == "robin"
    assert left.status_code == 204
    assert kept == {}
    assert over.status_code == 401
    assert over.headers["set-cookie"].startswith("roost-refresh=; ")
