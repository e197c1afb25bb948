"""Finding and correcting counts that drifted."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.post.adapters.memory import MemoryStore
from services.post.domain.model import OPEN_ACCOUNT, CountDrift, Post
from services.post.domain.store import NewPost
from services.post.worker.reconciliation import Reconciliation
from tests.builders.posts import Numbers, a_post


def drifts_of(counter: str) -> float:
    return REGISTRY.get_sample_value("roost_post_count_drifts_total", {"counter": counter}) or 0.0


async def test_drifts_are_corrected_counted_and_looked_for_only_once() -> None:
    clock, numbers = ManualClock(), Numbers()
    store = MemoryStore(clock=clock)
    reconciliation = Reconciliation(store=store, clock=clock)
    author = numbers.user()
    posts = [a_post(numbers.of(author), author, create_time=clock.now()) for _ in range(250)]
    for post in posts:
        message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
        await store.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))

    def miscount(post: Post) -> None:
        states = store.database.tables.states
        states[post.id] = states[post.id]._replace(likes=3)

    for post in (posts[0], posts[249]):
        miscount(post)
    before = drifts_of("likes")
    clock.advance(timedelta(minutes=1))

    assert await reconciliation.reconcile() == 2
    assert drifts_of("likes") == before + 2
    assert all(state.likes == 0 for state in store.database.tables.states.values())

    # Its counts have not changed since, so it is not recounted.
    miscount(posts[0])
    clock.advance(timedelta(minutes=1))
    assert await reconciliation.reconcile() == 0


async def test_post_that_cannot_be_counted_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, numbers = ManualClock(), Numbers()
    store = MemoryStore(clock=clock)
    reconciliation = Reconciliation(store=store, clock=clock)
    author = numbers.user()
    posts = [a_post(numbers.of(author), author, create_time=clock.now()) for _ in range(5)]
    for post in posts:
        message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
        await store.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))
        states = store.database.tables.states
        states[post.id] = states[post.id]._replace(likes=3)
    bad, recount = posts[2].id, store.recount

    async def failing(post_ids: Sequence[int]) -> list[CountDrift]:
        if bad in post_ids:
            raise OverflowError("a row that cannot be read")
        return await recount(post_ids)

    monkeypatch.setattr(store, "recount", failing)
    before = REGISTRY.get_sample_value("roost_post_recount_failures_total") or 0.0
    clock.advance(timedelta(minutes=1))

    found = await reconciliation.reconcile()

    assert found == 4
    assert REGISTRY.get_sample_value("roost_post_recount_failures_total") == before + 1
