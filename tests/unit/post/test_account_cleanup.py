"""Account cleanup after deletions and blocks."""

from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from roost.post.v1 import post_events_pb2 as wire
from roost.user.v1.user_events_pb2 import UserDeleted

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.post.adapters.memory import MemoryStore
from services.post.adapters.user_client import MeshProfiles
from services.post.domain.model import OPEN_ACCOUNT, EngagementKind, Post
from services.post.domain.store import NewPost
from services.post.rpc.events import describe
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker import account_cleanup as account_cleanup_module
from services.post.worker import consumer
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections
from tests.builders.posts import START, Numbers, a_post

LIKE, REPOST, BOOKMARK = EngagementKind.LIKE, EngagementKind.REPOST, EngagementKind.BOOKMARK


class Scenario:
    def __init__(self) -> None:
        clock = ManualClock()
        self.numbers = Numbers()
        self.store = MemoryStore(clock=clock)
        self.alice, self.bob, self.carol = (self.numbers.user() for _ in range(3))
        self.deleted_bodies: list[tuple[int, int]] = []
        self.cleanup = AccountCleanup(
            store=self.store, clock=clock, describe=describe, delete_body=self._delete_body
        )

    async def _delete_body(self, post_id: int, revision: int) -> None:
        self.deleted_bodies.append((post_id, revision))

    async def post(self, author_id: int, answers: Post | None = None) -> Post:
        post = a_post(self.numbers.of(author_id), author_id, answers=answers)
        message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
        await self.store.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))
        return post

    async def engage(self, kind: EngagementKind, user_id: int, post: Post) -> int:
        async with self.store.transaction() as transaction:
            given = await transaction.engage(
                kind,
                user_id=user_id,
                account=OPEN_ACCOUNT,
                post_id=post.id,
                author_id=post.author_id,
                engagement_id=self.numbers.of(user_id),
            )
        return given.engagement_id

    async def delete(self, post: Post) -> None:
        async with self.store.transaction() as transaction:
            await transaction.delete([post.id], START)

    def published(self) -> list[tuple[str, str]]:
        return [
            (event.type.rpartition(".")[2], event.key)
            for event in self.store.database.published
            if event.type != "created"
        ]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_cleanup_module, "POSTS_A_STEP", 2)
    monkeypatch.setattr(account_cleanup_module, "ENGAGEMENTS_A_STEP", 2)


async def test_a_deleted_account_leaves_tombstones_and_no_engagement(scenario: Scenario) -> None:
    theirs = [await scenario.post(scenario.bob) for _ in range(3)]
    own = [await scenario.post(scenario.alice, answers=theirs[0]) for _ in range(5)]
    for post in theirs:
        await scenario.engage(LIKE, scenario.alice, post)
        await scenario.engage(BOOKMARK, scenario.alice, post)
    repost_id = await scenario.engage(REPOST, scenario.alice, theirs[0])
    await scenario.engage(LIKE, scenario.carol, theirs[0])

    await scenario.cleanup.account_deleted(scenario.alice)

    assert await scenario.store.count_posts([scenario.alice, scenario.bob]) == {scenario.bob: 3}
    state = (await scenario.store.states([theirs[0].id], scenario.carol))[theirs[0].id]
    assert (state.likes, state.reposts, state.replies, state.liked) == (1, 0, 0, True)
    for kind in EngagementKind:
        assert (
            await scenario.store.engagements_by_user(kind, scenario.alice, before=0, limit=9) == []
        )
    kinds = [name for name, _ in scenario.published()]
    assert sorted(kinds) == ["PostDeleted"] * 5 + ["PostUnliked"] * 3 + ["RepostUndone"]
    assert {key for _, key in scenario.published()} == {str(scenario.alice)}
    undone = next(e for e in scenario.store.database.published if e.type.endswith("RepostUndone"))
    assert wire.RepostUndone.FromString(undone.payload).entry.entry_id == repost_id
    assert {post.id for post in own} == {
        wire.PostDeleted.FromString(event.payload).post_id
        for event in scenario.store.database.published
        if event.type.endswith("PostDeleted")
    }


