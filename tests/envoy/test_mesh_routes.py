"""Routes, metadata and deadlines of calls in the mesh."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from services.chassis.runtime.manifest import deployed
from tests.envoy.conftest import WITHOUT_ENDPOINTS
from tests.envoy.service import Service
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

Services = dict[str, list[Service]]
SERVED = [each.noun for each in deployed() if each.noun != WITHOUT_ENDPOINTS]


def calls(endpoints: list[Service], method: str) -> list[Any]:
    return [call for each in endpoints for call in each.calls if call.method == method]


async def never(request: bytes, context: Any) -> bytes:
    await asyncio.Event().wait()
    return request


@pytest.mark.parametrize("name", SERVED)
async def test_a_call_goes_to_the_service_that_owns_its_package(
    mesh: grpc.aio.Channel, services: Services, name: str
) -> None:
    method = f"/roost.{name}.v1.AnyService/Where"

    answer = await mesh.unary_unary(method)(b"here")

    assert answer == b"here"
    assert len(calls(services[name], method)) == 1


async def test_token_trace_and_request_id_pass_as_they_are(
    mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.user.v1.UserService/Metadata"
    sent = {
        "authorization": "Bearer a.b.c",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tracestate": "a=b",
        "x-request-id": "any form",
    }

    await mesh.unary_unary(method)(b"", metadata=tuple(sent.items()))

    (call,) = calls(services["user"], method)
    assert sent.items() <= call.metadata.items()
    assert not [name for name in call.metadata if name.startswith(("x-envoy-", "x-forwarded-for"))]


@pytest.mark.parametrize(
    "method",
    [
        "/roost.billing.v1.BillingService/Charge",
        "/roost.user.v2.UserService/GetUser",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)
async def test_what_no_service_owns_is_unimplemented(mesh: grpc.aio.Channel, method: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await mesh.unary_unary(method)(b"")

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_service_that_does_not_run_is_unavailable_at_once(mesh: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await mesh.unary_unary("/roost.search.v1.SearchService/SearchPosts")(b"", timeout=LIMIT)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_callers_deadline_reaches_the_service_and_ends_the_call(
    mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.user.v1.UserService/Deadline"
    for each in services["user"]:
        each.answers[method] = never

    async with asyncio.timeout(LIMIT):
        # On a busy machine the first calls may end before they arrive.
        while not calls(services["user"], method):
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await mesh.unary_unary(method)(b"", timeout=0.2)
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    assert all(0 < each.seconds < 0.25 for each in calls(services["user"], method))


async def test_no_call_outlives_the_meshs_own_limit_but_attach(
    impatient_mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.user.v1.UserService/Endless"
    for each in services["user"]:
        each.answers[method] = never
    attached = impatient_mesh.stream_stream("/roost.notification.v1.EventService/Attach")()
    await attached.write(b"before")
    assert await attached.read() == b"before"

    with pytest.raises(grpc.aio.AioRpcError) as late:
        await impatient_mesh.unary_unary(method)(b"", timeout=60)
    await attached.write(b"after")

    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert await attached.read() == b"after"
    attached.cancel()
