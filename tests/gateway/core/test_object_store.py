"""Parts put to presigned addresses: their bytes, and what goes wrong."""

from collections.abc import Callable

import httpx2
import pytest

from gateway.core.object_store import AddressRefused, ObjectStore
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable

URL = "https://s3.roost.test/roost-media/u/key?partNumber=1&X-Amz-Signature=abc"
CHUNKS = [b"abc", b"", b"defgh", b"i"]

Answer = Callable[[httpx2.Request], httpx2.Response]


def store_of(answer: Answer) -> ObjectStore:
    return ObjectStore(httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))


@pytest.fixture
def seen() -> list[httpx2.Request]:
    return []


@pytest.fixture
def store(seen: list[httpx2.Request]) -> ObjectStore:
    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200)

    return store_of(answer)


@pytest.mark.parametrize(
    ("start", "size", "content"),
    [
        (0, 9, b"abcdefghi"),
        (0, 3, b"abc"),
        (0, 4, b"abcd"),
        (2, 5, b"cdefg"),
        (3, 5, b"defgh"),
        (8, 1, b"i"),
    ],
)
async def test_a_part_has_exactly_its_bytes_and_says_how_many(
    store: ObjectStore, seen: list[httpx2.Request], start: int, size: int, content: bytes
) -> None:
    await store.put(URL, CHUNKS, start=start, size=size)

    (request,) = seen
    assert (request.method, str(request.url)) == ("PUT", URL)
    assert request.content == content
    assert request.headers["content-length"] == str(size)
    assert "transfer-encoding" not in request.headers


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, AddressRefused), (404, AddressRefused), (400, Unavailable), (503, Unavailable)],
)
async def test_a_part_that_is_not_taken_is_an_error(status: int, error: type[Unavailable]) -> None:
    store = store_of(lambda _: httpx2.Response(status))

    with pytest.raises(Unavailable) as refused:
        await store.put(URL, CHUNKS, start=0, size=9)

    assert type(refused.value) is error


async def test_an_object_store_that_is_away_is_unavailable() -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    with pytest.raises(Unavailable):
        await store_of(away).put(URL, CHUNKS, start=0, size=9)


async def test_nothing_is_put_when_too_little_time_is_left(
    store: ObjectStore, seen: list[httpx2.Request]
) -> None:
    with deadline.within(0.1), pytest.raises(DeadlineExceeded):
        await store.put(URL, CHUNKS, start=0, size=9)

    assert seen == []
