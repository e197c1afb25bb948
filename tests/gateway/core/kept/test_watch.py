"""Checks of one service: what they prove, who shares them, and what happens without answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from roost.post.v1.invalidation_service_pb2 import WatchRequest, WatchResponse

from gateway.core.kept import watch as watch_module
from gateway.core.kept.changes import Changes
from gateway.core.kept.metrics import KeptMetrics
from gateway.core.kept.watch import Watch, Watched
from tests.gateway.change_log import ChangeLog
from tests.waiting import LIMIT, eventually, let_pass


class Watching:
    """A watch whose stream runs, and what it reported."""

    def __init__(self, watched: Watched) -> None:
        self.changes = Changes()
        self.losses = 0
        self.watch = Watch(
            watched,
            changes=self.changes,
            on_lost=self._lose,
            seconds=KeptMetrics(CollectorRegistry()).check_seconds.labels("post"),
        )

    def _lose(self) -> None:
        self.losses += 1
        self.changes.lose()

    async def current(self) -> bool:
        check = self.watch.check()
        return check is not None and await check

    def check(self) -> asyncio.Future[bool]:
        """A check of an open stream."""
        check = self.watch.check()
        assert check is not None
        return check


@asynccontextmanager
async def watching(watched: Watched) -> AsyncIterator[Watching]:
    found = Watching(watched)
    running = asyncio.create_task(found.watch.run())
    try:
        yield found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def opened(log: ChangeLog) -> AsyncIterator[Watching]:
    async with watching(log.watched()) as found:
        await eventually(found.current)
        yield found


async def test_the_stream_is_opened_by_the_first_who_asks(post_log: ChangeLog) -> None:
    async with watching(post_log.watched()) as found:
        assert post_log.opened == 0

        assert found.watch.check() is None
        await eventually(found.current)

    assert post_log.opened == 1
    assert found.losses == 2  # the first response, and the end


async def test_what_changed_before_a_check_is_known_after_it(post_log: ChangeLog) -> None:
    async with opened(post_log) as found:
        since = found.changes.sequence
        post_log.append(7)

        assert await found.current()

        assert found.changes.affect([7], since)
        assert not found.changes.affect([8], since)


async def test_those_who_ask_while_a_check_is_under_way_share_the_next(
    post_log: ChangeLog,
) -> None:
    async with opened(post_log) as found:
        since, checks = found.changes.sequence, post_log.checks
        post_log.hold()
        first = found.check()
        await eventually(lambda: post_log.unanswered == 1)
        post_log.append(7)
        others = [found.check() for _ in range(50)]
        post_log.release()

        assert await first
        assert not found.changes.affect([7], since)
        assert all(await asyncio.gather(*others))

        assert found.changes.affect([7], since)
        assert post_log.checks == checks + 2


async def test_a_late_answer_makes_nobody_wait_and_counts_when_it_comes(
    post_log: ChangeLog,
) -> None:
    async with opened(post_log) as found:
        since = found.changes.sequence
        post_log.append(7)
        post_log.hold()
        waiting, next_one = found.check(), found.check()
        await eventually(lambda: post_log.unanswered == 1)

        let_pass(LIMIT)

        assert not await waiting
        assert not await next_one
        assert found.watch.check() is None
        post_log.release()
        await eventually(found.current)
        assert found.changes.affect([7], since)
        assert (post_log.opened, found.losses) == (1, 1)


async def test_a_stream_without_answers_is_replaced(post_log: ChangeLog) -> None:
    async with opened(post_log) as found:
        post_log.hold()
        waiting = found.check()
        let_pass(LIMIT)
        assert not await waiting

        let_pass(watch_module.HUNG_SECONDS)
        await eventually(lambda: post_log.opened == 2)

        post_log.release()
        await eventually(found.current)


async def test_the_end_of_a_stream_proves_nothing_and_loses_everything(
    post_log: ChangeLog,
) -> None:
    async with opened(post_log) as found:
        since = found.changes.sequence
        post_log.hold()
        waiting, next_one = found.check(), found.check()
        post_log.cut()

        assert not await waiting
        assert not await next_one
        assert found.changes.affect([1], since)
        assert found.watch.check() is None

        post_log.release()
        await eventually(found.current)
        assert post_log.opened == 2


async def test_a_service_that_is_away_is_found_when_it_is_back(post_log: ChangeLog) -> None:
    post_log.away = True
    async with watching(post_log.watched()) as found:
        assert found.watch.check() is None
        await eventually(lambda: found.losses > 1)
        assert found.watch.check() is None

        post_log.away = False

        await eventually(found.current)


async def test_a_reset_loses_everything(post_log: ChangeLog) -> None:
    async with opened(post_log) as found:
        since = found.changes.sequence
        post_log.reset()

        assert await found.current()

        assert found.changes.affect([1], since)
        assert post_log.opened == 1


async def test_who_gives_up_waiting_disturbs_nobody(post_log: ChangeLog) -> None:
    async with opened(post_log) as found:
        post_log.hold()
        given_up, waiting = asyncio.ensure_future(_wait(found.check())), found.check()
        await eventually(lambda: post_log.unanswered == 1)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        post_log.release()

        assert await waiting
        assert await found.current()


async def _wait(check: asyncio.Future[bool]) -> bool:
    return await check


async def test_the_answer_to_another_check_proves_nothing() -> None:
    async def wrong(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            yield WatchResponse(check=request.check + 1)

    async with watching(Watched("post", wrong, WatchRequest)) as found:
        found.watch.check()

        await eventually(lambda: found.losses > 0)

        assert found.watch.check() is None
