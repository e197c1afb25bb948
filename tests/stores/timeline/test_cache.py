"""One suite for every implementation of the timeline cache."""

from collections.abc import AsyncIterator

import pytest

from services.chassis.cache import redis_client
from services.chassis.runtime.clock import SystemClock
from services.timeline.adapters.feeds_valkey import change_log
from services.timeline.adapters.timeline_cache_memory import MemoryTimelineCache
from services.timeline.adapters.timeline_cache_valkey import ValkeyTimelineCache
from services.timeline.domain.model import Entry
from services.timeline.domain.timeline_cache import TimelineCache
from tests.waiting import LIMIT

ALICE, BOB = 1, 2


@pytest.fixture(params=["memory", "valkey", "valkey_cluster"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[TimelineCache]:
    if request.param == "memory":
        yield MemoryTimelineCache(clock=SystemClock())
        return
    async with redis_client.connect(
        request.getfixturevalue(request.param), call_seconds=LIMIT
    ) as client:
        yield ValkeyTimelineCache(client, changes=change_log(client))


async def test_the_version_is_unknown_at_first_and_only_rises(cache: TimelineCache) -> None:
    unknown = await cache.celebrity_version()
    await cache.raise_celebrity_version(0)
    none_yet = await cache.celebrity_version()
    await cache.raise_celebrity_version(3)
    await cache.raise_celebrity_version(2)

    assert (unknown, none_yet) == (None, 0)
    assert await cache.celebrity_version() == 3


async def test_a_ranking_is_kept_for_its_viewer_in_its_order(cache: TimelineCache) -> None:
    entries = [Entry(5, 7, 5, 7), Entry(9, 8, 1, 7)]

    await cache.keep_ranking(ALICE, "name", entries)

    assert await cache.ranking(ALICE, "name") == entries
    assert await cache.ranking(ALICE, "other") is None
    assert await cache.ranking(BOB, "name") is None


async def test_one_home_is_rebuilt_once_in_a_while(cache: TimelineCache) -> None:
    assert await cache.take_rebuild_permit(ALICE)
    assert not await cache.take_rebuild_permit(ALICE)
    assert await cache.take_rebuild_permit(BOB)
