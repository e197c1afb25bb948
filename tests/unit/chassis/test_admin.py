"""The operators' port says whether the process is ready, and if not, why."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from services.chassis.runtime.admin import Admin, Condition


async def ask(condition: Condition, *, ready: bool = True) -> tuple[int, str]:
    admin = Admin(CollectorRegistry(), condition=lambda: condition)
    admin.ready = ready
    host, _, port = (await admin.start("127.0.0.1:0")).partition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
    finally:
        await admin.stop()
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(), (200, "ok\n")),
        (Condition(degraded=["job a failed"]), (200, "ok\ndegraded: job a failed\n")),
        (Condition(unready=["one", "two"]), (503, "not ready: one\nnot ready: two\n")),
        (Condition(unready=["one"], degraded=["two"]), (503, "not ready: one\n")),
    ],
)
async def test_readiness_names_what_is_wrong(condition: Condition, said: tuple[int, str]) -> None:
    assert await ask(condition) == said


async def test_process_that_has_not_started_is_not_ready() -> None:
    assert await ask(Condition(), ready=False) == (503, "not serving\n")
