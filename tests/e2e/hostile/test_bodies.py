"""Bodies and connections that mean no good: each has its named answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest

from local.edge import Edge
from tests.e2e.hostile.conftest import SignUp

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]

JSON = "application/json"


@dataclass(frozen=True)
class Row:
    """What is sent to POST /v1/posts, and what must come of it; no reason for what is taken."""

    name: str
    body: bytes
    status: int
    reason: str = ""
    content_type: str | None = JSON


def text(value: str) -> bytes:
    return json.dumps({"text": value}).encode()


ROWS = (
    Row("right", text("hello"), 201),
    Row("empty", b"", 400, "BODY_MALFORMED"),
    Row("white space", b" \n", 400, "BODY_MALFORMED"),
    Row("cut off", b'{"text": "hel', 400, "BODY_MALFORMED"),
    Row("two values", b'{"text": "a"} {}', 400, "BODY_MALFORMED"),
    Row("comment", b'{"text": "a"} // hi', 400, "BODY_MALFORMED"),
    Row("trailing comma", b'{"text": "a",}', 400, "BODY_MALFORMED"),
    Row("NaN", b'{"text": NaN}', 400, "BODY_MALFORMED"),
    Row("invalid UTF-8", b'{"text": "\xff\xfe"}', 400, "BODY_MALFORMED"),
    Row("overlong UTF-8", b'{"text": "\xc0\xaf"}', 400, "BODY_MALFORMED"),
    Row("surrogate in UTF-8", b'{"text": "\xed\xa0\x80"}', 400, "BODY_MALFORMED"),
    Row("UTF-16", '{"text": "a"}'.encode("utf-16"), 400, "BODY_MALFORMED"),
    Row("byte order mark", b'\xef\xbb\xbf{"text": "a"}', 400, "BODY_MALFORMED"),
    Row("raw NUL", b'{"text": "a\x00b"}', 400, "BODY_MALFORMED"),
    Row("escaped NUL", b'{"text": "a\\u0000b"}', 422, "TEXT_INVALID"),
    Row("lone surrogate", b'{"text": "\\ud800"}', 400, "BODY_MALFORMED"),
    Row("surrogates the wrong way round", b'{"text": "\\udc00\\ud800"}', 400, "BODY_MALFORMED"),
    Row("surrogate pair", b'{"text": "\\ud83d\\ude00"}', 201),
    # Right-to-left writing needs them; in names, where they could deceive, they are refused.
    Row("override of direction", text("a\u202eb"), 201),
    Row("isolate of direction", text("a\u2066b"), 201),
    Row("only invisible", text("\u200b\u200b"), 422, "TEXT_EMPTY"),
    Row("one letter under 10,000 marks", text("a" + "\u0301" * 10_000), 422, "VALIDATION_FAILED"),
    Row("a megabyte of text", text("x" * 1_000_000), 422, "VALIDATION_FAILED"),
    Row("deep lists", b"[" * 100_000 + b"]" * 100_000, 400, "BODY_MALFORMED"),
    Row("deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "BODY_MALFORMED"),
    Row("a name twice", b'{"text": "a", "text": "b"}', 400, "BODY_MALFORMED"),
    Row("a name twice, escaped", b'{"text": "a", "te\\u0078t": "b"}', 400, "BODY_MALFORMED"),
    Row("unknown name", b'{"text": "a", "admin": true}', 422, "VALIDATION_FAILED"),
    Row("prototype", b'{"text": "a", "__proto__": {}}', 422, "VALIDATION_FAILED"),
    Row("list", b'["text"]', 422, "VALIDATION_FAILED"),
    Row("null", b"null", 422, "VALIDATION_FAILED"),
    Row("text is a number", b'{"text": 1}', 422, "VALIDATION_FAILED"),
    Row("id is a number", b'{"text": "a", "reply_to_post_id": 5}', 422, "VALIDATION_FAILED"),
    Row(
        "id beyond int64",
        b'{"text": "a", "reply_to_post_id": "9223372036854775808"}',
        422,
        "VALIDATION_FAILED",
    ),
    Row(
        "id of 1,000 digits",
        b'{"text": "a", "reply_to_post_id": "' + b"9" * 1000 + b'"}',
        422,
        "VALIDATION_FAILED",
    ),
    Row("number of 100,000 digits", b'{"text": ' + b"9" * 100_000 + b"}", 422, "VALIDATION_FAILED"),
    Row("enormous exponent", b'{"text": 1e999999}', 422, "VALIDATION_FAILED"),
    Row("no type", text("a"), 415, "CONTENT_TYPE_NOT_SUPPORTED", None),
    Row("form", b"text=a", 415, "CONTENT_TYPE_NOT_SUPPORTED", "application/x-www-form-urlencoded"),
    Row("plain text", text("a"), 415, "CONTENT_TYPE_NOT_SUPPORTED", "text/plain"),
    Row("XML", b"<a/>", 415, "CONTENT_TYPE_NOT_SUPPORTED", "application/xml"),
    Row("Latin-1", text("a"), 415, "CONTENT_TYPE_NOT_SUPPORTED", f"{JSON}; charset=latin-1"),
    Row("two types", text("a"), 415, "CONTENT_TYPE_NOT_SUPPORTED", f"{JSON}, text/html"),
)


async def test_name_that_turns_its_direction_is_refused(edge: Edge, sign_up: SignUp) -> None:
    person = await sign_up("turner")

    answer = await edge.send(
        "PATCH", "/v1/users/me", by=person, body={"display_name": "moc\u202eevil"}
    )

    assert (answer.status_code, answer.json()["reason"]) == (422, "VALIDATION_FAILED")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_body_has_its_named_answer(edge: Edge, sign_up: SignUp, row: Row) -> None:
    author = await sign_up(f"b{ROWS.index(row)}")
    headers = {"authorization": f"Bearer {author.access_token}"}
    if row.content_type is not None:
        headers["content-type"] = row.content_type

    async with httpx2.AsyncClient(base_url=edge.address, trust_env=False, timeout=30) as client:
        answer = await client.post("/v1/posts", content=row.body, headers=headers)

    found = answer.status_code, answer.json().get("reason", "")
    assert found == (row.status, row.reason), answer.text[:300]
    if row.reason:
        assert answer.headers["content-type"].startswith("application/problem+json")


async def said(address: str, *parts: bytes, close: bool = False) -> bytes:
    """All that the edge says to these bytes, on a connection of their own."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    heard = b""
    # A server that has refused the rest of a body resets the connection once it has said so.
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
        if close:
            writer.write_eof()
        while more := await asyncio.wait_for(reader.read(65536), 45):
            heard += more
    writer.close()
    return heard


