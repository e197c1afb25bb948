"""The client of the load generator, against a server that answers byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.wire import KEY, Connection, request
from tests.unit.bench.serving import serving
from tests.waiting import LIMIT


@asynccontextmanager
async def connection_to(*chunks: bytes) -> AsyncIterator[tuple[Connection, "asyncio.Future[str]"]]:
    """A connection to a server that sends these chunks for each request, and how it was lost."""
    lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with serving(lambda _: chunks) as port:
        connection = await Connection.open(
            "127.0.0.1", port, on_lost=lambda error: lost.set_result(str(error))
        )
        try:
            yield connection, lost
        finally:
            connection.close()


async def test_an_answer_is_its_status_and_its_body() -> None:
    async with connection_to(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello") as (client, _):
        assert await client.exchange(request("GET", "/")) == (200, b"hello")


async def test_an_answer_may_come_in_pieces() -> None:
    whole = b"HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\nx-more: yes\r\n\r\n0123456789"
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]

    async with connection_to(*pieces) as (client, _):
        assert await client.exchange(request("GET", "/")) == (404, b"0123456789")


async def test_a_connection_is_used_for_one_request_after_another() -> None:
    async with connection_to(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}") as (client, _):
        for _ in range(3):
            assert await client.exchange(request("POST", "/", body={"a": 1})) == (201, b"{}")


async def test_an_answer_without_content_has_an_empty_body() -> None:
    async with connection_to(b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n") as (client, _):
        assert await client.exchange(request("DELETE", "/")) == (204, b"")


async def test_a_lost_connection_is_told() -> None:
    async with connection_to(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n") as (
        client,
        lost,
    ):
        client.send(request("GET", "/"), lambda *_: None)

        assert "Content-Length" in await asyncio.wait_for(lost, LIMIT)


def test_a_request_is_written_as_http() -> None:
    written = request("POST", "/v1/posts", token="abc", body={"text": "é"}, keyed=True)

    head, _, body = written.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /v1/posts HTTP/1.1"
    assert b"authorization: Bearer abc" in lines
    assert b"content-length: %d" % len(body) in lines
    assert written.count(KEY) == 1


@pytest.mark.parametrize("key", [KEY])
def test_a_key_is_as_long_as_the_digits_that_take_its_place(key: bytes) -> None:
    assert len(key) == len(b"%016d" % 1)
