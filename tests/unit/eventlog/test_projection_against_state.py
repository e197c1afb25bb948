"""The property that clients rely on: a log, applied to an old state, gives the fresh state.

People act, their events come late, twice and in pieces, clients come and go; whenever a client has
read to the end of a log, its state equals what a plain computation says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from roost.media.v1 import media_events_pb2 as media
from roost.media.v1.media_pb2 import Medium
from roost.notification.v1.notification_pb2 import UserEvent
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import Post, TimelineEntry
from roost.timeline.v1 import timeline_events_pb2 as timelines
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.records import Event
from services.eventlog.domain.model import PRESENCE_GRACE
from tests.unit.eventlog.test_projection import Scenario, event

PEOPLE = (1, 2, 3)
people = st.sampled_from(PEOPLE)
pairs = st.tuples(people, people).filter(lambda pair: pair[0] != pair[1])
numbers = st.integers(0, 30)


@dataclass
class State:
    """A user's own resources, as a client stores them."""

    # Edges, likes, reposts and posts, by resource and id, with the revision where there is one.
    things: dict[tuple[str, int], int] = field(default_factory=dict)
    marker: int = 0
    ended: set[int] = field(default_factory=set)
    arrivals: set[int] = field(default_factory=set)

    def copy(self) -> State:
        return State(dict(self.things), self.marker, set(self.ended), set(self.arrivals))


@dataclass
class Client:
    """A user's device: a state, and the last sequence that it applied."""

    state: State = field(default_factory=State)
    sequence: int = 0


