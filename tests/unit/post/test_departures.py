"""Clearing up after people and posts that are gone."""

from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from roost.post.v1 import post_events_pb2 as wire
from roost.user.v1.user_events_pb2 import UserDeleted

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.post.adapters.memory import MemoryStore
from services.post.adapters.user_client import MeshPeople
from services.post.domain.model import OPEN_ACCOUNT, Post, ResponseKind
from services.post.domain.store import NewPost
from services.post.rpc.events import describe
from services.post.rpc.read_cache.profile_cache import KnownPeople
from services.post.rpc.read_cache.state_cache import States
from services.post.worker import account_cleanup as departures_module
from services.post.worker import consumer
from services.post.worker.account_cleanup import Departures
from services.post.worker.protections import Protections
from tests.builders.posts import START, Numbers, a_post

LIKE, REPOST, BOOKMARK = ResponseKind.LIKE, ResponseKind.REPOST, ResponseKind.BOOKMARK


class Scene:
    def __init__(self) -> None:
        clock = ManualClock()
        self.numbers = Numbers()
        self.store = MemoryStore(clock=clock)
        self.alice, self.bob, self.carol = (self.numbers.person() for _ in range(3))
        self.forgotten: list[tuple[int, int]] = []
        self.departures = Departures(
            store=self.store, clock=clock, describe=describe, forget_body=self._forget_body
        )

    async def _forget_body(self, post_id: int, revision: int) -> None:
        self.forgotten.append((post_id, revision))

    async def post(self, author_id: int, answers: Post | None = None) -> Post:
        post = a_post(self.numbers.of(author_id), author_id, answers=answers)
        message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
        await self.store.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))
        return post

    async def respond(self, kind: ResponseKind, user_id: int, post: Post) -> int:
        async with self.store.transaction() as transaction:
            given = await transaction.respond(
                kind,
                user_id=user_id,
                account=OPEN_ACCOUNT,
                post_id=post.id,
                author_id=post.author_id,
                response_id=self.numbers.of(user_id),
            )
        return given.response_id

    async def delete(self, post: Post) -> None:
        async with self.store.transaction() as transaction:
            await transaction.delete([post.id], START)

    def told(self) -> list[tuple[str, str]]:
        return [
            (event.type.rpartition(".")[2], event.key)
            for event in self.store.database.published
            if event.type != "created"
        ]


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures_module, "POSTS_A_STEP", 2)
    monkeypatch.setattr(departures_module, "RESPONSES_A_STEP", 2)


async def test_a_deleted_person_leaves_tombstones_and_no_responses(scene: Scene) -> None:
    theirs = [await scene.post(scene.bob) for _ in range(3)]
    own = [await scene.post(scene.alice, answers=theirs[0]) for _ in range(5)]
    for post in theirs:
        await scene.respond(LIKE, scene.alice, post)
        await scene.respond(BOOKMARK, scene.alice, post)
    repost_id = await scene.respond(REPOST, scene.alice, theirs[0])
    await scene.respond(LIKE, scene.carol, theirs[0])

    await scene.departures.person_left(scene.alice)

    assert await scene.store.count_posts([scene.alice, scene.bob]) == {scene.bob: 3}
    state = (await scene.store.states([theirs[0].id], scene.carol))[theirs[0].id]
    assert (state.likes, state.reposts, state.replies, state.liked) == (1, 0, 0, True)
    for kind in ResponseKind:
        assert await scene.store.responses_of(kind, scene.alice, before=0, limit=9) == []
    kinds = [name for name, _ in scene.told()]
    assert sorted(kinds) == ["PostDeleted"] * 5 + ["PostUnliked"] * 3 + ["RepostUndone"]
    assert {key for _, key in scene.told()} == {str(scene.alice)}
    undone = next(e for e in scene.store.database.published if e.type.endswith("RepostUndone"))
    assert wire.RepostUndone.FromString(undone.payload).entry.entry_id == repost_id
    assert {post.id for post in own} == {
        wire.PostDeleted.FromString(event.payload).post_id
        for event in scene.store.database.published
        if event.type.endswith("PostDeleted")
    }


async def test_a_deleted_post_takes_its_reposts_and_likes_along(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    people = [scene.numbers.person() for _ in range(5)]
    for person in people:
        await scene.respond(REPOST, person, post)
        await scene.respond(LIKE, person, post)
        await scene.respond(BOOKMARK, person, post)
    await scene.delete(post)

    await scene.departures.post_left(post.id, scene.alice)

    assert sorted(scene.told()) == sorted(("RepostUndone", str(person)) for person in people)
    for person in people:
        assert await scene.store.responses_of(REPOST, person, before=0, limit=9) == []
        assert await scene.store.responses_of(LIKE, person, before=0, limit=9) == []
        # A bookmark is the person's own note: it stays until they remove it.
        assert len(await scene.store.responses_of(BOOKMARK, person, before=0, limit=9)) == 1


async def test_doing_it_again_tells_nothing_more(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await scene.respond(REPOST, scene.bob, post)
    await scene.delete(post)
    await scene.departures.post_left(post.id, scene.alice)
    await scene.departures.person_left(scene.bob)
    told = scene.told()

    await scene.departures.post_left(post.id, scene.alice)
    await scene.departures.person_left(scene.bob)

    assert scene.told() == told


class KeepsNothing:
    """Has nothing to forget."""

    async def forget(self, *_: object) -> None:
        """Done."""


async def test_the_subscriber_hears_of_people_and_posts(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    await scene.respond(REPOST, scene.bob, post)
    handlers = consumer.routes(
        scene.departures,
        protections=Protections(store=scene.store, people=cast(MeshPeople, None)),
        states=cast(States, KeepsNothing()),
        known_people=cast(KnownPeople, KeepsNothing()),
    )

    async def hear(body: UserDeleted | wire.PostDeleted) -> None:
        handler: Callable[[Event], Awaitable[None]] | None = handlers(body.DESCRIPTOR.full_name)
        assert handler is not None
        message = OutboxMessage.of(topic="t", key=1, body=body)
        await handler(Event.from_message(message, time=START, traceparent=None))

    await scene.delete(post)
    await hear(wire.PostDeleted(post_id=post.id, author_id=scene.alice))
    await hear(UserDeleted(user_id=scene.carol))

    assert scene.told() == [("RepostUndone", str(scene.bob))]
    assert handlers("roost.user.v1.UserRegistered") is None


async def test_a_block_takes_back_what_each_reposted_of_the_other(scene: Scene) -> None:
    theirs = [await scene.post(scene.alice) for _ in range(5)]
    own, other = await scene.post(scene.bob), await scene.post(scene.carol)
    for post in theirs:
        await scene.respond(REPOST, scene.bob, post)
        await scene.respond(LIKE, scene.bob, post)
    await scene.respond(REPOST, scene.alice, own)
    for person in (scene.alice, scene.bob):
        await scene.respond(REPOST, person, other)
    await scene.respond(REPOST, scene.carol, own)

    for _ in range(2):
        await scene.departures.people_parted(scene.alice, scene.bob)

    async def reposted(person: int) -> list[int]:
        places = await scene.store.responses_of(REPOST, person, before=0, limit=9)
        return [each.subject_id for each in places]

    assert [await reposted(each) for each in (scene.alice, scene.bob, scene.carol)] == [
        [other.id],
        [other.id],
        [own.id],
    ]
    assert len(await scene.store.responses_of(LIKE, scene.bob, before=0, limit=9)) == 5
    assert sorted(scene.told()) == sorted(
        [("RepostUndone", str(scene.bob))] * 5 + [("RepostUndone", str(scene.alice))]
    )
