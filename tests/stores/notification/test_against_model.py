"""After random acts in random order, the list equals a plain computation over all activities, and
so does the list of a client that only reads the event log.

The model contains what remains at the end. An activity is listed if it was neither undone nor ended
permanently, and its recipient mutes neither the actor nor the conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roost.notification.v1 import notification_pb2 as pb
from roost.post.v1 import post_pb2

from services.chassis.runtime.clock import ManualClock
from services.chassis.storage.postgres import connect
from services.eventlog.domain.model import LogEntry
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.adapters.postgres import PostgresNotificationStore
from services.notification.domain.store import NotificationStore
from services.notification.rpc.convert import group_to_proto
from tests.engines import Databases
from tests.stores.notification import scenario as acts
from tests.stores.notification.scenario import ALICE, BOB, CAROL, DAVE, Scenario

PEOPLE = (ALICE, BOB, CAROL, DAVE)
PLAIN = ("follow", "like", "unlike", "repost", "undo", "unfollow")
SOCIAL = ("block", "mute", "unmute")
WRITING = ("write", "edit", "delete")


class Act(NamedTuple):
    """An act of a user; `numbers` choose posts and mentions."""

    what: str
    actor: int
    other: int
    number: int
    mentions: frozenset[int]


ACTS = st.builds(
    Act,
    what=st.sampled_from(PLAIN + SOCIAL + WRITING * 2),
    actor=st.sampled_from(PEOPLE),
    other=st.sampled_from(PEOPLE),
    number=st.integers(0, 5),
    mentions=st.frozensets(st.sampled_from(PEOPLE), max_size=2),
)


class Line(NamedTuple):
    """An activity in the model."""

    recipient: int
    kind: str
    post_id: int
    actor: int


@dataclass
class Model:
    """All activities that are not undone, in the order of their creation."""

    activities: dict[Line, None] = field(default_factory=dict)
    mutes: set[tuple[int, int]] = field(default_factory=set)

    def notify(self, line: Line, blocks: set[tuple[int, int]]) -> None:
        apart = not blocks.isdisjoint({(line.recipient, line.actor), (line.actor, line.recipient)})
        if line.recipient != line.actor and not apart:
            self.activities.setdefault(line)

    def shown(self, user_id: int) -> list[tuple[str, int, tuple[int, ...]]]:
        """Groups by newest activity: likes and reposts by post, all follows, others alone."""
        groups: dict[tuple[str, int, int], list[int]] = {}
        for line in reversed(self.activities):
            if line.recipient == user_id and (user_id, line.actor) not in self.mutes:
                alone = line.kind not in {"like", "repost", "follow"}
                key = (line.kind, line.post_id, line.actor if alone else 0)
                groups.setdefault(key, []).append(line.actor)
        return [(kind, post, tuple(actors)) for (kind, post, _), actors in groups.items()]


class Play:
    """Applies acts to the scenario and to the model."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.model = Model()
        self.posts: list[post_pb2.Post] = [scenario.post(author) for author in PEOPLE]

    def perform(self, act: Act) -> Iterator[Message]:
        """The events of a possible act, which is also applied to the model."""
        what, actor, other, number, mentions = act
        post = self.posts[number % len(self.posts)]
        blocks, activities = self.scenario.graph.blocks, self.model.activities
        author = post.author_id
        apart = bool(blocks & {(actor, author), (author, actor)})
        together = not blocks & {(actor, other), (other, actor)} and actor != other
        match what:
            case "follow" if together:
                self.model.notify(Line(other, "follow", 0, actor), blocks)
                yield acts.followed(actor, other)
            case "unfollow":
                activities.pop(Line(other, "follow", 0, actor), None)
                yield acts.unfollowed(actor, other)
            case "like" if not apart:
                self.model.notify(Line(author, "like", post.id, actor), blocks)
                yield acts.liked(actor, post)
            case "unlike":
                activities.pop(Line(author, "like", post.id, actor), None)
                yield acts.unliked(actor, post)
            case "repost" if not apart:
                self.model.notify(Line(author, "repost", post.id, actor), blocks)
                yield acts.reposted(actor, post)
            case "undo":
                activities.pop(Line(author, "repost", post.id, actor), None)
                yield acts.undone(actor, post)
            case "write":
                yield self._write(actor, post if number % 2 and not apart else None, mentions)
            case "edit":
                yield self._edit(post, mentions)
            case "delete":
                self._drop(lambda line: line.post_id == post.id)
                self.posts.remove(post)
                self.posts.append(self.scenario.post(author))
                yield acts.deleted(post)
            case "block" if actor != other:
                blocks.add((actor, other))
                pair = {actor, other}
                self._drop(lambda line: {line.recipient, line.actor} == pair)
                yield acts.blocked(actor, other)
            case "mute":
                self.scenario.graph.mutes.add((actor, other))
                self.model.mutes.add((actor, other))
                yield acts.muted(actor, other)
            case "unmute":
                self.scenario.graph.mutes.discard((actor, other))
                self.model.mutes.discard((actor, other))
                yield acts.unmuted(actor, other)

    def _write(
        self, actor: int, answered: post_pb2.Post | None, mentions: frozenset[int]
    ) -> Message:
        post = self.scenario.post(actor, answers=answered, mentions=sorted(mentions))
        self.posts.append(post)
        blocks = self.scenario.graph.blocks
        if answered is not None:
            self.model.notify(Line(answered.author_id, "reply", post.id, actor), blocks)
        for user_id in sorted(mentions - {post.reply_to_author_id}):
            self.model.notify(Line(user_id, "mention", post.id, actor), blocks)
        return acts.created(post)

    def _edit(self, post: post_pb2.Post, mentions: frozenset[int]) -> Message:
        before = [each.mention.user_id for each in post.entities]
        del post.entities[:]
        for user_id in sorted(mentions):
            post.entities.add(mention=post_pb2.Mention(user_id=user_id))
        for user_id in set(before) - mentions:
            self.model.activities.pop(Line(user_id, "mention", post.id, post.author_id), None)
        for user_id in sorted(mentions - set(before)):
            if Line(user_id, "reply", post.id, post.author_id) not in self.model.activities:
                line = Line(user_id, "mention", post.id, post.author_id)
                self.model.notify(line, self.scenario.graph.blocks)
        return acts.edited(post, before=before)

    def _drop(self, gone: Callable[[Line], bool]) -> None:
        self.model.activities = {line: None for line in self.model.activities if not gone(line)}