class Sync(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.scenario = Scenario()
        self.truth = {person: State() for person in PEOPLE}
        self.clients = {person: [Client(), Client()] for person in PEOPLE}
        self.on_their_way: list[Event] = []
        self.handled: list[Event] = []
        self.next_id = 100
        self.revision = 0
        self.run(self.scenario.comes(*PEOPLE))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self.handle_events(len(self.on_their_way))
            for person in PEOPLE:
                for place in range(2):
                    self.sync(person, place)
        finally:
            self.loop.close()

    # Acts: the state changes, and an event is published.

    @rule(pair=pairs, kind=st.sampled_from(["follow", "follow_request", "block", "mute"]))
    def tie_or_untie(self, pair: tuple[int, int], kind: str) -> None:
        made = self.toggle(pair[0], kind, pair[1])
        bodies: dict[str, tuple[type[Message], type[Message], str, str]] = {
            "follow": (users.FollowCreated, users.FollowRemoved, "follower_id", "followee_id"),
            "follow_request": (
                users.FollowRequested,
                users.FollowRequestRemoved,
                "follower_id",
                "followee_id",
            ),
            "block": (users.BlockCreated, users.BlockRemoved, "blocker_id", "blocked_id"),
            "mute": (users.MuteCreated, users.MuteRemoved, "muter_id", "muted_id"),
        }
        begins, ends, by, whom = bodies[kind]
        self.happens((begins if made else ends)(**{by: pair[0], whom: pair[1]}))

    @rule(person=people, post=st.integers(50, 53), repost=st.booleans())
    def respond_or_take_back(self, person: int, post: int, repost: bool) -> None:
        made = self.toggle(person, "repost" if repost else "like", post)
        if repost:
            place = TimelineEntry(entry_id=1, post_id=post, author_id=9, reposter_id=person)
            self.happens((posts.PostReposted if made else posts.RepostUndone)(entry=place))
        else:
            kind = posts.PostLiked if made else posts.PostUnliked
            self.happens(kind(post_id=post, author_id=9, user_id=person))

    @rule(person=people)
    def post(self, person: int) -> None:
        self.next_id += 1
        self.truth[person].things["post", self.next_id] = 0
        self.happens(posts.PostCreated(post=Post(id=self.next_id, author_id=person)))

    @rule(person=people, which=numbers, delete=st.booleans())
    def edit_or_delete(self, person: int, which: int, delete: bool) -> None:
        things = self.truth[person].things
        own = [thing for thing in things if thing[0] == "post"]
        if not own:
            return
        chosen = own[which % len(own)]
        if delete:
            del things[chosen]
            self.happens(posts.PostDeleted(post_id=chosen[1], author_id=person))
        else:
            self.revision += 1
            things[chosen] = self.revision
            self.happens(posts.PostUpdated(post=Post(id=chosen[1], author_id=person)))

    @rule(person=people)
    def change_profile(self, person: int) -> None:
        self.revision += 1
        self.truth[person].things["user", person] = self.revision
        self.happens(users.UserUpdated(user=User(id=person)))

    @rule(person=people, medium=st.integers(90, 93))
    def upload_or_describe(self, person: int, medium: int) -> None:
        self.revision += 1
        things = self.truth[person].things
        known = ("medium", medium) in things
        things["medium", medium] = self.revision
        kind = media.MediumUpdated if known else media.MediumProcessed
        self.happens(kind(medium=Medium(id=medium, owner_id=person)))

    @rule(person=people, medium=st.integers(90, 93))
    def delete_medium(self, person: int, medium: int) -> None:
        if self.truth[person].things.pop(("medium", medium), None) is not None:
            self.happens(media.MediumDeleted(medium_id=medium, owner_id=person))

    @rule(person=people)
    def read_on(self, person: int) -> None:
        self.truth[person].marker += 1
        marker = self.truth[person].marker
        self.happens(timelines.ReadMarkerMoved(user_id=person, last_read_id=marker))

    @rule(person=people)
    def end_a_session(self, person: int) -> None:
        self.next_id += 1
        self.truth[person].ended.add(self.next_id)
        self.happens(users.SessionRevoked(user_id=person, session_id=self.next_id))

    @rule(homes=st.sets(people, min_size=1))
    def arrive_on_homes(self, homes: set[int]) -> None:
        self.next_id += 1
        place = TimelineEntry(entry_id=self.next_id, post_id=self.next_id, author_id=9)
        for person in homes:
            self.truth[person].arrivals.add(self.next_id)
        self.happens(timelines.EntryDelivered(entry=place, user_ids=homes))

    # Steps of events and clients.

    @rule(count=numbers)
    def handle_events(self, count: int) -> None:
        batch, self.on_their_way = self.on_their_way[:count], self.on_their_way[count:]
        self.run(self.scenario.handle(batch))
        self.handled += batch

    @rule(first=numbers, count=numbers)
    def repeat_events(self, first: int, count: int) -> None:
        self.run(self.scenario.handle(self.handled[first : first + count]))

    @rule(minutes=st.sampled_from([5, 20, 40]))
    def time_passes(self, minutes: int) -> None:
        self.scenario.clock.advance(timedelta(minutes=minutes).total_seconds())

    @rule(older_than=st.sampled_from([timedelta(), timedelta(minutes=5), PRESENCE_GRACE]))
    def trim(self, older_than: timedelta) -> None:
        before = self.scenario.clock.now() - older_than
        self.run(self.scenario.store.trim(before, limit=5))

    @rule(person=people, place=st.integers(0, 1))
    def sync(self, person: int, place: int) -> None:
        """A client reads to the end of the log; events that are not consumed yet are not in it."""
        self.handle_events(len(self.on_their_way))
        client, truth = self.clients[person][place], self.truth[person]
        self.run(self.scenario.comes(person))
        head = self.run(self.scenario.store.newer_than({person: -1}))[person]
        if client.sequence < head.first - 1:
            client.state, client.sequence = truth.copy(), head.last
        entries = self.run(self.scenario.store.events({person: client.sequence}, limit=10_000))
        for entry in entries:
            assert entry.sequence == client.sequence + 1
            client.sequence = entry.sequence
            apply(client.state, UserEvent.FromString(entry.content), truth)
        assert client.sequence == head.last
        assert client.state == truth

    def toggle(self, person: int, kind: str, other: int) -> bool:
        things = self.truth[person].things
        made = things.pop((kind, other), None) is None
        if made:
            things[kind, other] = 0
        return made

    def happens(self, body: Message) -> None:
        self.on_their_way.append(event(body))


def apply(state: State, happened: UserEvent, truth: State) -> None:
    """Applies an event as a client does; a changed resource is read again in its current state."""
    match happened.WhichOneof("kind"):
        case "resource":
            changed = happened.resource
            thing = (changed.resource, changed.resource_id)
            state.things.pop(thing, None)
            if not changed.deleted and thing in truth.things:
                state.things[thing] = truth.things[thing]
        case "marker":
            state.marker = happened.marker.last_read_id
        case "session":
            state.ended.add(happened.session.session_id)
        case "home":
            state.arrivals.add(happened.home.entry_id)
        case "arrivals_missed":
            state.arrivals = set(truth.arrivals)


TestSync = Sync.TestCase
TestSync.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
