"""Families of routes: a full one is refused while the others answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio

from local.envoy_template import families
from services.chassis.runtime.manifest import deployed
from tests.envoy.gateway import Answer, Gateway, Request, serving
from tests.envoy.issuer import Issuer
from tests.envoy.proxy import Proxy, eventually, running
from tests.gateway.route_cases import CASES, Case
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="module")]

module = pytest_asyncio.fixture(scope="module", loop_scope="module")

PLACES = 2  # the limit of each family, small so that it is soon reached
# A route belongs to the family of the service that it waits for first.
FAMILIES = {
    "user": "gateway_people",
    "post": "gateway_posts",
    "timeline": "gateway_timelines",
    "notification": "gateway_notifications",
    "media": "gateway_media",
    "search": "gateway_search",
}
LOGINS = {
    "register",
    "register_with_cookie",
    "sign_in",
    "sign_in_with_cookie",
    "change_password",
    "delete_me",
}
# A request of each family.
ASKED = {
    "gateway_people": ("PUT", "/v2/users/7/follow"),
    "gateway_posts": ("GET", "/v1/posts/7"),
    "gateway_timelines": ("GET", "/v2/timelines/home"),
    "gateway_notifications": ("GET", "/v2/notifications"),
    "gateway_media": ("GET", "/v2/media/7"),
    "gateway_search": ("GET", "/v2/trends"),
    "gateway_logins": ("POST", "/v1/sessions"),
    "gateway_graphql": ("POST", "/graphql"),
    "gateway": ("GET", "/docs"),
}
BODY = b'{"text": "hello"}'


def family_of(case: Case) -> str:
    if case.name in LOGINS:
        return "gateway_logins"
    return FAMILIES[case.answer.DESCRIPTOR.full_name.split(".")[1]]


class Held:
    """Requests to a path that stay unanswered."""

    def __init__(self) -> None:
        self.waiting = 0

    def __call__(self, _: Request) -> Answer | None:
        self.waiting += 1
        return None


@module
async def gateway() -> AsyncIterator[Gateway]:
    async with serving(Gateway("only", jwks=Issuer().jwks())) as gateway:
        yield gateway


@module
async def proxy(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway) -> AsyncIterator[Proxy]:
    buckets = dict.fromkeys(("RATE_LOGINS", "RATE_STRANGERS"), "100000")
    async with running(
        tmp_path_factory.mktemp("envoy"),
        GATEWAY_ENDPOINTS=[gateway.address],
        MAX_REQUESTS=str(PLACES),
        **buckets,
    ) as proxy:
        yield proxy


@module
async def client(proxy: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=proxy.edge, timeout=LIMIT) as client:
        yield client


@contextlib.asynccontextmanager
async def full(
    family: str, proxy: Proxy, client: httpx2.AsyncClient, gateway: Gateway
) -> AsyncIterator[None]:
    """Take every place of the family until the block is left."""
    method, path = ASKED[family]
    held = gateway.answers[path] = Held()
    left = f"cluster.{family}.circuit_breakers.default.remaining_rq"
    requests = [asyncio.ensure_future(client.request(method, path)) for _ in range(PLACES)]
    try:
        await eventually(lambda: held.waiting == PLACES)
        assert await proxy.count(left) == 0
        yield
    finally:
        del gateway.answers[path]
        for each in requests:
            each.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

        async def is_empty() -> bool:
            return await proxy.count(left) == PLACES

        await eventually(is_empty)


async def connected(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    where = urlsplit(proxy.edge)
    return await asyncio.open_connection(where.hostname, where.port)


def posting(length: int) -> bytes:
    return (
        b"POST /v1/posts HTTP/1.1\r\nhost: roost\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n" % length
    )


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read the head and the body of an answer; the connection stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (
        int(line.split(b": ")[1]) for line in head.split(b"\r\n") if b"content-length" in line
    )
    return head, await reader.readexactly(length)


async def test_every_family_has_a_request_here() -> None:
    named = {f"gateway_{each.name}" for each in families(deployed())}

    assert set(ASKED) == named | {"gateway", "gateway_graphql"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"v{case.version.number}-{case.name}")
async def test_a_route_goes_to_the_family_of_the_service_that_it_waits_for(
    proxy: Proxy, client: httpx2.AsyncClient, case: Case
) -> None:
    stat = f"cluster.{family_of(case)}.upstream_rq_total"
    before = await proxy.count(stat)

    await client.request(case.method, case.path, **case.request)

    assert await proxy.count(stat) == before + 1


@pytest.mark.parametrize("family", ASKED)
async def test_a_full_family_is_refused_at_once_and_all_others_answer(
    proxy: Proxy, client: httpx2.AsyncClient, gateway: Gateway, family: str
) -> None:
    method, path = ASKED[family]
    overflow = f"cluster.{family}.upstream_rq_active_overflow"

    async with full(family, proxy, client, gateway):
        before = await proxy.count(overflow)
        refused = [await client.request(method, path) for _ in range(8)]
        counted = await proxy.count(overflow) - before
        others = [await client.request(*ASKED[each]) for each in ASKED if each != family]

    assert {answer.status_code for answer in others} == {200}
    for answer in refused:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reason"] == "OVERLOADED"
    assert counted == 8
    # Not retried, and not counted against the gateway.
    assert await proxy.count(f"cluster.{family}.upstream_rq_retry") == 0
    assert await proxy.count(f"cluster.{family}.outlier_detection.ejections_enforced_total") == 0
    assert (await client.request(method, path)).status_code == 200


async def test_websockets_take_no_place_and_need_none(
    proxy: Proxy, client: httpx2.AsyncClient, gateway: Gateway
) -> None:
    upgrade = (
        b"GET /v1/stream HTTP/1.1\r\nhost: roost\r\n"
        b"connection: Upgrade\r\nupgrade: websocket\r\n\r\n"
    )
    opened = []
    async with full("gateway_people", proxy, client, gateway):
        for _ in range(PLACES + 1):
            reader, writer = await connected(proxy)
            writer.write(upgrade)
            opened.append((await reader.readuntil(b"\r\n\r\n"), writer))

    answer = await client.request(*ASKED["gateway_people"])

    assert all(switched.startswith(b"HTTP/1.1 101 ") for switched, _ in opened)
    assert answer.status_code == 200
    for _, writer in opened:
        writer.close()


async def test_who_sends_slowly_takes_no_place(proxy: Proxy, gateway: Gateway) -> None:
    slow = [await connected(proxy) for _ in range(PLACES)]
    before = len(gateway.seen("/v1/posts"))
    for _, writer in slow:
        writer.write(posting(len(BODY)) + BODY[:4])
        await writer.drain()

    async def half_is_here() -> bool:
        return await proxy.count("http.edge.downstream_rq_active") >= PLACES

    await eventually(half_is_here)
    reader, writer = await connected(proxy)
    writer.write(posting(len(BODY)) + BODY)
    quick, _ = await read_answer(reader)
    forwarded = len(gateway.seen("/v1/posts")) - before
    for _, each in slow:
        each.write(BODY[4:])
    late = [(await read_answer(each))[0] for each, _ in slow]

    assert quick.startswith(b"HTTP/1.1 200 ")
    assert forwarded == 1
    assert all(head.startswith(b"HTTP/1.1 200 ") for head in late)
    assert {each.body for each in gateway.seen("/v1/posts")[before:]} == {BODY}
    for _, each in [*slow, (reader, writer)]:
        each.close()


async def test_a_refused_write_is_heard_out_and_its_connection_stays(
    proxy: Proxy, client: httpx2.AsyncClient, gateway: Gateway
) -> None:
    reader, writer = await connected(proxy)
    async with full("gateway_posts", proxy, client, gateway):
        writer.write(posting(len(BODY)) + BODY)
        refused, problem = await read_answer(reader)

    writer.write(posting(len(BODY)) + BODY)
    answered, _ = await read_answer(reader)

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b'"reason":"OVERLOADED"' in problem
    assert answered.startswith(b"HTTP/1.1 200 ")
    writer.close()
