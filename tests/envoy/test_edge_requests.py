"""Requests at the edge apart from tokens: limits, CORS, compression, logs."""

from __future__ import annotations

import asyncio
import gzip
import json
import struct
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.envoy.gateway import Answer, Gateway
from tests.envoy.issuer import Issuer, bearer
from tests.envoy.proxy import Proxy, eventually

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

MIB = 1024 * 1024
PAGE = json.dumps({"posts": [{"id": str(i), "text": "hello " * 9} for i in range(99)]}).encode()


def assert_problem(answer: httpx2.Response, status: int, reason: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "reason"} <= set(answer.json())
    assert (answer.json()["status"], answer.json()["reason"]) == (status, reason)
    assert answer.json()["type"] == f"/problems/{reason}"


async def test_a_browser_may_ask_from_an_allowed_origin(edge: httpx2.AsyncClient) -> None:
    preflight = {
        "origin": "https://app.example",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "authorization, idempotency-key, if-match",
    }

    answer = await edge.options("/v1/users/me", headers=preflight)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_browser_may_not_ask_from_another_origin(
    edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    preflight = {"origin": "https://evil.test", "access-control-request-method": "PATCH"}

    answer = await edge.options("/cors/other", headers=preflight)

    assert "access-control-allow-origin" not in answer.headers
    assert not any(gateway.seen("/cors/other") for gateway in gateways)


async def test_a_browser_can_read_the_problems_of_the_edge(edge: httpx2.AsyncClient) -> None:
    headers = {"origin": "https://app.example"} | bearer("not.a.token")

    answer = await edge.get("/", headers=headers)

    assert_problem(answer, 401, "TOKEN_INVALID")
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "ratelimit" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip", "gzip"), ("gzip, deflate, br", "br"), ("identity", None)]
)
async def test_json_is_compressed_as_the_client_accepts(
    edge: httpx2.AsyncClient, gateways: list[Gateway], accepted: str, encoding: str | None
) -> None:
    for gateway in gateways:
        gateway.answers["/page"] = lambda _: Answer(
            PAGE, headers={"content-type": "application/json", "etag": '"5"'}
        )

    async with edge.stream("GET", "/page", headers={"accept-encoding": accepted}) as answer:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["etag"] == ('W/"5"' if encoding else '"5"')
    if encoding:
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert len(body) < len(PAGE) / 5
    if encoding == "gzip":
        assert gzip.decompress(body) == PAGE


async def test_a_small_answer_is_left_as_it_is(edge: httpx2.AsyncClient) -> None:
    answer = await edge.get("/small", headers={"accept-encoding": "gzip, br"})

    assert "content-encoding" not in answer.headers


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536):
        yield bytes(65536)
    yield bytes(size % 65536)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_a_mebibyte_passes_and_more_does_not(
    edge: httpx2.AsyncClient, gateways: list[Gateway], chunked: bool
) -> None:
    def body(size: int) -> bytes | AsyncIterator[bytes]:
        return chunks(size) if chunked else bytes(size)

    path = f"/bodies/{chunked}"
    fits = await edge.post(path, content=body(MIB))
    exceeds = await edge.post(path, content=body(MIB + 1))

    assert fits.status_code == 200
    assert_problem(exceeds, 413, "BODY_TOO_LARGE")
    (request,) = [each for gateway in gateways for each in gateway.seen(path)]
    assert len(request.body) == MIB


async def test_too_many_or_too_large_headers_are_refused(edge: httpx2.AsyncClient) -> None:
    many = await edge.get("/", headers={f"x-{i}": "1" for i in range(70)})
    large = await edge.get("/", headers={"x-large": "x" * 17_000})

    assert_problem(many, 431, "HEADERS_TOO_LARGE")
    assert_problem(large, 431, "HEADERS_TOO_LARGE")


async def test_headers_and_paths_with_two_readings_are_refused(edge: httpx2.AsyncClient) -> None:
    underscore = await edge.get("/", headers={"x_user": "7"})
    slash = await edge.get("/v1%2fusers")

    assert_problem(underscore, 400, "PARAMETER_INVALID")
    assert_problem(slash, 400, "PARAMETER_INVALID")


@pytest.mark.parametrize("method", ["QUERY", "TRACE", "PROPFIND", "FROB", "X" * 1000])
async def test_a_method_that_roost_does_not_speak_is_refused_with_those_it_does(
    edge: httpx2.AsyncClient, gateways: list[Gateway], method: str
) -> None:
    path = f"/methods/{method}"

    answer = await edge.request(method, path)

    assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert not any(gateway.seen(path) for gateway in gateways)


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
async def test_methods_that_roost_speaks_pass(edge: httpx2.AsyncClient, method: str) -> None:
    assert (await edge.request(method, f"/spoken/{method}")).status_code == 200


async def test_what_is_no_method_at_all_is_refused(proxy: Proxy) -> None:
    host, _, port = proxy.edge.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GE@T / HTTP/1.1\r\nhost: roost\r\n\r\n")

    refused = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert refused.startswith(b"HTTP/1.1 400 ")


