"""Serving the build: types, encodings, caches, pages of the client, and what is missing."""

import fcntl
import gzip
import json

import pytest

from gateway.web.builds import BuildUnusable, read
from gateway.web.paths import API_PATHS
from services.chassis.runtime.clock import ManualClock
from tests.gateway.conftest import MEDIA_ORIGIN, Client
from tests.gateway.web.conftest import FILES, WebFolder, assert_asked_for_again

SCRIPT = "/assets/app-C0ffee42.js"
# An address of each kind that the client has.
PAGES = ["/", "/home", "/@nobody.1/media", "/tags/a.b", "/search", "/settings/profile", "/v2x"]
NO_PAGES = ["/assets/old-12345678.js", "/assets/", "/icons/8.png", "/robots.txt", "/old.js"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (SCRIPT, "text/javascript; charset=utf-8"),
        ("/assets/app-C0ffee42.css", "text/css; charset=utf-8"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/icons/192.png", "image/png"),
    ],
)
async def test_a_file_has_its_type(
    stranger: Client, built: WebFolder, path: str, kind: str
) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 200
    assert answer.text == FILES[path[1:]]
    assert answer.headers.get_list("content-type") == [kind]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("BR;q=1.0, gzip;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000", None),
        ("deflate", None),
        ("identity", None),
    ],
)
async def test_a_file_is_compressed_as_the_client_takes_it(
    stranger: Client, built: WebFolder, accepted: str, encoding: str | None
) -> None:
    answer = await stranger("HEAD", SCRIPT, headers={"accept-encoding": accepted})

    sizes = {
        "br": len(FILES[SCRIPT[1:]]) + 3,
        "gzip": len(gzip.compress(FILES[SCRIPT[1:]].encode())),
        None: len(FILES[SCRIPT[1:]]),
    }
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-length"] == str(sizes[encoding])
    assert answer.headers["vary"] == "accept-encoding"


async def test_the_compressed_bytes_are_those_of_the_file(
    stranger: Client, built: WebFolder
) -> None:
    answer = await stranger.get(SCRIPT, accept_encoding="gzip")

    assert answer.text == FILES[SCRIPT[1:]]  # the client undoes the encoding


async def test_what_a_hash_names_is_kept_for_a_year(stranger: Client, built: WebFolder) -> None:
    answer = await stranger.get(SCRIPT)

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/", "/home", "/sw.js", "/manifest.webmanifest"])
async def test_all_else_is_asked_for_again_and_costs_nothing_while_it_is_the_same(
    stranger: Client, built: WebFolder, path: str
) -> None:
    await assert_asked_for_again(stranger, path)


@pytest.mark.parametrize("path", PAGES)
async def test_a_path_of_the_client_is_its_page(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == FILES["index.html"]


@pytest.mark.parametrize("path", NO_PAGES)
async def test_a_file_that_is_missing_is_not_found_and_never_the_page(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (404, "ROUTE_NOT_FOUND")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", [f"{each.rstrip('/')}/nothing" for each in API_PATHS])
async def test_a_path_of_the_api_is_never_the_page(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 405),
        ("DELETE", SCRIPT, 405),
        ("POST", "/docs", 405),
        ("POST", "/livez", 405),
        ("POST", "/v2/nothing", 404),
    ],
)
async def test_the_client_is_only_read(
    stranger: Client, built: WebFolder, method: str, path: str, status: int
) -> None:
    answer = await stranger(method, path)

    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/", SCRIPT])
async def test_head_is_get_without_a_body(stranger: Client, built: WebFolder, path: str) -> None:
    whole = await stranger.get(path, accept_encoding="identity")
    head = await stranger("HEAD", path, headers={"accept-encoding": "identity"})

    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/assets/%2e%2e/%2e%2e/secret"])
