"""Hostile bodies for POST /v1/posts, and the response that each must have."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx2

JSON = "application/json"


@dataclass(frozen=True)
class Row:
    """A body for POST /v1/posts and its response; an accepted body has no reason."""

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
    Row("override of direction", text("a\u202eb\u202c"), 422, "TEXT_INVALID"),
    Row("isolate of direction without its end", text("a\u2067b"), 422, "TEXT_INVALID"),
    # Right-to-left texts need them.
    Row("isolate of direction", text("a\u2067b\u2069"), 201),
    Row("mark of direction", text("a\u200fb"), 201),
    Row("only invisible", text("\u200b\u200b"), 422, "TEXT_EMPTY"),
    Row("only a blank letter", text("\u3164"), 422, "TEXT_EMPTY"),
    Row("marks out of order", text("a" + "\u0315" * 40 + "\u0300" * 40), 422, "TEXT_INVALID"),
    Row(
        "9,800 marks out of order",
        text("a" + "\u0315" * 4_900 + "\u0300" * 4_900),
        422,
        "TEXT_TOO_LONG",
    ),
    Row("one letter under 10,000 marks", text("a" + "\u0301" * 10_000), 422, "TEXT_TOO_LONG"),
    Row("a megabyte of text", text("x" * 1_000_000), 422, "TEXT_TOO_LONG"),
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


async def answered(client: httpx2.AsyncClient, row: Row, access_token: str) -> httpx2.Response:
    """The response to the row."""
    headers = {"authorization": f"Bearer {access_token}"}
    if row.content_type is not None:
        headers["content-type"] = row.content_type
    return await client.post("/v1/posts", content=row.body, headers=headers)


def check(row: Row, answer: httpx2.Response) -> None:
    """Raises AssertionError if the response is not the row's."""
    found = answer.status_code, answer.json().get("reason", "")
    assert found == (row.status, row.reason), f"{row.name}: {answer.text[:300]}"
    if row.reason:
        assert answer.headers["content-type"].startswith("application/problem+json")
