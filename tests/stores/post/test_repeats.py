"""Each write names the events that repeat its invalidation, once it is known to be committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import pytest

from services.chassis.events.records import Event
from services.chassis.storage import outbox, postgres
from services.chassis.storage.postgres import DatabaseUnavailable
from services.post.adapters.memory import MemoryStore
from services.post.adapters.postgres import PostgresStore
from services.post.domain.domain_events import PostDeleted, PostLiked
from services.post.domain.model import OPEN_ACCOUNT, EngagementKind, Post
from services.post.domain.store import ChangedIds, Store
from services.post.rpc.events import describe
from tests.stores.post.conftest import Scenario


async def published(store: Store) -> list[Event]:
    """The events of the store, oldest first."""
    if isinstance(store, MemoryStore):
        return list(store.database.published)
    assert isinstance(store, PostgresStore)
    async with store._database.connection() as connection:
        return [row.event for row in await outbox.oldest(connection, 10_000)]


class Writes:
    """What writes changed, and the events that they published."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.changes: list[ChangedIds] = []
        scenario.store.on_change(self._add)

    async def of(self, write: Callable[[], Awaitable[object]]) -> tuple[ChangedIds, list[UUID]]:
        """The change, and the ids of the events, of one write."""
        before = {each.event_id for each in await published(self.scenario.store)}
        self.changes.clear()
        await write()
        (change,) = self.changes
        events = await published(self.scenario.store)
        return change, [each.event_id for each in events if each.event_id not in before]

    async def _add(self, changed: ChangedIds) -> None:
        self.changes.append(changed)


@pytest.fixture
def writes(scenario: Scenario) -> Writes:
    return Writes(scenario)


async def like(scenario: Scenario, user_id: int, post: Post) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.engage(
            EngagementKind.LIKE,
            user_id=user_id,
            account=OPEN_ACCOUNT,
            post_id=post.id,
            author_id=post.author_id,
            engagement_id=scenario.numbers.of(user_id),
        )
        await transaction.publish(describe(PostLiked(post.id, post.author_id, user_id)))


async def test_a_post_names_its_event(scenario: Scenario, writes: Writes) -> None:
    post = await scenario.post(scenario.alice)

    change, events = await writes.of(lambda: scenario.post(scenario.bob, answers=post))

    assert change.post_ids == {post.id}
    assert list(change.event_ids) == events
    assert len(events) == 1


async def test_a_transaction_names_its_events(scenario: Scenario, writes: Writes) -> None:
    post = await scenario.post(scenario.alice)

    change, events = await writes.of(lambda: like(scenario, scenario.bob, post))

    assert (change.post_ids, change.engaged_user_ids) == ({post.id}, {scenario.bob})
    assert list(change.event_ids) == events
    assert len(events) == 1


async def test_a_deletion_names_all_events_and_every_post_that_exists(
    scenario: Scenario, writes: Writes
) -> None:
    post = await scenario.post(scenario.alice)
    reply = await scenario.post(scenario.bob, answers=post)

    async def delete() -> None:
        async with scenario.store.transaction() as transaction:
            for each in await transaction.delete([post.id, reply.id], post.create_time):
                await transaction.publish(describe(PostDeleted(each, post.create_time)))

    change, events = await writes.of(delete)

    assert change.post_ids == {post.id, reply.id}
    assert list(change.event_ids) == events
    assert len(events) == 2


async def test_a_bookmark_changes_no_post(scenario: Scenario, writes: Writes) -> None:
    post = await scenario.post(scenario.alice)
    kind = EngagementKind.BOOKMARK

    added, _ = await writes.of(lambda: scenario.engage(kind, scenario.bob, post))
    removed, _ = await writes.of(lambda: scenario.withdraw(kind, scenario.bob, post))

    assert [added, removed] == [ChangedIds(engaged_user_ids={scenario.bob}, event_ids=())] * 2


class Interrupted(Exception):
    """Ends a write."""


def losing_answers(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets each commit of the store succeed, and its caller not know it."""

    async def lost(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(store._database, "_keep", lost)


async def test_a_commit_whose_outcome_is_unknown_names_no_event(
    database: postgres.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = Scenario(PostgresStore(database))
    post = await scenario.post(scenario.alice)
    writes = Writes(scenario)
    assert isinstance(scenario.store, PostgresStore)
    losing_answers(scenario.store, monkeypatch)

    async def unknown(write: Awaitable[object]) -> None:
        with pytest.raises(DatabaseUnavailable):
            await write

    liked, events_of_like = await writes.of(lambda: unknown(like(scenario, scenario.bob, post)))
    answered, events_of_reply = await writes.of(
        lambda: unknown(scenario.post(scenario.bob, answers=post))
    )

    changes: Sequence[ChangedIds] = (liked, answered)
    # The event comes, and has to repeat the invalidation: that of the write may have been too soon.
    assert [len(each) for each in (events_of_like, events_of_reply)] == [1, 1]
    assert [each.post_ids for each in changes] == [{post.id}] * 2
    assert [list(each.event_ids) for each in changes] == [[], []]


async def test_a_write_that_failed_names_no_event(database: postgres.Database) -> None:
    scenario = Scenario(PostgresStore(database))
    post = await scenario.post(scenario.alice)
    writes = Writes(scenario)

    async def interrupted() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.publish(describe(PostLiked(post.id, 1, scenario.bob)))
            raise Interrupted

    async def write() -> None:
        with pytest.raises(Interrupted):
            await interrupted()

    change, events = await writes.of(write)

    assert (list(change.event_ids), events) == ([], [])