async def test_a_path_reaches_the_gateway_in_its_one_form(
    edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    address = edge.base_url.netloc.decode().split(":")
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET /a/../one//form?q=//x HTTP/1.1\r\nhost: roost\r\n\r\n")

    assert await reader.readuntil(b"\r\n\r\n")
    writer.close()

    (request,) = [each for gateway in gateways for each in gateway.seen("/one/form")]
    assert request.path == "/one/form?q=//x"


async def test_an_answer_that_takes_too_long_is_given_up(
    impatient_edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    for gateway in gateways:
        gateway.answers["/slow"] = lambda _: None

    assert_problem(await impatient_edge.get("/slow"), 504, "DEADLINE_EXCEEDED")


async def test_http2_is_spoken_with_few_streams_and_websockets(proxy: Proxy) -> None:
    host, _, port = proxy.edge.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))

    head = await reader.readexactly(9)
    body = await reader.readexactly(int.from_bytes(head[:3], "big"))
    writer.close()

    assert head[3] == 4  # SETTINGS
    settings = dict(struct.iter_unpack("!HI", body))
    assert settings[3] == 100  # MAX_CONCURRENT_STREAMS
    assert settings[8] == 1  # ENABLE_CONNECT_PROTOCOL, RFC 8441


@pytest.mark.parametrize("path", ["/v1/stream", "/graphql"])
async def test_a_websocket_is_carried_both_ways(proxy: Proxy, path: str) -> None:
    host, _, port = proxy.edge.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET {path} HTTP/1.1\r\nhost: roost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )

    switched = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"frame")
    echoed = await reader.readexactly(5)
    writer.close()

    assert switched.startswith(b"HTTP/1.1 101 ")
    assert echoed == b"frame"


async def test_no_other_route_is_upgraded(proxy: Proxy) -> None:
    host, _, port = proxy.edge.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET /v1/posts HTTP/1.1\r\nhost: roost\r\n"
        b"connection: Upgrade\r\nupgrade: websocket\r\n\r\n"
    )

    refused = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert refused.startswith(b"HTTP/1.1 404 ")


async def test_trace_and_request_id_reach_the_gateway_and_the_log(
    proxy: Proxy, edge: httpx2.AsyncClient, gateways: list[Gateway], issuer: Issuer
) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    token = issuer.token(7)

    answer = await edge.get(
        "/logged?ticket=secret",
        headers={"traceparent": traceparent, "tracestate": "vendor=secret"} | bearer(token),
    )

    request_id = answer.headers["x-request-id"]
    (request,) = [each for gateway in gateways for each in gateway.seen("/logged")]
    assert request.headers["x-request-id"] == request_id
    assert request.headers["traceparent"] == traceparent
    assert "tracestate" not in request.headers
    entry = await eventually(lambda: proxy.logged(request_id))
    assert entry is not None
    assert entry["method"] == "GET"
    assert entry["path"] == "/logged"
    assert entry["status"] == 200
    assert entry["user"] == "7"
    assert entry["traceparent"] == traceparent
    assert entry["upstream"] in {gateway.address for gateway in gateways}
    assert {"flags", "bytes_sent", "duration_ms", "address"} <= set(entry)
    assert "secret" not in json.dumps(entry)
    assert token not in json.dumps(entry)


async def test_what_runs_behind_the_edge_is_not_told(edge: httpx2.AsyncClient) -> None:
    answer = await edge.get("/names")

    assert answer.headers["server"] == "roost"
    assert not [name for name in answer.headers if name.startswith(("x-envoy-", "x-ratelimit-"))]


async def test_an_answer_of_the_edge_itself_is_no_page(edge: httpx2.AsyncClient) -> None:
    answers = [
        await edge.get("/", headers=bearer("not.a.token")),
        await edge.request("TRACE", "/"),
        await edge.get("/", headers={"connection": "upgrade", "upgrade": "websocket"}),
        await edge.get("/", headers={"x-large": "x" * 17_000}),
        await edge.get("/v1%2fusers"),
    ]

    assert [answer.status_code for answer in answers] == [401, 405, 404, 431, 400]
    for answer in answers:
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
        assert answer.headers["cache-control"] == "no-store"
        (policy,) = answer.headers.get_list("content-security-policy")
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "strict-transport-security" not in answer.headers  # without TLS of its own


async def test_what_the_gateway_says_to_browsers_stays(
    edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    said = {
        "content-security-policy": "default-src 'self'",
        "cache-control": "public, max-age=300",
        "x-content-type-options": "nosniff",
    }
    for gateway in gateways:
        gateway.answers["/page-of-its-own"] = lambda _: Answer(b"", headers=said)

    answer = await edge.get("/page-of-its-own")

    assert {name: answer.headers.get_list(name) for name in said} == {
        name: [value] for name, value in said.items()
    }