async def test_a_deleted_post_takes_its_reposts_and_likes_along(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    users = [scenario.numbers.user() for _ in range(5)]
    for user_id in users:
        await scenario.engage(REPOST, user_id, post)
        await scenario.engage(LIKE, user_id, post)
        await scenario.engage(BOOKMARK, user_id, post)
    await scenario.delete(post)

    await scenario.cleanup.post_deleted(post.id, scenario.alice)

    assert sorted(scenario.published()) == sorted(
        ("RepostUndone", str(user_id)) for user_id in users
    )
    for user_id in users:
        assert await scenario.store.engagements_by_user(REPOST, user_id, before=0, limit=9) == []
        assert await scenario.store.engagements_by_user(LIKE, user_id, before=0, limit=9) == []
        # A bookmark is the user_id's own note: it stays until they remove it.
        assert (
            len(await scenario.store.engagements_by_user(BOOKMARK, user_id, before=0, limit=9)) == 1
        )


async def test_a_repeated_cleanup_publishes_nothing(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(REPOST, scenario.bob, post)
    await scenario.delete(post)
    await scenario.cleanup.post_deleted(post.id, scenario.alice)
    await scenario.cleanup.account_deleted(scenario.bob)
    published = scenario.published()

    await scenario.cleanup.post_deleted(post.id, scenario.alice)
    await scenario.cleanup.account_deleted(scenario.bob)

    assert scenario.published() == published


class EmptyCache:
    """A cache without entries."""

    async def invalidate_again(self, *_: object) -> None:
        return


async def test_events_of_users_and_posts_start_the_cleanup(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(REPOST, scenario.bob, post)
    handlers = consumer.routes(
        scenario.cleanup,
        protections=Protections(store=scenario.store, profiles=cast(MeshProfiles, None)),
        states=cast(PostStateCache, EmptyCache()),
        store=scenario.store,
        profile_cache=cast(ProfileCache, EmptyCache()),
    )

    async def handle(body: UserDeleted | wire.PostDeleted) -> None:
        handler: Callable[[Event], Awaitable[None]] | None = handlers(body.DESCRIPTOR.full_name)
        assert handler is not None
        message = OutboxMessage.of(topic="t", key=1, body=body)
        await handler(Event.from_message(message, time=START, traceparent=None))

    await scenario.delete(post)
    await handle(wire.PostDeleted(post_id=post.id, author_id=scenario.alice))
    await handle(UserDeleted(user_id=scenario.carol))

    assert scenario.published() == [("RepostUndone", str(scenario.bob))]
    assert handlers("roost.user.v1.UserRegistered") is None


async def test_a_block_removes_the_reposts_of_each_others_posts(scenario: Scenario) -> None:
    theirs = [await scenario.post(scenario.alice) for _ in range(5)]
    own, other = await scenario.post(scenario.bob), await scenario.post(scenario.carol)
    for post in theirs:
        await scenario.engage(REPOST, scenario.bob, post)
        await scenario.engage(LIKE, scenario.bob, post)
    await scenario.engage(REPOST, scenario.alice, own)
    for user_id in (scenario.alice, scenario.bob):
        await scenario.engage(REPOST, user_id, other)
    await scenario.engage(REPOST, scenario.carol, own)

    for _ in range(2):
        await scenario.cleanup.users_blocked(scenario.alice, scenario.bob)

    async def reposted(user_id: int) -> list[int]:
        places = await scenario.store.engagements_by_user(REPOST, user_id, before=0, limit=9)
        return [each.subject_id for each in places]

    assert [await reposted(each) for each in (scenario.alice, scenario.bob, scenario.carol)] == [
        [other.id],
        [other.id],
        [own.id],
    ]
    assert len(await scenario.store.engagements_by_user(LIKE, scenario.bob, before=0, limit=9)) == 5
    assert sorted(scenario.published()) == sorted(
        [("RepostUndone", str(scenario.bob))] * 5 + [("RepostUndone", str(scenario.alice))]
    )
