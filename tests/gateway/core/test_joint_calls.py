"""Calls that several requests make as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from gateway.core.joint_calls import LATE_SECONDS, MOST, Asked, JointCall
from services.chassis.auth import caller
from services.chassis.auth.caller import UserCaller
from services.chassis.runtime.errors import DeadlineExceeded, TooMany, Unavailable
from tests.waiting import eventually

_of_request: ContextVar[str] = ContextVar("of_request", default="")


class Service:
    """Answers calls when it is let: by default at once."""

    def __init__(self) -> None:
        self.alone: list[str] = []
        self.together: list[list[Asked[str]]] = []
        self.contexts: list[str] = []
        self.failed: set[str] = set()
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.call: JointCall[str, str] = JointCall(self._alone, self._together)

    async def _alone(self, request: str) -> str:
        self.alone.append(request)
        await self.open.wait()
        return f"{request} alone"

    async def _together(self, asked: Sequence[Asked[str]]) -> list[str | None]:
        self.together.append(list(asked))
        self.contexts.append(_of_request.get())
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return [
            None if each.request in self.failed else f"{each.request} together" for each in asked
        ]

    def ask(self, request: str, *, token: str | None = "token") -> asyncio.Task[str]:
        async def made() -> str:
            caller.begin(UserCaller(1, 1), token)
            _of_request.set(request)
            return await self.call(request)

        return asyncio.create_task(made())

    async def occupied(self) -> asyncio.Task[str]:
        """A call that is under way until `open` is set."""
        self.open.clear()
        first = self.ask("first")
        await eventually(lambda: bool(self.alone))
        return first


@pytest.fixture
async def service() -> Service:
    return Service()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_request_that_finds_no_call_under_way_makes_it_alone(service: Service) -> None:
    assert await service.ask("a") == "a alone"
    assert await service.ask("b") == "b alone"
    assert service.together == []


async def test_those_that_arrive_meanwhile_make_one_call(service: Service) -> None:
    first = await service.occupied()
    others = [service.ask(each, token=f"token of {each}") for each in "abc"]
    await settled()
    service.open.set()

    assert await first == "first alone"
    assert await asyncio.gather(*others) == ["a together", "b together", "c together"]
    assert service.together == [[Asked(f"token of {each}", each) for each in "abc"]]
    assert service.alone == ["first"]


async def test_a_joint_call_has_nothing_of_the_requests_before_it(service: Service) -> None:
    first = await service.occupied()
    other = service.ask("a")
    await settled()
    service.open.set()
    await asyncio.gather(first, other)

    assert service.contexts == [""]


async def test_one_that_fails_among_others_is_made_alone(service: Service) -> None:
    await service.occupied()
    service.failed = {"b"}
    others = [service.ask(each) for each in "abc"]
    await settled()
    service.open.set()

    assert await asyncio.gather(*others) == ["a together", "b alone", "c together"]


@pytest.mark.parametrize("error", [TooMany(), Unavailable()])
async def test_a_service_that_is_busy_or_away_is_not_asked_again(
    service: Service, error: Exception
) -> None:
    await service.occupied()
    service.error = error
    others = [service.ask(each) for each in "ab"]
    await settled()
    service.open.set()

    assert await asyncio.gather(*others, return_exceptions=True) == [error, error]
    assert service.alone == ["first"]
    assert await service.ask("later") == "later alone"


async def test_each_is_made_alone_where_the_joint_call_took_too_long(service: Service) -> None:
    await service.occupied()
    service.error = DeadlineExceeded()
    others = [service.ask(each) for each in "ab"]
    await settled()
    service.open.set()

    assert await asyncio.gather(*others) == ["a alone", "b alone"]


async def test_nobody_waits_long_for_a_call_that_is_late(service: Service) -> None:
    first = await service.occupied()
    others = [service.ask(each) for each in "ab"]

    # The first one is still not answered.
    await eventually(lambda: len(service.together) == 1)
    assert not first.done()
    service.open.set()
    assert await asyncio.gather(first, *others) == ["first alone", "a together", "b together"]
    # The timer of the first call does not end a later one.
    await asyncio.sleep(LATE_SECONDS)
    assert await service.ask("later") == "later alone"


async def test_a_request_that_was_given_up_is_not_made(service: Service) -> None:
    await service.occupied()
    gone, stays = service.ask("gone"), service.ask("stays")
    await settled()
    gone.cancel()
    await settled()
    service.open.set()

    assert await stays == "stays together"
    assert [each.request for each in service.together[0]] == ["stays"]


async def test_a_first_request_that_is_given_up_lets_the_others_go(service: Service) -> None:
    first = await service.occupied()
    other = service.ask("a")
    await settled()
    first.cancel()
    await eventually(lambda: len(service.together) == 1)
    service.open.set()

    assert await other == "a together"


async def test_a_joint_call_has_as_many_as_the_contract_allows(service: Service) -> None:
    await service.occupied()
    others = [service.ask(f"{number}") for number in range(MOST + 3)]
    await settled()
    service.open.set()
    await asyncio.gather(*others)

    assert [len(each) for each in service.together] == [MOST, 3]


async def test_strangers_ask_alone(service: Service) -> None:
    await service.occupied()
    other = service.ask("a", token=None)
    await settled()
    service.open.set()

    assert await other == "a alone"
