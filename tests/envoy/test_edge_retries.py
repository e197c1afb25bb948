"""Retries at the edge: a read without an answer once, a write never."""

from __future__ import annotations

import httpx2
import pytest

from tests.envoy.gateway import Answer, CutOff, Gateway, Request
from tests.envoy.proxy import Proxy

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]


def seen(gateways: list[Gateway], path: str) -> list[str]:
    return [gateway.name for gateway in gateways for _ in gateway.seen(path)]


def cut_first(gateways: list[Gateway], path: str) -> None:
    """Cut off the first request of the path, at either gateway."""
    cut = False

    def answer(_: Request) -> Answer:
        nonlocal cut
        if not cut:
            cut = True
            raise CutOff
        return Answer()

    for gateway in gateways:
        gateway.answers[path] = answer


async def test_a_read_that_breaks_off_is_tried_at_another_gateway(
    proxy: Proxy, edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    cut_first(gateways, "/retry/read")
    before = await proxy.count("cluster.gateway.upstream_rq_retry_success")

    answer = await edge.get("/retry/read")

    assert answer.status_code == 200
    assert sorted(seen(gateways, "/retry/read")) == ["one", "two"]
    assert await proxy.count("cluster.gateway.upstream_rq_retry_success") == before + 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_that_breaks_off_is_not_tried_again(
    edge: httpx2.AsyncClient, gateways: list[Gateway], method: str
) -> None:
    path = f"/retry/{method}"
    cut_first(gateways, path)

    answer = await edge.request(method, path)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["reason"] == "DEPENDENCY_UNAVAILABLE"
    assert len(seen(gateways, path)) == 1


async def test_an_answer_is_not_tried_again_whatever_it_says(
    edge: httpx2.AsyncClient, gateways: list[Gateway]
) -> None:
    for gateway in gateways:
        gateway.answers["/retry/503"] = lambda _: Answer(b'{"of": "the gateway"}', status=503)

    answer = await edge.get("/retry/503")

    assert answer.status_code == 503
    assert answer.json() == {"of": "the gateway"}
    assert len(seen(gateways, "/retry/503")) == 1