class Follower:
    """A client that only reads the event log."""

    def __init__(self) -> None:
        self.logged: list[LogEntry] = []

    def listed(self, user_id: int) -> list[pb.NotificationGroup]:
        """The list that results from the events, newest first."""
        groups: dict[int, pb.NotificationGroup] = {}
        for each in self.logged:
            if each.user_id == user_id:
                changed = pb.UserEvent.FromString(each.content).notification
                assert (changed.previous_id in groups) == (changed.previous_id != 0)
                groups.pop(changed.previous_id, None)
                if not changed.withdrawn:
                    groups[changed.group.id] = changed.group
        return [groups[each] for each in sorted(groups, reverse=True)]


async def compare(
    store: NotificationStore,
    clock: ManualClock,
    follower: Follower,
    played: list[Act],
    batch: int,
) -> None:
    """Applies the acts in batches, each batch twice, and compares all lists."""
    play = Play(Scenario(store, clock))
    waiting: list[Message] = []
    for act in played:
        # Acts depend on earlier blocks, and activities on mutes: these are batches of their own.
        if act.what in SOCIAL and waiting:
            await deliver(play.scenario, waiting)
        waiting += play.perform(act)
        if act.what in SOCIAL or len(waiting) >= batch:
            await deliver(play.scenario, waiting)
    await deliver(play.scenario, waiting)
    for user_id in PEOPLE:
        assert await play.scenario.listed(user_id) == play.model.shown(user_id)
        assert await play.scenario.visible_notifications.count_unread(user_id) == len(
            play.model.shown(user_id)
        )
        assert follower.listed(user_id) == [
            group_to_proto(each, last_read_id=0) for each in await play.scenario.groups(user_id)
        ]


async def deliver(scenario: Scenario, waiting: list[Message]) -> None:
    events = [scenario.event(body) for body in waiting]
    waiting.clear()
    await scenario.consume(events)
    await scenario.consume(events)


@settings(max_examples=300, deadline=None)
@given(played=st.lists(ACTS, max_size=40), batch=st.integers(1, 8))
def test_lists_equal_the_model_in_memory(played: list[Act], batch: int) -> None:
    clock, follower = ManualClock(), Follower()
    store = MemoryNotificationStore(clock=clock, announce=follower.logged.extend)
    asyncio.run(compare(store, clock, follower, played, batch))


@pytest.mark.engines
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(played=st.lists(ACTS, min_size=5, max_size=40), batch=st.integers(1, 8))
def test_lists_equal_the_model_in_postgres(
    postgres: Databases, played: list[Act], batch: int
) -> None:
    url = postgres.fresh("notification")

    async def play() -> None:
        clock, follower = ManualClock(), Follower()
        async with connect(url, clock=clock) as database:
            store = PostgresNotificationStore(database, announce=follower.logged.extend)
            await compare(store, clock, follower, played, batch)

    try:
        asyncio.run(play())
    finally:
        postgres.drop(url)
