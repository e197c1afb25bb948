"""A process logs its start, drains before it stops, and logs the reason when it cannot start."""

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from roost.user.v1.user_service_pb2 import GetUserRequest
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.rpc.clients import Mesh
from tests.waiting import LIMIT

ROOT = Path(__file__).parents[3]

SETTINGS = {
    "ROOST_LISTEN": "127.0.0.1:0",
    "ROOST_ADMIN_LISTEN": "127.0.0.1:0",
    "ROOST_MESH": "127.0.0.1:1",
    "ROOST_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "ROOST_REDIS_URL": "redis://127.0.0.1:1",
    "ROOST_KAFKA_BROKERS": "127.0.0.1:1",
    "ROOST_PAGE_TOKEN_KEY": "00" * 32,
    "ROOST_SERVICE_KEY_FILE": "none.pem",
    "ROOST_SERVICE_KEYS_FILE": "none.json",
    "ROOST_DRAIN_SECONDS": "0",
}


class Running:
    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.child = child
        self.said: list[str] = []

    async def line(self, text: str) -> str:
        """The first line from here on that holds the text."""
        assert self.child.stdout is not None
        async with asyncio.timeout(LIMIT):
            while True:
                line = (await self.child.stdout.readline()).decode()
                assert line, f"the process ended without saying {text!r}: {self.said}"
                self.said.append(line)
                if text in line:
                    return line

    async def event(self, name: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await self.line(f'"event":"{name}"'))
        return event

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    async def code(self) -> int:
        async with asyncio.timeout(LIMIT):
            return await self.child.wait()


@asynccontextmanager
async def process(*arguments: str, **settings: str) -> AsyncIterator[Running]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.servicers.chassis.process_under_test",
        *arguments,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT}:{ROOT}/gen",
            **SETTINGS,
            **settings,
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(child)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def get(address: str, path: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=LIMIT) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def test_serving_process_answers_on_both_its_ports() -> None:
    async with process("run", "serve") as running:
        ready = await running.event("ready")

        async with Mesh(ready["listen"]) as mesh:
            answer = await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))
        live = await get(ready["admin"], "/livez")
        prepared = await get(ready["admin"], "/readyz")
        _, metrics = await get(ready["admin"], "/metrics")
        lost, _ = await get(ready["admin"], "/elsewhere")

    assert answer.user.id == 1
    assert (live, prepared, lost) == ((200, "ok\n"), (200, "ok\n"), 404)
    assert (
        'roost_rpc_handled_total{code="OK",method="/roost.user.v1.UserService/GetUser"} 1.0'
        in metrics
    )


async def test_sigterm_lets_the_call_under_way_finish_and_closes_everything() -> None:
    async with process("run", "serve") as running:
        ready = await running.event("ready")
        async with Mesh(ready["listen"]) as mesh:
            users = mesh.stub(UserServiceStub)
            slow = asyncio.ensure_future(users.GetUser(GetUserRequest(user_id=1000), timeout=LIMIT))
            await until_in_flight(ready["admin"], 1)

            running.signal(signal.SIGTERM)
            answer = await slow

        await running.line("ended streams")
        await running.line("closed")
        await running.event("stopped")
        code = await running.code()

    assert answer.user.id == 1000
    assert code == 0


async def test_draining_process_is_unready_but_goes_on_answering() -> None:
    async with process("run", "serve", ROOST_DRAIN_SECONDS="15") as running:
        ready = await running.event("ready")
        async with grpc.aio.insecure_channel(ready["listen"]) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            asked = health_pb2.HealthCheckRequest(service="roost.user.v1.UserService")
            before = await health.Check(asked)

            running.signal(signal.SIGTERM)
            await running.event("draining")
            after = await health.Check(asked)
            prepared, _ = await get(ready["admin"], "/readyz")
            async with Mesh(ready["listen"]) as mesh:
                answer = await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=2))

        running.signal(signal.SIGTERM)  # a second one: somebody is in a hurry
        code = await running.code()

    assert before.status == health_pb2.HealthCheckResponse.SERVING
    assert after.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert prepared == 503
    assert answer.user.id == 2
    assert code == 0


async def test_working_process_lets_its_jobs_finish() -> None:
    async with process("run", "work") as running:
        assert running.child.stdin is not None
        running.child.stdin.write(b"go on\n")
        ready = await running.event("ready")

        running.signal(signal.SIGINT)
        await running.line("finished what was in hand")
        code = await running.code()

    assert ready["listen"] is None
    assert code == 0


async def test_job_that_fails_is_started_again_while_the_others_go_on() -> None:
    async with process("run", "work") as running:
        assert running.child.stdin is not None
        running.child.stdin.write(b"fail\n" * 100)  # a line for each time that it is started
        ready = await running.event("ready")
        failed = await running.event("job_failed")
        unready = await get(ready["admin"], "/readyz")
        await running.event("job_failed")
        _, metrics = await get(ready["admin"], "/metrics")

        running.signal(signal.SIGTERM)
        await running.line("finished what was in hand")
        code = await running.code()

    assert failed["job"] == "fail_if_told"
    assert "asked to fail" in failed["exception"]
    assert unready == (503, "not ready: job fail_if_told failed and is started again\n")
    assert 'roost_job_failures_total{name="fail_if_told"}' in metrics
    assert code == 0


