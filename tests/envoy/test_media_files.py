"""Media files through the cache, from the real object store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from local.parts.seaweedfs import S3
from tests.envoy.files import CONTENT, IMMUTABLE, Files, cached, is_from_cache
from tests.envoy.gateway import Answer, CutOff, Gateway, Request, serving
from tests.envoy.proxy import Proxy, eventually, running

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

# Every header that the listener sends with a file.
SENT = {
    "accept-ranges",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "age",
    "cache-control",
    "cache-tag",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "last-modified",
    "server",
    "surrogate-key",
    "x-content-type-options",
}


async def test_a_file_comes_from_the_store_once_and_then_from_the_cache(
    media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put()

    first = await media.get(stored.address)
    files.delete(stored)
    second = await cached(media, stored.address)

    assert (first.status_code, first.content, is_from_cache(first)) == (200, CONTENT, False)
    assert (second.status_code, second.content) == (200, CONTENT)


async def test_a_browser_gets_an_inert_file_for_pages_of_any_site(
    media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put()

    for answer in (await media.get(stored.address), await cached(media, stored.address)):
        assert set(answer.headers) <= SENT
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == IMMUTABLE
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["server"] == "roost"
        assert answer.headers["surrogate-key"] == stored.folder
        assert answer.headers["cache-tag"] == stored.folder


async def test_a_closed_file_is_kept_by_its_reader_alone_and_no_longer_than_its_token(
    media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put("p")

    for _ in range(2):
        answer = await media.get(stored.address)

        assert (answer.status_code, answer.content) == (200, CONTENT)
        private, seconds, immutable = answer.headers["cache-control"].split(", ")
        assert (private, immutable) == ("private", "immutable")
        assert 0 < int(seconds.removeprefix("max-age=")) <= 1800
        assert answer.headers["surrogate-key"] == stored.folder


async def test_hosts_queries_and_credentials_share_one_entry(
    media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put()
    await cached(media, stored.address)

    for query, headers in [
        ("?v=2", {}),
        ("", {"host": "evil.example"}),
        ("", {"cookie": "a=b"}),
        ("", {"authorization": "Bearer token"}),
        ("", {"cache-control": "no-cache"}),
        ("", {"pragma": "no-cache"}),
        ("", {"origin": "https://web.example"}),
        ("", {"accept-encoding": "gzip"}),
    ]:
        answer = await media.get(stored.address + query, headers=headers)

        assert (answer.status_code, is_from_cache(answer)) == (200, True), headers
        assert answer.content == CONTENT


async def test_many_who_come_for_a_cold_file_make_one_request_to_the_store(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put()
    before = await cdn.count("cluster.media_store.upstream_rq_200")

    answers = await asyncio.gather(*(media.get(stored.address) for _ in range(20)))

    assert all(each.content == CONTENT for each in answers)
    assert await cdn.count("cluster.media_store.upstream_rq_200") == before + 1


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=10-19", 10, 19),
        ("bytes=-10", 99_990, 99_999),
        ("bytes=99990-", 99_990, 99_999),
        ("bytes=0-0", 0, 0),
        ("bytes=99990-200000", 99_990, 99_999),
    ],
)
async def test_a_part_of_a_file_is_served_cold_and_warm(
    media: httpx2.AsyncClient, files: Files, asked: str, first: int, last: int
) -> None:
    stored = files.put()

    for state in ("cold", "warm"):
        if state == "warm":
            await cached(media, stored.address)
        answer = await media.get(stored.address, headers={"range": asked})

        assert answer.status_code == 206
        assert answer.content == CONTENT[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{last}/100000"


@pytest.mark.parametrize("asked", ["bytes=100000-", "bytes=-0"])
async def test_a_part_beyond_the_end_is_refused(
    media: httpx2.AsyncClient, files: Files, asked: str
) -> None:
    stored = files.put()

    for state in ("cold", "warm"):
        if state == "warm":
            await cached(media, stored.address)
        answer = await media.get(stored.address, headers={"range": asked})

        assert (answer.status_code, answer.content) == (416, b"")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=x", "bytes=9-3"])
async def test_a_range_that_is_not_one_part_gets_the_whole_file(
    media: httpx2.AsyncClient, files: Files, asked: str
) -> None:
    stored = files.put()

    for state in ("cold", "warm"):
        if state == "warm":
            await cached(media, stored.address)
        answer = await media.get(stored.address, headers={"range": asked})

        assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("prefix", ["m", "p"])
async def test_an_unchanged_file_is_not_sent_again(
    media: httpx2.AsyncClient, files: Files, prefix: str
) -> None:
    stored = files.put(prefix)
    known = await media.get(stored.address)

    by_tag = await media.get(stored.address, headers={"if-none-match": known.headers["etag"]})
    by_date = await media.get(
        stored.address, headers={"if-modified-since": known.headers["last-modified"]}
    )

    for answer in (by_tag, by_date):
        assert (answer.status_code, answer.content) == (304, b"")
        assert "no-store" not in answer.headers.get("cache-control", "")
        assert set(answer.headers) <= SENT


async def test_head_says_what_get_would_send(media: httpx2.AsyncClient, files: Files) -> None:
    stored = files.put()

    for state in ("cold", "warm"):
        if state == "warm":
            await cached(media, stored.address)
        answer = await media.head(stored.address)

        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(len(CONTENT))


async def test_a_playlist_and_its_segments_play_from_a_page_of_another_site(
    media: httpx2.AsyncClient, files: Files
) -> None:
    playlist = files.put("p", content=b"#EXTM3U\n" * 500, content_type="application/x-mpegurl")
    asked = {
        "origin": "https://web.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "range",
    }

    preflight = await media.options(playlist.address, headers=asked)
    answer = await media.get(
        playlist.address, headers={"origin": "https://web.example", "accept-encoding": "gzip, br"}
    )

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "range" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "content-range" in answer.headers["access-control-expose-headers"]
    assert answer.content == b"#EXTM3U\n" * 500


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
async def test_nothing_can_be_changed(media: httpx2.AsyncClient, files: Files, method: str) -> None:
    stored = files.put()

    answer = await media.request(method, stored.address)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (await media.get(stored.address)).status_code == 200


@pytest.mark.parametrize("prefix", ["m", "p"])
async def test_an_unknown_file_is_not_found_until_it_exists(
    media: httpx2.AsyncClient, files: Files, prefix: str
) -> None:
    place = files.unknown(prefix)

    absent = [await media.get(place.address) for _ in range(2)]
    files.put_at(place)
    present = await media.get(place.address)

    for answer in absent:
        assert (answer.status_code, answer.content) == (404, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert set(answer.headers) <= SENT
    assert (present.status_code, present.content) == (200, CONTENT)


async def test_a_restart_keeps_the_cache(tmp_path: Path, s3: S3, files: Files) -> None:
    stored = files.put()
    answers = []
    for _ in range(2):
        async with (
            running(tmp_path, s3, GATEWAY_ENDPOINTS=[]) as proxy,
            httpx2.AsyncClient(base_url=proxy.media, timeout=60) as client,
        ):
            answers.append(await client.get(stored.address))
            await cached(client, stored.address)

    assert [each.content for each in answers] == [CONTENT, CONTENT]
    assert [is_from_cache(each) for each in answers] == [False, True]


async def test_the_cache_has_a_limit_on_disk(tmp_path: Path, s3: S3, files: Files) -> None:
    async with (
        running(tmp_path, s3, GATEWAY_ENDPOINTS=[], MEDIA_CACHE_FILES="5") as proxy,
        httpx2.AsyncClient(base_url=proxy.media, timeout=60) as client,
    ):
        for _ in range(30):
            assert (await client.get(files.put().address)).status_code == 200

        def is_within_the_limit() -> bool:
            return 0 < len(list((tmp_path / "media").iterdir())) <= 6

        await eventually(is_within_the_limit)


# ---------------------------------------------------------------- a store whose answers we choose

fixture = pytest_asyncio.fixture(loop_scope="session")


def stored_now() -> dict[str, str]:
    """The headers of an answer that may be cached."""
    return {"Cache-Control": IMMUTABLE, "Date": formatdate(usegmt=True)}


def cut_off(_: Request) -> Answer:
    raise CutOff


@fixture
async def fake() -> AsyncIterator[Gateway]:
    async with serving(Gateway("store", jwks=None)) as store:
        yield store


@fixture
async def front(tmp_path: Path, fake: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """The listener, in front of the fake store."""
    store = S3(f"http://{fake.address}", "files", "reader", "quokka")
    async with (
        running(tmp_path, store, GATEWAY_ENDPOINTS=[], MEDIA_SECONDS="1") as proxy,
        httpx2.AsyncClient(base_url=proxy.media, timeout=60) as client,
    ):
        yield client


async def test_the_store_gets_a_signed_request_without_a_word_of_the_client(
    front: httpx2.AsyncClient, fake: Gateway
) -> None:
    fake.answers["/files/m/a/b.webp"] = lambda _: Answer(CONTENT)

    await front.get(
        "/m/a/b.webp?list-type=2&prefix=p",
        headers={
            "authorization": "Bearer mine",
            "cookie": "a=b",
            "origin": "https://web.example",
            "accept-encoding": "gzip",
            "x-amz-security-token": "mine",
            "x-amz-acl": "public-read-write",
            "x-media-token": "mine",
            "if-none-match": '"1"',
        },
    )

    [request] = fake.requests
    assert (request.method, request.path) == ("GET", "/files/m/a/b.webp")
    assert request.headers["host"] == fake.address
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=reader/")
    assert set(request.headers) == {
        "host",
        "authorization",
        "if-none-match",
        "x-amz-content-sha256",
        "x-amz-date",
    }


async def test_nobody_sees_the_headers_of_the_store(
    front: httpx2.AsyncClient, fake: Gateway
) -> None:
    fake.answers["/files/m/a/b.webp"] = lambda _: Answer(
        CONTENT,
        headers={
            **stored_now(),
            "Content-Type": "image/webp",
            "Vary": "Origin",
            "Server": "SeaweedFS",
            "Set-Cookie": "a=b",
            "x-amz-request-id": "1",
            "Seaweed-X-Amz-Owner": "admin",
            "Access-Control-Allow-Origin": "https://web.example",
            "Access-Control-Allow-Credentials": "true",
        },
    )

    for answer in (await front.get("/m/a/b.webp"), await cached(front, "/m/a/b.webp")):
        assert answer.content == CONTENT
        assert set(answer.headers) <= SENT
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
        assert answer.headers["server"] == "roost"


@pytest.mark.parametrize(
    ("status", "shown"), [(403, 404), (404, 404), (400, 400), (500, 503), (503, 503)]
)
async def test_nobody_sees_an_error_of_the_store(
    front: httpx2.AsyncClient, fake: Gateway, status: int, shown: int
) -> None:
    body = b"<Error><BucketName>files</BucketName></Error>"
    fake.answers["/files/m/a/b.webp"] = lambda _: Answer(
        body, status=status, headers={"content-type": "application/xml", "cache-control": IMMUTABLE}
    )

    for _ in range(2):
        answer = await front.get("/m/a/b.webp")

        assert (answer.status_code, answer.content) == (shown, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert "content-type" not in answer.headers
        assert not is_from_cache(answer)
    assert len(fake.requests) == 2


async def test_a_store_that_does_not_answer_is_unavailable_within_the_deadline(
    front: httpx2.AsyncClient, fake: Gateway
) -> None:
    fake.answers["/files/m/a/b.webp"] = lambda _: None

    answer = await front.get("/m/a/b.webp")

    assert (answer.status_code, answer.content) == (503, b"")
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_store_that_is_down_is_unavailable_and_known_files_are_not(
    front: httpx2.AsyncClient, fake: Gateway
) -> None:
    fake.answers["/files/m/a/known.webp"] = lambda _: Answer(CONTENT, headers=stored_now())
    await cached(front, "/m/a/known.webp")
    fake.answers["/files/m/a/known.webp"] = cut_off
    fake.answers["/files/m/a/other.webp"] = cut_off

    known, other = await front.get("/m/a/known.webp"), await front.get("/m/a/other.webp")

    assert (known.status_code, known.content) == (200, CONTENT)
    assert (other.status_code, other.content) == (503, b"")
