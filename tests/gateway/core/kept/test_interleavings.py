"""Whatever happens in whichever order, no read shows less than what was answered before it began.

Writes change a value, report it and are answered, in this order. Reads collect values one by one.
Streams are cut, delayed and reset in between.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from gateway.core.kept.metrics import KeptMetrics
from gateway.core.kept.pages import Found, KeptPages
from services.chassis.runtime.clock import ManualClock
from tests.gateway.change_log import ChangeLog
from tests.waiting import LIMIT, eventually, let_pass

SERVICES = ("post", "timeline")
# By page the values that are on it, as service and id.
ON_PAGE = {
    "alice": [("post", 1), ("post", 2), ("timeline", 11)],
    "bob": [("post", 2), ("timeline", 12)],
}
VALUES = sorted({value for values in ON_PAGE.values() for value in values})

STEPS = st.integers(0, 6)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.sampled_from(sorted(ON_PAGE)), STEPS),
        st.tuples(st.just("read"), st.sampled_from(sorted(ON_PAGE)), STEPS),
        st.tuples(st.just("write"), st.sampled_from(VALUES), STEPS),
        st.tuples(st.just("wait"), st.none(), st.integers(1, 20)),
        st.tuples(
            st.sampled_from(["cut", "hold", "release", "reset"]), st.sampled_from(SERVICES), STEPS
        ),
        st.tuples(st.just("late"), st.none(), STEPS),
    ),
    min_size=5,
    max_size=60,
)


async def steps(number: int) -> None:
    """Lets everything else run so many times."""
    for _ in range(number):
        await asyncio.sleep(0)


class World:
    """Two services with values, pages made from them, and what was answered to writers."""

    def __init__(self) -> None:
        self.logs = {name: ChangeLog(name) for name in SERVICES}
        self.kept: KeptPages[dict[Any, int]] = KeptPages(
            [log.watched() for log in self.logs.values()],
            most_bytes=1_000_000,
            clock=ManualClock(),
            metrics=KeptMetrics(CollectorRegistry()),
        )
        self.values = dict.fromkeys(VALUES, 1)
        self.answered = dict.fromkeys(VALUES, 0)

    async def write(self, value: tuple[str, int], pause: int) -> None:
        service, dependency = value
        self.values[value] += 1
        written = self.values[value]
        await steps(pause)
        self.logs[service].append(dependency)
        await steps(pause)
        self.answered[value] = max(self.answered[value], written)

    async def read(self, page: str, pause: int) -> bool:
        """Whether the page came from memory. Fails where it is too old."""
        promised = dict(self.answered)
        found = await self.kept.find(page)
        shown = found.response
        if shown is None:
            shown = {}
            for value in ON_PAGE[page]:
                shown[value] = found.parts.find(value) or await self.read_part(value, found, pause)
            await steps(pause)
            self.kept.keep(page, shown, size=1, parts=found.parts)
        assert all(shown[value] >= promised[value] for value in ON_PAGE[page]), (shown, promised)
        return found.response is not None

    async def read_part(self, value: tuple[str, int], found: Found[Any], pause: int) -> int:
        await steps(pause)
        read = self.values[value]
        found.parts.add(value, read, [value[1]])
        return read

    async def act(self, kind: str, what: Any, number: int) -> None:
        if kind == "late":
            let_pass(LIMIT)
        elif kind in ("cut", "hold", "release", "reset"):
            getattr(self.logs[what], kind)()
        await steps(number)


async def carry_out(acts: list[tuple[str, Any, int]]) -> None:
    world = World()
    watching = asyncio.create_task(world.kept.run())
    started: list[asyncio.Task[Any]] = []
    try:
        for kind, what, number in acts:
            if kind in ("read", "write"):
                started.append(asyncio.create_task(getattr(world, kind)(what, number)))
                await steps(number)
            else:
                await world.act(kind, what, number)
        for log in world.logs.values():
            log.release()
        await asyncio.gather(*started)
        # In the end everything is kept again, and still right.
        for page in ON_PAGE:
            await eventually(lambda page=page: world.read(page, 1))  # type: ignore[misc]
    finally:
        watching.cancel()
        await asyncio.gather(watching, *started, return_exceptions=True)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ACTS)
def test_no_read_shows_less_than_was_answered_before_it(acts: list[tuple[str, Any, int]]) -> None:
    asyncio.run(carry_out(acts))
