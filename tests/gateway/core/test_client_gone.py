"""Calls that end when the client has gone."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.core import client_gone
from gateway.core.bodies import ClientGone
from gateway.core.client_gone import while_client_waits

DISCONNECT = {"type": "http.disconnect"}


class Connection:
    """A client's connection, whose request has been read."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.closed.wait()
        return DISCONNECT


class Call:
    """A call to a service."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun.set()
        return await self.answer


@pytest.fixture
async def connection() -> Connection:
    return Connection()


@pytest.fixture(autouse=True)
def _no_client_left() -> Iterator[None]:
    yield
    client_gone._receive.set(None)


async def test_a_call_is_cancelled_when_the_client_closes_its_connection(
    connection: Connection,
) -> None:
    client_gone.begin(connection.receive)
    call = Call()
    waiting = asyncio.create_task(while_client_waits(call()))
    await call.begun.wait()

    connection.closed.set()

    with pytest.raises(ClientGone):
        await waiting
    assert call.answer.cancelled()


async def test_an_answer_is_the_clients(connection: Connection) -> None:
    client_gone.begin(connection.receive)
    call = Call()
    call.answer.set_result("done")

    assert await while_client_waits(call()) == "done"


async def test_a_failure_is_the_clients(connection: Connection) -> None:
    client_gone.begin(connection.receive)
    call = Call()
    call.answer.set_exception(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        await while_client_waits(call())


async def test_a_request_that_is_cancelled_cancels_its_call(connection: Connection) -> None:
    client_gone.begin(connection.receive)
    call = Call()
    waiting = asyncio.create_task(while_client_waits(call()))
    await call.begun.wait()

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    # The call ends in a step of its own.
    with pytest.raises(asyncio.CancelledError):
        await call.answer


async def test_without_a_connection_a_call_runs_to_its_end() -> None:
    call = Call()
    call.answer.set_result("done")

    assert await while_client_waits(call()) == "done"
