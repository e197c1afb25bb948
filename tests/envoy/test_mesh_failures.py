"""The mesh with failing endpoints: retries within a budget, ejection, breakers, health.

Each test breaks a different service and repairs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from tests.envoy.conftest import MAX_CALLS
from tests.envoy.proxy import Proxy, eventually
from tests.envoy.service import Service, echo
from tests.waiting import LIMIT

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

Services = dict[str, list[Service]]


async def unavailable(request: bytes, context: Any) -> bytes:
    await context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
    return request


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def mended(proxy: Proxy, services: Services) -> AsyncIterator[None]:
    async def all_are_healthy() -> bool:
        counts = {
            name: await proxy.count(f"cluster.{name}.membership_healthy") for name in services
        }
        return counts == {name: len(endpoints) for name, endpoints in services.items()}

    # On a busy machine an endpoint may have missed health checks.
    await eventually(all_are_healthy)
    yield
    for endpoints in services.values():
        for each in endpoints:
            each.answers.clear()


async def code_of(mesh: grpc.aio.Channel, method: str) -> grpc.StatusCode:
    try:
        await mesh.unary_unary(method)(b"")
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def seen(endpoints: list[Service], method: str) -> list[int]:
    """Return how many calls of a method each endpoint has seen."""
    return [len([call for call in each.calls if call.method == method]) for each in endpoints]


async def test_a_call_that_finds_an_endpoint_unavailable_is_tried_at_the_other(
    proxy: Proxy, mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.user.v1.UserService/OnceBroken"
    broken = False

    async def first_time_unavailable(request: bytes, context: Any) -> bytes:
        nonlocal broken
        if not broken:
            broken = True
            return await unavailable(request, context)
        return request

    for each in services["user"]:
        each.answers[method] = first_time_unavailable

    before = await proxy.count("cluster.user.upstream_rq_retry_success")

    code = await code_of(mesh, method)

    assert code is grpc.StatusCode.OK
    assert seen(services["user"], method) == [1, 1]
    assert await proxy.count("cluster.user.upstream_rq_retry_success") == before + 1


@pytest.mark.parametrize(
    ("said", "tries"),
    [
        (grpc.StatusCode.UNAVAILABLE, 2),
        (grpc.StatusCode.INTERNAL, 1),
        (grpc.StatusCode.ABORTED, 1),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 1),
    ],
)
async def test_only_unavailable_is_tried_again_and_only_once(
    mesh: grpc.aio.Channel, services: Services, said: grpc.StatusCode, tries: int
) -> None:
    method = f"/roost.user.v1.UserService/Always{said.name}"

    async def always(request: bytes, context: Any) -> bytes:
        await context.abort(said, "as ever")
        return request

    for each in services["user"]:
        each.answers[method] = always

    code = await code_of(mesh, method)

    assert code is said
    assert sum(seen(services["user"], method)) == tries


async def test_an_answer_cut_off_is_not_tried_again(
    mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.notification.v1.NotificationService/Cut"
    (endpoint,) = services["notification"]
    arrived = asyncio.Event()

    async def hang(request: bytes, context: Any) -> bytes:
        arrived.set()
        await asyncio.Event().wait()
        return request

    endpoint.answers[method] = hang
    call = asyncio.ensure_future(code_of(mesh, method))
    # A call that ends before it arrives is reported by its code.
    await asyncio.wait(
        [asyncio.ensure_future(arrived.wait()), call],
        timeout=LIMIT,
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert arrived.is_set(), await call
    await endpoint.stop()

    code = await call
    await endpoint.start()

    assert code is not grpc.StatusCode.OK
    assert seen([endpoint], method) == [1]


async def test_retries_stay_within_a_fifth_of_the_calls_in_flight(
    proxy: Proxy, mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.post.v1.PostService/Dead"
    (endpoint,) = services["post"]
    together = 50
    codes: list[grpc.StatusCode] = []

    async def slowly_unavailable(request: bytes, context: Any) -> bytes:
        is_retry = len(endpoint.calls) > together
        await eventually(lambda: len(endpoint.calls) >= together)
        if is_retry:  # none ends before the budget has decided about every call
            await eventually(lambda: len(codes) + len(endpoint.calls) >= 2 * together)
        return await unavailable(request, context)

    async def call() -> None:
        codes.append(await code_of(mesh, method))

    endpoint.answers[method] = slowly_unavailable
    counters = ("upstream_rq_total", "upstream_rq_retry", "upstream_rq_retry_overflow")
    before = [await proxy.count(f"cluster.post.{counter}") for counter in counters]

    await asyncio.gather(*(call() for _ in range(together)))

    assert set(codes) == {grpc.StatusCode.UNAVAILABLE}
    after = [await proxy.count(f"cluster.post.{counter}") for counter in counters]
    tries, retries, forbidden = (now - then for now, then in zip(after, before, strict=True))
    assert [tries] == seen([endpoint], method)
    assert together < tries <= 1.25 * together
    assert retries == tries - together
    assert forbidden == together - retries


async def test_the_only_endpoint_is_never_ejected(
    proxy: Proxy, mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.post.v1.PostService/Alone"
    (endpoint,) = services["post"]
    endpoint.answers[method] = unavailable

    for _ in range(10):
        await code_of(mesh, method)
    endpoint.answers[method] = echo

    assert await code_of(mesh, method) is grpc.StatusCode.OK
    (health,) = (await proxy.endpoints("post")).values()
    assert "failed_outlier_check" not in health


async def test_an_endpoint_that_keeps_failing_is_ejected_and_comes_back(
    proxy: Proxy, mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.timeline.v1.TimelineService/HalfBroken"
    bad, good = services["timeline"]
    bad.answers[method] = unavailable

    async def is_ejected() -> bool:
        assert await code_of(mesh, method) is grpc.StatusCode.OK
        return "failed_outlier_check" in (await proxy.endpoints("timeline"))[bad.address]

    await eventually(is_ejected)
    before = seen([bad], method)
    for _ in range(20):
        assert await code_of(mesh, method) is grpc.StatusCode.OK

    assert seen([bad], method) == before
    assert seen([good], method)[0] >= 20
    assert await proxy.count("cluster.timeline.outlier_detection.ejections_active") == 1

    async def is_back() -> bool:
        return "failed_outlier_check" not in (await proxy.endpoints("timeline"))[bad.address]

    assert await eventually(is_back)


async def test_calls_past_the_breaker_are_refused_at_once(
    proxy: Proxy, mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.media.v1.MediaService/Slow"
    enough = asyncio.Event()

    async def until_enough(request: bytes, context: Any) -> bytes:
        await enough.wait()
        return request

    for each in services["media"]:
        each.answers[method] = until_enough
    in_flight = [asyncio.ensure_future(code_of(mesh, method)) for _ in range(MAX_CALLS)]
    await eventually(lambda: sum(seen(services["media"], method)) == MAX_CALLS)

    refused = await asyncio.gather(*(code_of(mesh, method) for _ in range(5)))
    enough.set()
    admitted = await asyncio.gather(*in_flight)

    assert set(refused) == {grpc.StatusCode.UNAVAILABLE}
    assert set(admitted) == {grpc.StatusCode.OK}
    assert sum(seen(services["media"], method)) == MAX_CALLS
    assert await proxy.count("cluster.media.upstream_rq_active_overflow") == 5


async def test_an_endpoint_that_is_not_serving_gets_no_calls(
    proxy: Proxy, mesh: grpc.aio.Channel, services: Services
) -> None:
    method = "/roost.media.v1.MediaService/Health"
    one, two = services["media"]

    async def out(*gone: Service) -> bool:
        endpoints = await proxy.endpoints("media")
        failed = {at for at, health in endpoints.items() if "failed_active_health_check" in health}
        return failed == {each.address for each in gone}

    await one.says(serving=False)
    await eventually(lambda: out(one))
    codes = [await code_of(mesh, method) for _ in range(10)]
    assert set(codes) == {grpc.StatusCode.OK}
    assert seen([one, two], method) == [0, 10]

    await two.says(serving=False)
    await eventually(lambda: out(one, two))
    assert await code_of(mesh, method) is grpc.StatusCode.UNAVAILABLE

    await one.says(serving=True)
    await two.says(serving=True)
    await eventually(out)
    assert await code_of(mesh, method) is grpc.StatusCode.OK
