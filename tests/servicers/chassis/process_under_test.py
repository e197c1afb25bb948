"""A whole process around one small servicer, to be started, signalled and watched by a test."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import GetUserRequest, GetUserResponse
from roost.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    add_UserServiceServicer_to_server,
)

from services.chassis.auth import access_policy
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime import process
from services.chassis.runtime.manifest import Process
from services.chassis.runtime.settings import ServiceSettings
from tests.servicers.grpc_server import verifier

OTHERS = frozenset(UserServiceServicer.__dict__.keys() - {"GetUser"})


class SlowUsers(UserServiceServicer):
    """Answers after as many milliseconds as the user id says."""

    @access_policy.anyone
    async def GetUser(self, request: GetUserRequest, context: object) -> GetUserResponse:
        await asyncio.sleep(request.user_id / 1000)
        return GetUserResponse(user=User(id=request.user_id))


@asynccontextmanager
async def serve(settings: ServiceSettings) -> AsyncIterator[process.ProcessParts]:
    mount = MountedServicer(add_UserServiceServicer_to_server, SlowUsers(), without=OTHERS)  # type: ignore[abstract]
    print("opened", flush=True)
    yield process.ProcessParts(
        server=Server([mount], verifier=verifier(), max_in_flight=settings.max_in_flight),
        jobs=[always_fail] if "FAILING" in os.environ else [],
        on_drain=[lambda: print("ended streams", flush=True)],
    )
    print("closed", flush=True)


@asynccontextmanager
async def work(settings: ServiceSettings) -> AsyncIterator[process.ProcessParts]:
    yield process.ProcessParts(jobs=[run_until_cancelled, fail_if_told], consumers=[IdleConsumer()])


@asynccontextmanager
async def work_alone(settings: ServiceSettings) -> AsyncIterator[process.ProcessParts]:
    """Work that does not wait for a line: one job of a process can do that."""
    yield process.ProcessParts(jobs=[run_until_cancelled], consumers=[IdleConsumer()])


async def run_until_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        print("finished what was in hand", flush=True)


async def always_fail() -> None:
    raise RuntimeError("always")


async def fail_if_told() -> None:
    match sys.stdin.readline():
        case "fail\n":
            raise RuntimeError("asked to fail")
        case "use up all memory\n":
            raise MemoryError
    await asyncio.Event().wait()


class IdleConsumer:
    """A consumer that says what its settings say."""

    group = "idle"

    async def run(self) -> None:
        print("consumes", flush=True)
        await asyncio.Event().wait()

    def unready(self) -> str | None:
        return os.environ.get("UNREADY")


@asynccontextmanager
async def refuse(settings: ServiceSettings) -> AsyncIterator[process.ProcessParts]:
    raise OSError("the database does not answer at 127.0.0.1:1")
    yield process.ProcessParts()


def joined(kind: str, second: str) -> int:
    """Two services as one process. The second one is `serve`, or refuses."""
    of = {"serve": serve, "refuse": refuse}
    programs = [
        (process.Program("user", ServiceSettings, serve=serve, work=work), {}),
        (
            process.Program("post", ServiceSettings, serve=of[second], work=work_alone),
            {"ROOST_MAX_IN_FLIGHT": "7"},
        ),
    ]
    return process.run_joined("services", Process(kind), programs)


if __name__ == "__main__":
    mode = sys.argv.pop(1)
    if mode == "joined":
        sys.exit(joined(*sys.argv[1:]))
    composed = refuse if mode == "refuse" else serve
    sys.exit(process.main(process.Program("user", ServiceSettings, serve=composed, work=work)))
