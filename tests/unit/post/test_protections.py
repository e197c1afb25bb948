"""Counts follow accounts that become protected or open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.post.adapters.memory import MemoryStore
from services.post.adapters.memory.transaction import MemoryPostTransaction
from services.post.domain.model import (
    OPEN_ACCOUNT,
    AccountState,
    EngagementKind,
    Post,
)
from services.post.domain.store import NewPost
from services.post.rpc.read_cache.profile_cache import RelationshipFlags
from services.post.worker import protections as protections_module
from services.post.worker.protections import Protections
from tests.builders.posts import START, Numbers, a_post

PROTECTED = AccountState(True, START)
NO_RELATIONSHIP = RelationshipFlags(False, False, False)
OPENED = AccountState(False, START + timedelta(hours=1))


@dataclass(frozen=True)
class Somebody:
    id: int
    protected: bool
    update_time: datetime
    handle: str = "somebody"
    viewer_relationship: RelationshipFlags = NO_RELATIONSHIP


class Accounts:
    """A fake User service."""

    def __init__(self) -> None:
        self.states: dict[int, AccountState] = {}
        self.calls: list[list[int]] = []

    async def find(
        self, *, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[Somebody]:
        self.calls.append(list(ids))
        return [Somebody(each, *self.states[each]) for each in ids if each in self.states]


class Scenario:
    def __init__(self) -> None:
        self.numbers = Numbers()
        self.store = MemoryStore(clock=ManualClock())
        self.accounts = Accounts()
        self.protections = Protections(store=self.store, profiles=self.accounts)
        self.alice, self.bob, self.carol = (self.user() for _ in range(3))

    def user(self) -> int:
        user_id = self.numbers.user()
        self.accounts.states[user_id] = OPEN_ACCOUNT
        return user_id

    async def post(self, author_id: int, answers: Post | None = None) -> Post:
        post = a_post(self.numbers.of(author_id), author_id, answers=answers)
        message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
        await self.store.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))
        return post

    async def contribute(self, user_id: int, post: Post) -> None:
        """A like and a reply of an account that counts as open."""
        async with self.store.transaction() as transaction:
            await transaction.engage(
                EngagementKind.LIKE,
                user_id=user_id,
                account=OPEN_ACCOUNT,
                post_id=post.id,
                author_id=post.author_id,
                engagement_id=self.numbers.of(user_id),
            )
        await self.post(user_id, answers=post)

    async def counts(self, post: Post) -> tuple[int, int]:
        state = (await self.store.states([post.id], 0))[post.id]
        return state.likes, state.replies


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protections_module, "CONTRIBUTIONS_A_STEP", 2)
    monkeypatch.setattr(protections_module, "_USERS_AT_ONCE", 2)


async def test_counts_follow_the_account_both_ways(scenario: Scenario) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(5)]
    for post in posts:
        await scenario.contribute(scenario.bob, post)
        await scenario.contribute(scenario.carol, post)

    await scenario.protections.account_changed(scenario.bob, PROTECTED)
    hidden = [await scenario.counts(post) for post in posts]
    await scenario.protections.account_changed(scenario.bob, OPENED)

    assert hidden == [(1, 1)] * 5
    assert [await scenario.counts(post) for post in posts] == [(2, 2)] * 5


async def test_repeated_events_change_nothing(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.contribute(scenario.bob, post)
    for account in (PROTECTED, PROTECTED, OPENED, PROTECTED, OPENED):
        await scenario.protections.account_changed(scenario.bob, account)

    assert await scenario.counts(post) == (1, 1)
    assert await scenario.store.recount([post.id]) == []


async def test_readers_are_shown_the_counts_after_each_step(scenario: Scenario) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(3)]
    for post in posts:
        await scenario.contribute(scenario.bob, post)
    forgotten: set[int] = set()

    async def watch(changed: object) -> None:
        forgotten.update(changed.post_ids)  # type: ignore[attr-defined]

    scenario.store.on_change(watch)
    await scenario.protections.account_changed(scenario.bob, PROTECTED)

    assert forgotten == {post.id for post in posts}


async def test_review_finds_accounts_that_were_protected_before_counts_depended_on_it(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice)
    users = [scenario.bob, scenario.carol, *(scenario.user() for _ in range(3))]
    for user_id in users:
        await scenario.contribute(user_id, post)
    scenario.accounts.states[users[1]] = scenario.accounts.states[users[4]] = PROTECTED

    found = [await scenario.protections.review() for _ in range(4)]

    assert sum(found) == 2
    assert await scenario.counts(post) == (3, 3)
    # The last round was short, so the next one begins with the first users again.
    assert await scenario.protections.review() == 0
    assert scenario.accounts.calls[-1] == scenario.accounts.calls[0]


async def test_review_completes_what_was_interrupted(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.contribute(scenario.bob, post)
    scenario.accounts.states[scenario.bob] = PROTECTED

    async def fail(*_: object, **__: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(MemoryPostTransaction, "align_posts", fail)
        with pytest.raises(Unavailable):
            await scenario.protections.account_changed(scenario.bob, PROTECTED)
    assert await scenario.counts(post) == (0, 1)

    assert await scenario.protections.review() == 1
    assert await scenario.counts(post) == (0, 0)
    assert await scenario.protections.review() == 0


async def test_review_of_nobody_makes_no_call(scenario: Scenario) -> None:
    assert await scenario.protections.review() == 0
    assert scenario.accounts.calls == []


async def test_the_state_of_a_deleted_account_is_deleted(scenario: Scenario) -> None:
    await scenario.protections.account_changed(scenario.bob, PROTECTED)

    await scenario.protections.delete_account(scenario.bob)

    assert scenario.bob not in scenario.store.database.tables.protections