async def test_nothing_outside_of_the_build_is_served(
    stranger: Client, built: WebFolder, path: str
) -> None:
    (built.folder / "secret").write_text("the master key")
    link = built.folder / "builds" / "1" / "link"
    link.symlink_to(built.folder / "secret")

    answers = [await stranger.get(each) for each in (path, "/link")]

    assert all("master" not in each.text for each in answers)


@pytest.mark.parametrize("path", ["/", SCRIPT, "/sw.js"])
async def test_the_pages_run_nothing_but_their_own_scripts(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    (policy,) = answer.headers.get_list("content-security-policy")
    said = dict(each.split(" ", 1) for each in policy.split("; "))
    assert said["default-src"] == said["base-uri"] == said["frame-ancestors"] == "'none'"
    assert said["script-src"] == said["style-src"] == said["worker-src"] == "'self'"
    assert (said["require-trusted-types-for"], said["trusted-types"]) == (
        "'script'",
        "roost-worker",
    )
    assert MEDIA_ORIGIN in said["img-src"].split()
    assert MEDIA_ORIGIN in said["media-src"].split()
    assert said["connect-src"] == (
        "'self' wss://roost.test https://media.roost.test https://uploads.roost.test"
    )
    assert "unsafe" not in policy
    assert answer.headers.get_list("referrer-policy") == ["same-origin"]
    assert answer.headers.get_list("cross-origin-opener-policy") == ["same-origin"]
    assert answer.headers.get_list("cross-origin-resource-policy") == ["same-origin"]
    assert "camera=()" in answer.headers["permissions-policy"]


async def test_a_build_that_finishes_is_served_without_a_restart(
    stranger: Client, web: WebFolder, web_clock: ManualClock
) -> None:
    before = await stranger.get("/")
    web.publish()
    web_clock.advance(1.0)

    after = await stranger.get("/")

    assert "not been built" in before.text
    assert after.text == FILES["index.html"]


async def test_a_newer_build_takes_the_place_of_the_one_before(
    stranger: Client, built: WebFolder, web_clock: ManualClock
) -> None:
    first = await stranger.get("/")
    built.publish(FILES | {"index.html": "<title>Newer</title>"})
    soon = await stranger.get("/")
    web_clock.advance(1.0)

    later = await stranger.get("/", if_none_match=first.headers["etag"])

    assert soon.text == first.text
    assert (later.status_code, later.text) == (200, "<title>Newer</title>")


async def test_a_build_without_a_page_leaves_the_one_before(
    stranger: Client, built: WebFolder, web_clock: ManualClock
) -> None:
    await stranger.get("/")
    built.publish({"assets/a.js": ""})
    web_clock.advance(1.0)

    assert (await stranger.get("/")).text == FILES["index.html"]
    with pytest.raises(BuildUnusable, match=r"index\.html"):
        read(built.folder / "build")


def status(web: WebFolder, **fields: str) -> None:
    (web.folder / "status.json").write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "It has not been built."),
        ({"state": "failed", "reason": "npm <b> is away."}, "npm &lt;b&gt; is away."),
        ({"state": "building"}, "Its build was interrupted."),
    ],
)
async def test_without_a_build_the_page_says_why_and_what_to_do(
    stranger: Client, web: WebFolder, fields: dict[str, str], said: str
) -> None:
    if fields:
        status(web, **fields)

    answer = await stranger.get("/tags/a.b")

    assert answer.status_code == 200
    assert said in answer.text
    assert "make web" in answer.text
    assert 'href="/docs"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in answer.headers["content-security-policy"]


async def test_while_it_is_built_the_page_says_so_and_opens_by_itself(
    stranger: Client, web: WebFolder
) -> None:
    status(web, state="building")
    with (web.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        answer = await stranger.get("/")

    assert "is being built" in answer.text
    assert 'http-equiv="refresh"' in answer.text
    assert "make web" not in answer.text


@pytest.mark.parametrize("path", ["/sw.js", "/assets/app.js", "/favicon.ico"])
async def test_without_a_build_no_file_is_a_page(
    stranger: Client, web: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 404