async def test_process_that_serves_goes_on_while_a_job_of_it_is_down() -> None:
    async with process("run", "serve", FAILING="1") as running:
        ready = await running.event("ready")
        await running.event("job_failed")
        said = await get(ready["admin"], "/readyz")
        async with Mesh(ready["listen"]) as mesh:
            answer = await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1))

    assert said == (200, "ok\ndegraded: job always_fail failed and is started again\n")
    assert answer.user.id == 1


async def test_consumer_that_consumes_nothing_makes_the_process_not_ready() -> None:
    async with process("run", "work", UNREADY="no partition for 20 s") as running:
        assert running.child.stdin is not None
        running.child.stdin.write(b"go on\n")
        ready = await running.event("ready")
        unready = await get(ready["admin"], "/readyz")
        live, _ = await get(ready["admin"], "/livez")

    assert unready == (503, "not ready: no partition for 20 s\n")
    assert live == 200


async def test_error_that_only_a_new_process_mends_ends_the_process() -> None:
    async with process("run", "work") as running:
        assert running.child.stdin is not None
        running.child.stdin.write(b"use up all memory\n")
        failed = await running.event("job_failed")
        await running.line("finished what was in hand")
        code = await running.code()

    assert "MemoryError" in failed["exception"]
    assert code == 1


async def test_process_that_cannot_start_says_why_in_one_line() -> None:
    async with process("refuse", "serve") as running:
        said = await running.event("cannot_start")
        code = await running.code()

    assert said["error"] == "OSError: the database does not answer at 127.0.0.1:1"
    assert "exception" not in said
    assert code == 1


async def test_port_that_is_taken_is_named() -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    address = f"127.0.0.1:{taken.sockets[0].getsockname()[1]}"

    async with taken, process("run", "serve", ROOST_LISTEN=address) as running:
        said = await running.event("cannot_start")
        code = await running.code()

    assert said["error"] == f"OSError: cannot listen on {address}"
    assert code == 1


async def until_in_flight(admin: str, count: int) -> None:
    async with asyncio.timeout(LIMIT):
        while True:
            _, metrics = await get(admin, "/metrics")
            if f"roost_rpc_in_flight {count:.1f}" in metrics:
                return


async def test_joined_services_answer_on_their_own_ports_and_are_ready_together() -> None:
    async with process("joined", "serve", "serve") as running:
        ready = await running.event("ready")
        answers = []
        for service in ("user", "post"):
            async with Mesh(ready["listen"][service]) as mesh:
                answers.append(await mesh.stub(UserServiceStub).GetUser(GetUserRequest(user_id=1)))
        prepared = await get(ready["admin"], "/readyz")
        _, metrics = await get(ready["admin"], "/metrics")

    assert ready["service"] == "services"
    assert [each.user.id for each in answers] == [1, 1]
    assert prepared == (200, "ok\n")
    assert "roost_rpc_in_flight_max 7.0" in metrics


async def test_sigterm_drains_and_closes_every_joined_service() -> None:
    async with process("joined", "serve", "serve") as running:
        await running.event("ready")

        running.signal(signal.SIGTERM)
        code = await running.code()
        assert running.child.stdout is not None
        said = (await running.child.stdout.read()).decode()

    draining = [json.loads(line) for line in said.splitlines() if '"draining"' in line]
    assert code == 0
    assert {each["service"] for each in draining} == {"user", "post"}
    assert said.count("ended streams") == said.count("closed\n") == 2


async def test_a_joined_service_that_cannot_start_ends_the_process_and_is_named() -> None:
    async with process("joined", "serve", "refuse") as running:
        failed = await running.event("cannot_start")
        code = await running.code()

    assert code == 1
    assert failed["service"] == "post"
    assert failed["error"] == "OSError: the database does not answer at 127.0.0.1:1"


async def test_an_error_of_one_joined_service_that_a_new_process_mends_ends_all() -> None:
    async with process("joined", "work", "serve") as running:
        await running.event("ready")
        assert running.child.stdin is not None
        running.child.stdin.write(b"use up all memory\n")

        code = await running.code()

    assert code == 1


async def test_readiness_names_the_joined_service_and_its_job() -> None:
    async with process("joined", "work", "serve", UNREADY="no partitions") as running:
        ready = await running.event("ready")
        assert running.child.stdin is not None
        running.child.stdin.write(b"fail\n")
        failed = await running.event("job_failed")
        status, said = await get(ready["admin"], "/readyz")

    assert status == 503
    assert (failed["service"], failed["job"]) == ("user", "user.fail_if_told")
    for service in ("user", "post"):
        assert f"not ready: {service}: no partitions\n" in said
    assert "not ready: user: job user.fail_if_told failed" in said
