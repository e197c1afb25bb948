"""The state cache: shared by all processes, and never older than the last write."""

from collections.abc import AsyncIterator, Sequence

import pytest

from services.chassis.cache import redis_client
from services.chassis.cache.change_log import ChangeLog
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import SystemClock
from services.post.domain.model import (
    TOMBSTONE,
    EngagementKind,
    Post,
    PostState,
)
from services.post.domain.store import Store
from services.post.rpc.read_cache import state_cache as states_module
from services.post.rpc.read_cache.state_cache import PostStateCache
from tests.stores.post.conftest import Scenario


class Process:
    """One process of the service with its caches."""

    def __init__(self, store: Store, server: RedisClient) -> None:
        self.states = PostStateCache(
            store=store, redis=server, changes=ChangeLog(server, "post"), clock=SystemClock()
        )
        store.on_change(self.states.invalidate)

    async def of(self, post: Post, viewer_id: int = 0) -> PostState:
        return (await self.states.of([post.id], viewer_id))[post.id]


@pytest.fixture
async def server(valkey_servers: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey_servers) as client:
        yield client


@pytest.fixture
async def process(scenario: Scenario, server: RedisClient) -> AsyncIterator[Process]:
    process = Process(scenario.store, server)
    yield process
    await process.states.close()


@pytest.fixture
async def elsewhere(scenario: Scenario, server: RedisClient) -> AsyncIterator[Process]:
    """A process that gets no invalidations."""
    process = Process(scenario.store, server)
    process.states.invalidate = _nothing  # type: ignore[assignment, method-assign]
    yield process
    await process.states.close()


async def _nothing(*_: object) -> None:
    return


async def test_ones_own_like_is_visible_at_once(scenario: Scenario, process: Process) -> None:
    post = await scenario.post(scenario.alice)
    assert not (await process.of(post, scenario.bob)).liked

    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)

    state = await process.of(post, scenario.bob)
    assert (state.liked, state.likes) == (True, 1)


async def test_a_removed_like_is_invisible_at_once(scenario: Scenario, process: Process) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)
    assert (await process.of(post, scenario.bob)).liked

    await scenario.withdraw(EngagementKind.LIKE, scenario.bob, post)

    state = await process.of(post, scenario.bob)
    assert (state.liked, state.likes) == (False, 0)


async def test_each_user_has_engagement_of_their_own(scenario: Scenario, process: Process) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(EngagementKind.BOOKMARK, scenario.bob, post)

    assert (await process.of(post, scenario.bob)).bookmarked
    assert not (await process.of(post, scenario.carol)).bookmarked
    assert not (await process.of(post)).bookmarked


async def test_counts_that_one_process_changes_show_in_others_at_once(
    scenario: Scenario, process: Process, elsewhere: Process
) -> None:
    post = await scenario.post(scenario.alice)
    assert (await elsewhere.of(post)).reposts == 0

    await scenario.engage(EngagementKind.REPOST, scenario.bob, post)

    assert (await elsewhere.of(post)).reposts == 1
    assert (await elsewhere.of(post, scenario.bob)).reposted


async def test_a_deletion_is_visible_at_once_and_in_the_counts_of_the_parent(
    scenario: Scenario, process: Process
) -> None:
    post = await scenario.post(scenario.alice)
    assert (await process.of(post)).replies == 0
    reply = await scenario.post(scenario.bob, answers=post)
    assert (await process.of(post)).replies == 1
    assert (await process.of(reply)).version != TOMBSTONE

    await scenario.delete(reply)

    assert (await process.of(post)).replies == 0
    assert (await process.of(reply)).version == TOMBSTONE


async def test_counts_of_a_quoted_post_show_at_once(scenario: Scenario, process: Process) -> None:
    post = await scenario.post(scenario.alice)
    assert (await process.of(post)).quotes == 0

    await scenario.post(scenario.bob, quotes=post)

    assert (await process.of(post)).quotes == 1


async def test_a_second_read_needs_no_store(
    scenario: Scenario, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)
    first = await process.of(post, scenario.bob)

    async def fail(*_: object) -> Sequence[object]:
        raise AssertionError("the store was read")

    monkeypatch.setattr(scenario.store, "states", fail)
    monkeypatch.setattr(scenario.store, "engaged", fail)

    assert await process.of(post, scenario.bob) == first


async def test_engagement_older_than_the_cached_is_found(
    scenario: Scenario, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_module, "MAX_ENGAGEMENTS", 2)
    posts = [await scenario.post(scenario.alice) for _ in range(4)]
    for post in (posts[0], posts[2], posts[3]):
        await scenario.engage(EngagementKind.LIKE, scenario.bob, post)

    found = await process.states.of([post.id for post in posts], scenario.bob)

    assert [found[post.id].liked for post in posts] == [True, False, True, True]


async def test_without_redis_the_store_is_read(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)
    async with redis_client.connect("redis://127.0.0.1:1") as nowhere:
        process = Process(scenario.store, nowhere)

        assert (await process.of(post, scenario.bob)).liked

        await scenario.withdraw(EngagementKind.LIKE, scenario.bob, post)
        assert not (await process.of(post, scenario.bob)).liked
        await process.states.close()
