"""Pages that are kept: when they are sent again, and when they are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from gateway.core.kept.metrics import KeptMetrics
from gateway.core.kept.pages import LIFE_SECONDS, KeptPages
from gateway.core.kept.parts import Parts
from services.chassis.runtime.clock import ManualClock
from tests.gateway.change_log import ChangeLog
from tests.waiting import LIMIT, eventually, let_pass


class Pages:
    """Kept pages, and what a test does with them."""

    def __init__(self, *logs: ChangeLog, most_bytes: int) -> None:
        self.clock = ManualClock()
        self.registry = CollectorRegistry()
        self.kept: KeptPages[str] = KeptPages(
            [log.watched() for log in logs],
            most_bytes=most_bytes,
            clock=self.clock,
            metrics=KeptMetrics(self.registry),
        )

    async def find(self, key: str = "home") -> str | None:
        return (await self.kept.find(key)).response

    async def begin(self, key: str = "home") -> Parts:
        """A read that goes to the services."""
        found = await self.kept.find(key)
        assert found.response is None
        assert found.parts.wanted
        return found.parts

    def end(
        self,
        parts: Parts,
        *ids: int,
        key: str = "home",
        size: int = 100,
        until: timedelta | None = None,
    ) -> None:
        """Each dependency is a part of its own, whose value is the dependency."""
        for each in ids:
            parts.add(each, each, [each])
        self.kept.keep(
            key,
            f"page of {key}",
            size=size,
            parts=parts,
            until=self.clock.now() + until if until is not None else None,
        )

    async def read(self, *ids: int, key: str = "home", size: int = 100) -> None:
        self.end(await self.begin(key), *ids, key=key, size=size)

    async def is_open(self) -> bool:
        return (await self.kept.find("nothing")).parts.wanted

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"roost_kept_{name}", labels) or 0.0

    def reads(self, outcome: str) -> float:
        return self.value("reads_total", outcome=outcome)


@asynccontextmanager
async def running(*logs: ChangeLog, most_bytes: int = 1_000_000) -> AsyncIterator[Pages]:
    found = Pages(*logs, most_bytes=most_bytes)
    task = asyncio.create_task(found.kept.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def pages(post_log: ChangeLog, timeline_log: ChangeLog) -> AsyncIterator[Pages]:
    async with running(post_log, timeline_log) as found:
        await eventually(found.is_open)
        yield found


async def test_a_page_is_sent_again_while_nothing_on_it_changes(
    pages: Pages, post_log: ChangeLog, timeline_log: ChangeLog
) -> None:
    await pages.read(1, 2)
    post_log.append(3)
    timeline_log.append(4)

    assert await pages.find() == "page of home"
    assert await pages.find() == "page of home"
    assert pages.reads("kept") == 2
    assert pages.value("pages") == 1


@pytest.mark.parametrize("service", ["post", "timeline"])
async def test_a_page_is_not_sent_after_a_change_that_either_service_reports(
    pages: Pages, post_log: ChangeLog, timeline_log: ChangeLog, service: str
) -> None:
    await pages.read(1, 2)
    {"post": post_log, "timeline": timeline_log}[service].append(2)

    assert await pages.find() is None
    assert await pages.find() is None
    assert pages.reads("changed") == 2


async def test_a_change_discards_no_other_page(pages: Pages, post_log: ChangeLog) -> None:
    await pages.read(1, key="home of alice")
    await pages.read(2, key="home of bob")
    post_log.append(1)

    assert await pages.find("home of alice") is None
    assert await pages.find("home of bob") == "page of home of bob"


async def test_a_page_that_changed_is_kept_again(pages: Pages, post_log: ChangeLog) -> None:
    await pages.read(1)
    post_log.append(1)
    await pages.read(1)

    assert await pages.find() == "page of home"


async def test_a_change_between_reading_and_keeping_counts(
    pages: Pages, post_log: ChangeLog
) -> None:
    reading = await pages.begin()
    post_log.append(1)
    # Another read brings the report.
    await pages.find("another")
    pages.end(reading, 1)

    assert pages.value("pages") == 0
    assert await pages.find() is None


async def test_a_change_that_no_check_has_brought_yet_counts(
    pages: Pages, post_log: ChangeLog
) -> None:
    reading = await pages.begin()
    post_log.append(1)
    pages.end(reading, 1)

    assert await pages.find() is None


@pytest.mark.parametrize("loss", ["reset", "cut"])
async def test_a_loss_discards_all_pages_and_those_that_are_being_read(
    pages: Pages, post_log: ChangeLog, loss: str
) -> None:
    await pages.read(1, key="kept")
    reading = await pages.begin("being read")
    getattr(post_log, loss)()
    await eventually(pages.is_open)
    pages.end(reading, 2, key="being read")

    assert await pages.find("kept") is None
    assert await pages.find("being read") is None
    assert pages.value("pages") == 0


async def test_a_page_that_is_read_while_a_stream_is_away_is_not_kept(
    pages: Pages, post_log: ChangeLog
) -> None:
    post_log.away = True
    post_log.cut()
    await eventually(lambda: _is_unproven(pages))

    found = await pages.kept.find("home")

    assert (found.response, found.parts.wanted) == (None, False)
    assert pages.reads("unproven") > 0


async def _is_unproven(pages: Pages) -> bool:
    return not await pages.is_open()


async def test_a_late_check_lets_the_read_go_to_the_services(
    pages: Pages, timeline_log: ChangeLog
) -> None:
    await pages.read(1)
    timeline_log.hold()
    reading = asyncio.create_task(pages.kept.find("home"))
    await eventually(lambda: timeline_log.unanswered == 1)

    let_pass(LIMIT)
    found = await reading

    assert (found.response, found.parts.wanted) == (None, False)
    timeline_log.release()
    await eventually(pages.is_open)
    # What was kept before is as good as it was.
    assert await pages.find() == "page of home"


async def test_a_page_without_parts_is_not_kept(pages: Pages) -> None:
    pages.end(await pages.begin())

    assert await pages.find() is None
    assert pages.value("pages") == 0


async def test_a_page_with_a_part_whose_dependencies_are_unknown_is_not_kept(pages: Pages) -> None:
    parts = await pages.begin()
    parts.add("unknown", "value", [])
    pages.end(parts, 1)
    before = pages.reads("absent")

    again = await pages.begin()

    assert pages.reads("absent") == before + 1
    assert (again.find(1), again.find("unknown")) == (1, None)


async def test_the_parts_that_did_not_change_are_there(pages: Pages, post_log: ChangeLog) -> None:
    await pages.read(1, 2, 3)
    post_log.append(2)

    parts = await pages.begin()

    assert [parts.find(each) for each in (1, 2, 3, 4)] == [1, None, 3, None]
    pages.end(parts, 2)
    assert await pages.find() == "page of home"
    assert pages.value("parts_total", source="page") == 2
    assert pages.value("parts_total", source="service") == 4


async def test_two_readers_of_a_page_that_changed_both_find_its_parts(
    pages: Pages, post_log: ChangeLog
) -> None:
    await pages.read(1, 2)
    post_log.append(2)
    one, other = await pages.begin(), await pages.begin()
    for parts in (one, other):
        assert parts.find(1) == 1
        pages.end(parts, 2)

    assert await pages.find() == "page of home"
    assert pages.value("pages") == 1


async def test_what_is_no_longer_in_a_page_no_longer_counts(
    pages: Pages, post_log: ChangeLog
) -> None:
    await pages.read(1, 2)
    post_log.append(2)
    parts = await pages.begin()
    parts.find(1)
    pages.end(parts)
    post_log.append(2)

    assert await pages.find() == "page of home"


async def test_a_change_while_a_page_is_made_counts_for_its_parts(
    pages: Pages, post_log: ChangeLog
) -> None:
    await pages.read(1, 2)
    post_log.append(2)
    parts = await pages.begin()
    parts.find(1)
    post_log.append(1)
    await pages.find("another")
    pages.end(parts, 2)

    again = await pages.begin()

    assert [again.find(each) for each in (1, 2)] == [None, 2]


async def test_a_part_is_taken_over_from_page_to_page_for_ten_minutes(
    pages: Pages, post_log: ChangeLog
) -> None:
    await pages.read(1, 2)
    pages.clock.advance(LIFE_SECONDS * 0.9 - 1)
    post_log.append(2)
    parts = await pages.begin()
    assert parts.find(1) == 1
    pages.end(parts, 2)

    pages.clock.advance(LIFE_SECONDS * 0.2 + 1)

    again = await pages.begin()
    assert [again.find(each) for each in (1, 2)] == [None, 2]


async def test_a_loss_discards_the_parts_of_a_page_that_is_being_made(
    pages: Pages, post_log: ChangeLog
) -> None:
    await pages.read(1, 2)
    post_log.append(2)
    parts = await pages.begin()
    post_log.reset()
    await pages.find("another")

    assert parts.find(1) is None


async def test_a_page_lives_at_most_ten_minutes(pages: Pages) -> None:
    await pages.read(1)
    pages.clock.advance(LIFE_SECONDS * 0.9 - 1)
    assert await pages.find() == "page of home"

    pages.clock.advance(LIFE_SECONDS * 0.2 + 1)

    assert await pages.find() is None
    assert pages.reads("changed") == 0


async def test_a_page_lives_no_longer_than_what_is_on_it(pages: Pages) -> None:
    pages.end(await pages.begin(), 1, until=timedelta(seconds=30))
    pages.clock.advance(29)
    assert await pages.find() == "page of home"

    pages.clock.advance(1)

    assert await pages.find() is None


async def test_pages_that_were_not_read_for_longest_make_room(
    post_log: ChangeLog, timeline_log: ChangeLog
) -> None:
    async with running(post_log, timeline_log, most_bytes=30_000) as pages:
        await eventually(pages.is_open)
        for number in range(3):
            await pages.read(number + 1, key=f"{number}", size=8_000)
        await pages.find("0")

        await pages.read(9, key="3", size=8_000)

        assert pages.value("bytes") <= 30_000
        assert await pages.find("1") is None
        assert await pages.find("0") == "page of 0"
        assert await pages.find("3") == "page of 3"


async def test_a_page_that_is_larger_than_the_room_is_not_kept(
    post_log: ChangeLog, timeline_log: ChangeLog
) -> None:
    async with running(post_log, timeline_log, most_bytes=5_000) as pages:
        await eventually(pages.is_open)

        await pages.read(1, size=5_000)

        assert await pages.find() is None
        assert pages.value("bytes") == 0