HEAD = b"POST /v1/sessions HTTP/1.1\r\nhost: roost\r\ncontent-type: application/json\r\n"


async def test_ten_megabytes_are_refused_as_soon_as_they_are_announced(edge: Edge) -> None:
    answer = await said(edge.address, HEAD + b"content-length: 10000000\r\n\r\n" + b"x" * 65536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer


async def test_body_that_grows_too_large_is_cut_off(edge: Edge) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    answer = await said(edge.address, HEAD + b"transfer-encoding: chunked\r\n\r\n", chunk * 20)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer


async def test_headers_that_never_end_are_given_up(edge: Edge) -> None:
    answer = await said(edge.address, b"GET /v1/timelines/public HTTP/1.1\r\nhost: roost\r\nx-a: b")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TOO_SLOW" in answer


async def test_body_that_never_ends_is_given_up(edge: Edge) -> None:
    answer = await said(edge.address, HEAD + b'content-length: 100\r\n\r\n{"handle"')

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TOO_SLOW" in answer


async def test_half_closed_connection_is_let_go(edge: Edge) -> None:
    await said(edge.address, HEAD + b"content-length: 100\r\n\r\n{", close=True)

    assert (await edge.send("GET", "/v1/timelines/public")).status_code == 200


@pytest.mark.parametrize(
    "smuggled",
    [
        pytest.param(b"content-length: 5\r\ncontent-length: 6\r\n", id="two lengths"),
        pytest.param(b"content-length: -1\r\n", id="negative length"),
        pytest.param(
            b"content-length: 5\r\ntransfer-encoding: chunked\r\n", id="length and chunks"
        ),
        pytest.param(b"transfer-encoding: xchunked\r\n", id="unknown encoding"),
    ],
)
async def test_body_of_doubtful_length_is_refused(edge: Edge, smuggled: bytes) -> None:
    answer = await said(edge.address, HEAD + smuggled + b"\r\n0\r\n\r\n")

    assert answer.split(b" ")[1] in {b"400", b"501"}


async def test_many_idle_connections_keep_nobody_out(edge: Edge) -> None:
    where = urlsplit(edge.address)
    idle = await asyncio.gather(
        *(asyncio.open_connection(where.hostname, where.port) for _ in range(1000))
    )

    answer = await edge.send("GET", "/v1/timelines/public")

    assert answer.status_code == 200
    for _, writer in idle:
        writer.close()
