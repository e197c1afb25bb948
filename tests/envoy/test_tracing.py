"""Edge and mesh record spans where a collector is configured, and no client decides which."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import httpx2
import pytest
import pytest_asyncio

from local.envoy_template import tracing
from services.chassis.runtime.sampling import sampled_below
from tests.collector import Collector, Span, collecting
from tests.envoy import gateway as http
from tests.envoy import service as grpc_service
from tests.envoy.gateway import Gateway
from tests.envoy.proxy import Proxy, eventually, running
from tests.envoy.service import Service
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

session = pytest_asyncio.fixture(scope="module", loop_scope="session")

RATIO = 0.5
PARENT = "00f067aa0ba902b7"


@dataclass(frozen=True)
class Traced:
    """An Envoy that sends spans to a collector, with a gateway and a service behind it."""

    proxy: Proxy
    gateway: Gateway
    service: Service
    collector: Collector

    async def only_span(self, trace: str) -> Span:
        (span,) = await eventually(lambda: self.collector.traces[trace])
        return span


@session
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    async with AsyncExitStack() as stack:
        collector = await stack.enter_async_context(collecting())
        gateway = await stack.enter_async_context(http.serving(Gateway("one", jwks=None)))
        service = await stack.enter_async_context(grpc_service.serving(Service()))
        proxy = await stack.enter_async_context(
            running(
                tmp_path_factory.mktemp("traced"),
                GATEWAY_ENDPOINTS=[gateway.address],
                USER_ENDPOINTS=[service.address],
                **tracing(collector.endpoint, ratio=RATIO),
            )
        )
        yield Traced(proxy, gateway, service, collector)


def trace(number: int) -> str:
    return f"{number:032x}"


async def test_half_of_the_requests_are_recorded_by_their_id_whatever_the_client_asks_for(
    traced: Traced,
) -> None:
    recorded, others = [], []
    async with httpx2.AsyncClient(base_url=traced.proxy.edge, timeout=LIMIT) as client:
        for number in range(1, 41):
            flag = f"{number % 2:02d}"
            header = {"traceparent": f"00-{trace(number)}-{PARENT}-{flag}"}
            answer = await client.get(f"/sampled?n={number}", headers=header)
            below = answer.headers["x-request-id"] < sampled_below(RATIO)
            (recorded if below else others).append(number)
        # Spans leave in order, so after this one all others have arrived.
        while True:
            header = {"traceparent": f"00-{trace(99)}-{PARENT}-00"}
            answer = await client.get("/sampled", headers=header)
            if answer.headers["x-request-id"] < sampled_below(RATIO):
                break
    await eventually(lambda: traced.collector.traces[trace(99)])

    sent = {
        int(each.path.partition("=")[2] or 99): each for each in traced.gateway.seen("/sampled")
    }
    assert 0 < len(recorded) < 40
    for number in recorded:
        (span,) = traced.collector.traces[trace(number)]
        assert (span.service, span.name, span.parent) == ("roost-edge", "GET", PARENT)
        assert sent[number].headers["traceparent"] == f"00-{trace(number)}-{span.id}-01"
    for number in others:
        assert not traced.collector.traces[trace(number)]
        assert sent[number].headers["traceparent"].endswith("-00")


async def test_span_of_the_edge_has_neither_path_nor_query(traced: Traced) -> None:
    async with httpx2.AsyncClient(base_url=traced.proxy.edge, timeout=LIMIT) as client:
        while True:
            header = {"traceparent": f"00-{trace(100)}-{PARENT}-00"}
            answer = await client.get("/private/alice?q=secret", headers=header)
            if answer.headers["x-request-id"] < sampled_below(RATIO):
                break

    span = await traced.only_span(trace(100))

    assert "secret" not in str(span)
    assert "alice" not in str(span)


@pytest.mark.parametrize(("number", "flag"), [(200, "01"), (201, "00")])
async def test_mesh_records_a_call_whose_caller_does(
    traced: Traced, number: int, flag: str
) -> None:
    method = f"/roost.user.v1.UserService/Traced{number}"
    async with grpc.aio.insecure_channel(traced.proxy.mesh) as channel:
        metadata = (("traceparent", f"00-{trace(number)}-{PARENT}-{flag}"),)
        await channel.unary_unary(method)(b"", metadata=metadata)
        after = (("traceparent", f"00-{trace(number + 100)}-{PARENT}-01"),)
        await channel.unary_unary(method)(b"", metadata=after)

    last = await traced.only_span(trace(number + 100))

    first, second = (call for call in traced.service.calls if call.method == method)
    assert (last.service, last.name, last.parent) == ("roost-mesh", method, PARENT)
    assert second.metadata["traceparent"] == f"00-{trace(number + 100)}-{last.id}-01"
    assert len(traced.collector.traces[trace(number)]) == int(flag)
    assert first.metadata["traceparent"].endswith(flag)


async def test_call_without_a_trace_is_not_recorded(traced: Traced) -> None:
    method = "/roost.user.v1.UserService/Alone"
    async with grpc.aio.insecure_channel(traced.proxy.mesh) as channel:
        await channel.unary_unary(method)(b"")
        after = (("traceparent", f"00-{trace(400)}-{PARENT}-01"),)
        await channel.unary_unary("/roost.user.v1.UserService/After")(b"", metadata=after)
    await traced.only_span(trace(400))

    names = {each.name for spans in traced.collector.traces.values() for each in spans}
    assert method not in names
