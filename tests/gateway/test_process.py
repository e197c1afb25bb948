"""The gateway as a process of its own: it starts, drains and stops as operators expect."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable

import httpx2
from roost.post.v1.post_service_pb2 import GetPostRequest, GetPostResponse
from roost.user.v1.auth_service_pb2 import GetJwksResponse, JsonWebKey
from roost.user.v1.user_service_pb2 import GetUserResponse

from services.chassis.auth.caller import UserCaller
from services.chassis.runtime.errors import Unauthenticated
from tests.gateway.fakes import FakeServices
from tests.gateway.processes import PATIENCE, running, said, started
from tests.gateway.samples import (
    ALICE,
    includes,
    person,
    post,
)
from tests.servicers.grpc_server import USER_KEY, token_of
from tests.waiting import LIMIT

ONE = GetPostResponse(post=post(1, ALICE), includes=includes(person(ALICE)))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.01)


async def test_people_are_known_by_the_keys_of_the_user_service(services: FakeServices) -> None:
    services.answer("GetJwks", GetJwksResponse(keys=[JsonWebKey(**USER_KEY.public_jwk())]))
    services.answer("GetUser", GetUserResponse(user=person(ALICE)))
    token = token_of(UserCaller(ALICE, 1))

    async with running(services) as (_, http):
        answers = [
            await http.get("/v1/users/me", headers={"authorization": f"Bearer {token}"})
            for _ in range(3)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert services.methods.count("GetJwks") == 1
    assert services.methods.count("GetUser") == 3


async def test_one_of_several_gateways_has_its_part_of_a_bucket(services: FakeServices) -> None:
    services.answer("RefreshSession", Unauthenticated(reason="REFRESH_TOKEN_INVALID"))

    async with running(services, gateways=10) as (_, http):  # 20 refusals a minute, of all
        answers = [
            await http.post("/v2/sessions/refresh", json={"refresh_token": "bad"}) for _ in range(3)
        ]

    reasons = [answer.json()["reason"] for answer in answers]
    assert reasons == ["REFRESH_TOKEN_INVALID"] * 2 + ["RATE_LIMITED"]


async def test_the_admin_port_has_metrics_and_the_same_readiness(services: FakeServices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        admin = f"127.0.0.1:{free.getsockname()[1]}"

    async with (
        running(services, drain="15", admin_listen=admin) as (process, http),
        httpx2.AsyncClient(base_url=f"http://{admin}", trust_env=False, timeout=LIMIT) as operators,
    ):
        serving = [(await each.get("/readyz")).status_code for each in (http, operators)]
        metrics = (await operators.get("/metrics")).text
        process.send_signal(signal.SIGTERM)
        await said(process, "draining")
        draining = [(await each.get("/readyz")).status_code for each in (http, operators)]
        alive = (await operators.get("/livez")).status_code
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), PATIENCE)

    assert serving == [200, 200]
    labels = 'kind="read",method="GET",route="/readyz",status="200"'
    assert f"roost_http_handled_total{{{labels}}} 1.0" in metrics
    assert draining == [503, 503]
    assert alive == 200


async def test_asked_to_stop_it_says_so_serves_on_and_finishes_what_is_in_hand(
    services: FakeServices,
) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def slow(_: GetPostRequest) -> GetPostResponse:
        inside.set()
        await leave.wait()
        return ONE

    async with running(services, drain="8") as (process, http):
        services.answer("GetPost", slow)
        under_way = asyncio.create_task(http.get("/v1/posts/1"))
        await asyncio.wait_for(inside.wait(), PATIENCE)

        process.send_signal(signal.SIGTERM)

        async def unready() -> bool:
            return (await http.get("/readyz")).status_code == 503

        await until(unready)
        services.answer("GetPost", ONE)
        while_draining = await http.get("/v1/posts/1")
        leave.set()
        finished = await under_way
        code = await asyncio.wait_for(process.wait(), PATIENCE)

    assert while_draining.status_code == 200
    assert while_draining.headers["connection"] == "close"
    assert finished.status_code == 200
    assert code == 0


async def test_asked_twice_it_does_not_wait_for_the_proxy(services: FakeServices) -> None:
    async with running(services, drain="15") as (process, _):
        process.send_signal(signal.SIGINT)
        await said(process, "draining")
        process.send_signal(signal.SIGINT)

        await asyncio.wait_for(process.wait(), PATIENCE)

    assert process.returncode == 0


async def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await started(listen=f"127.0.0.1:{port}", mesh="127.0.0.1:1")
        line = await said(process, "cannot_start")
        code = await process.wait()

    assert code == 1
    assert f"127.0.0.1:{port}" in line["error"]


async def test_an_admin_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        process = await started(listen="127.0.0.1:0", admin_listen=address, mesh="127.0.0.1:1")
        line = await said(process, "cannot_start")
        code = await process.wait()

    assert code == 1
    assert address in line["error"]


async def test_a_wrong_setting_is_said_in_one_sentence() -> None:
    process = await started(listen="nowhere")
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)

    assert process.returncode == 2
    assert b"ROOST_MESH is not set" in errors
