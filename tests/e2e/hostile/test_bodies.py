"""Hostile bodies and connections: each has its named response."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

import httpx2
import pytest

from local.edge import Edge
from tests.e2e.hostile.conftest import SignUp
from tests.hostile_bodies import ROWS, Row, answered, check

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="session")]


async def test_name_with_a_direction_override_is_refused(edge: Edge, sign_up: SignUp) -> None:
    user = await sign_up("turner")

    answer = await edge.send(
        "PATCH", "/v1/users/me", by=user, body={"display_name": "moc\u202eevil"}
    )

    assert (answer.status_code, answer.json()["reason"]) == (422, "VALIDATION_FAILED")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_body_has_its_named_answer(edge: Edge, sign_up: SignUp, row: Row) -> None:
    author = await sign_up(f"b{ROWS.index(row)}")

    async with httpx2.AsyncClient(base_url=edge.address, trust_env=False, timeout=30) as client:
        answer = await answered(client, row, author.access_token)

    check(row, answer)


async def response_to(address: str, *parts: bytes, close: bool = False) -> bytes:
    """The response of the edge to these bytes, on a new connection."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    received = b""
    # A server that refuses the rest of a body responds and resets the connection.
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
        if close:
            writer.write_eof()
        while more := await asyncio.wait_for(reader.read(65536), 45):
            received += more
    writer.close()
    return received


HEAD = b"POST /v1/sessions HTTP/1.1\r\nhost: roost\r\ncontent-type: application/json\r\n"


async def test_content_length_of_ten_megabytes_is_refused_at_once(edge: Edge) -> None:
    answer = await response_to(
        edge.address, HEAD + b"content-length: 10000000\r\n\r\n" + b"x" * 65536
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer


async def test_body_that_grows_too_large_is_cut_off(edge: Edge) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    answer = await response_to(
        edge.address, HEAD + b"transfer-encoding: chunked\r\n\r\n", chunk * 20
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer


async def test_headers_that_never_end_time_out(edge: Edge) -> None:
    answer = await response_to(
        edge.address, b"GET /v1/timelines/public HTTP/1.1\r\nhost: roost\r\nx-a: b"
    )

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TOO_SLOW" in answer


async def test_body_that_never_ends_times_out(edge: Edge) -> None:
    answer = await response_to(edge.address, HEAD + b'content-length: 100\r\n\r\n{"handle"')

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TOO_SLOW" in answer


async def test_half_closed_connection_is_closed_without_a_response(edge: Edge) -> None:
    answer = await response_to(edge.address, HEAD + b"content-length: 100\r\n\r\n{", close=True)

    assert answer == b""
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
async def test_body_of_ambiguous_length_is_refused(edge: Edge, smuggled: bytes) -> None:
    answer = await response_to(edge.address, HEAD + smuggled + b"\r\n0\r\n\r\n")

    assert answer.split(b" ")[1] in {b"400", b"501"}


async def test_many_idle_connections_do_not_block_a_request(edge: Edge) -> None:
    where = urlsplit(edge.address)
    idle = await asyncio.gather(
        *(asyncio.open_connection(where.hostname, where.port) for _ in range(1000))
    )

    answer = await edge.send("GET", "/v1/timelines/public")

    assert answer.status_code == 200
    for _, writer in idle:
        writer.close()
