"""What calls the mesh: it uses every Envoy, and finds those that are added."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest

from services.chassis.rpc.clients import CHANNEL_OPTIONS
from tests.envoy.proxy import running
from tests.envoy.service import Service, serving
from tests.waiting import LIMIT

pytestmark = pytest.mark.engines

METHOD = "/roost.user.v1.UserService/GetUser"


@pytest.fixture
async def two() -> AsyncIterator[list[Service]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(serving(Service())) for _ in range(2)]


async def test_calls_are_balanced_over_all_addresses_of_the_mesh(two: list[Service]) -> None:
    addresses = ",".join(each.address for each in two)
    async with grpc.aio.insecure_channel(f"ipv4:{addresses}", options=CHANNEL_OPTIONS) as mesh:
        await both_connected(mesh, two)
        before = [len(each.calls) for each in two]

        for _ in range(20):
            await mesh.unary_unary(METHOD)(b"")

    assert [len(each.calls) - seen for each, seen in zip(two, before, strict=True)] == [10, 10]


async def test_calls_go_on_without_an_address_that_is_gone(two: list[Service]) -> None:
    addresses = ",".join(each.address for each in two)
    async with grpc.aio.insecure_channel(f"ipv4:{addresses}", options=CHANNEL_OPTIONS) as mesh:
        await both_connected(mesh, two)
        await two[0].stop()

        answers = [
            await mesh.unary_unary(METHOD)(b"text", wait_for_ready=True, timeout=LIMIT)
            for _ in range(5)
        ]

    assert answers == [b"text"] * 5


async def test_a_caller_connects_again_and_none_of_its_calls_fails(
    tmp_path: Path, two: list[Service]
) -> None:
    async with (
        running(
            tmp_path,
            GATEWAY_ENDPOINTS=[],
            USER_ENDPOINTS=[each.address for each in two],
            MESH_CONNECTION_SECONDS="1",
        ) as proxy,
        grpc.aio.insecure_channel(proxy.mesh, options=CHANNEL_OPTIONS) as mesh,
    ):
        async with asyncio.timeout(LIMIT):
            while await proxy.count("http.mesh.downstream_cx_total") < 3:
                assert await mesh.unary_unary(METHOD)(b"text") == b"text"


async def both_connected(mesh: grpc.aio.Channel, services: list[Service]) -> None:
    async with asyncio.timeout(LIMIT):
        while not all(each.calls for each in services):
            await mesh.unary_unary(METHOD)(b"", wait_for_ready=True)
