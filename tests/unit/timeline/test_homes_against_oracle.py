"""Homes equal the oracle, whatever happens in whatever order: a model-based test.

People follow people and hashtags, mute, post, edit, repost and read; events of one key are handled
in order, everything else side by side and one call at a time, in an order that Hypothesis chooses.
Events come again, homes are lost, ids are taken before others and committed after them, authors
become celebrities. When all is handled every home, read page by page, is what a plain computation
over the truth gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.timeline.domain.fanout import Delivered
from services.timeline.domain.model import Entry, HashtagEntry, home_of, posts_of, posts_with
from tests.unit.timeline.scenario import Scenario
from tests.unit.timeline.stepping import Stepper

PEOPLE = range(1, 4)
people = st.sampled_from(PEOPLE)
pairs = st.sampled_from([(one, other) for one in PEOPLE for other in PEOPLE if one != other])
tags = st.sampled_from(["a", "b"])
# Which of the calls that are held goes on, some times in a row.
steps = st.lists(st.integers(0, 20), max_size=8)


class Key:
    """The events of one key of one topic: handled one after another, now and then again."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.handled = 0
        self.running: asyncio.Task[Any] | None = None

    @property
    def busy(self) -> bool:
        return self.running is not None and not self.running.done()

    @property
    def idle(self) -> bool:
        return not self.busy and self.handled == len(self.events)


def ignore(_: Delivered) -> None:
    """What is announced to followers changes no home."""


class Homes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stepper = Stepper()
        self.stepper.free = True
        self.keys: dict[tuple[str, int], Key] = {}
        self.readers: list[asyncio.Task[Any]] = []
        self.next_id = 1000
        self.used: set[int] = set()
        self.reposts: list[Entry] = []
        self.posts: list[Entry] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            if hasattr(self, "scenario"):
                self.run(self.drain())
                for viewer in PEOPLE:
                    home = self.run(self.scenario.home(viewer))
                    assert home == self.scenario.truth.home(viewer), f"the home of {viewer}"
        finally:
            self.loop.close()

    @initialize(
        famous_from=st.sampled_from([1, 9]), max_entries=st.integers(3, 9), edges=st.sets(pairs)
    )
    def begin(self, famous_from: int, max_entries: int, edges: set[tuple[int, int]]) -> None:
        self.scenario = Scenario(
            max_entries=max_entries, threshold=famous_from, page=2, pace=self.stepper.pace
        )
        self.scenario.truth.edges = edges
        self.stepper.free = False

    # What people do: the truth changes at once, and an event is on its way.

    @rule(pair=pairs)
    def follow_or_unfollow(self, pair: tuple[int, int]) -> None:
        edges = self.scenario.truth.edges
        edges ^= {pair}
        self.publish("user", pair[0], "followed" if pair in edges else "unfollowed", *pair)

    @rule(pair=pairs)
    def mute_or_unmute(self, pair: tuple[int, int]) -> None:
        mutes = self.scenario.truth.mutes
        mutes ^= {pair}
        self.publish("user", pair[0], "muted" if pair in mutes else "unmuted", *pair)

    @rule(person=people, tag=tags)
    def follow_or_unfollow_a_hashtag(self, person: int, tag: str) -> None:
        self.run(self.scenario.commit_hashtag_follow(person, tag))
        self.publish("hashtag", person, "hashtags_changed", person)

    @rule(author=people, behind=st.integers(0, 25), tags=st.sets(tags))
    def post(self, author: int, behind: int, tags: set[str]) -> None:
        entry_id = self.new_id(behind)
        entry = Entry(entry_id, author, entry_id, author)
        self.posts.append(entry)
        self.scenario.truth.entries.add(entry)
        self.publish("post", author, "deliver", entry)
        entries = {HashtagEntry(tag, entry_id, author) for tag in tags}
        self.scenario.truth.hashtag_entries |= entries
        self.publish("tagged", author, "add", sorted(entries), ignore)

    @rule(which=st.integers(0, 20), tags=st.sets(tags))
    def edit(self, which: int, tags: set[str]) -> None:
        if self.posts:
            entry = self.posts[which % len(self.posts)]
            truth = self.scenario.truth
            truth.hashtag_entries = {
                *(each for each in truth.hashtag_entries if each.post_id != entry.post_id),
                *(HashtagEntry(tag, entry.post_id, entry.author_id) for tag in tags),
            }
            self.publish(
                "tagged",
                entry.author_id,
                "replace",
                entry.post_id,
                entry.author_id,
                sorted(tags),
            )

    @rule(actor=people, behind=st.integers(0, 25), post_id=st.integers(1, 3))
    def repost(self, actor: int, behind: int, post_id: int) -> None:
        entry = Entry(self.new_id(behind), actor, post_id, 99)
        self.scenario.truth.entries.add(entry)
        self.reposts.append(entry)
        self.publish("post", actor, "deliver", entry)

    @rule(which=st.integers(0, 20))
    def undo(self, which: int) -> None:
        if self.reposts:
            entry = self.reposts.pop(which % len(self.reposts))
            self.scenario.truth.entries.discard(entry)
            self.publish("post", entry.actor_id, "withdraw", entry)

    @rule(viewer=people, rebuild=st.sampled_from([False, False, False, True]), steps=steps)
    def read(self, viewer: int, rebuild: bool, steps: list[int]) -> None:
        if rebuild:
            reading: Coroutine[Any, Any, Any] = self.scenario.feed_builder.rebuild_home(viewer)
        else:
            reading = self.scenario.homes.latest(viewer, limit=4)
        self.readers.append(self.run(self.stepper.begin(reading)))
        self.continue_fan_out(steps)

    # What happens to the machinery.

    @rule(person=people, feed=st.sampled_from([home_of, posts_of]))
    def lose_a_feed(self, person: int, feed: Callable[[int], str]) -> None:
        self.run(self.scenario.feeds.drop(feed(person)))

    @rule(tag=tags)
    def lose_the_feed_of_a_hashtag(self, tag: str) -> None:
        self.run(self.scenario.feeds.drop(posts_with(tag)))

    @rule(choices=st.lists(st.integers(0, 20), min_size=1, max_size=3), steps=steps)
    def handle_events(self, choices: list[int], steps: list[int]) -> None:
        for choice in choices:
            waiting = [key for key in self.keys.values() if not key.busy and not key.idle]
            if waiting:
                self.run(self.handle(waiting[choice % len(waiting)]))
        self.continue_fan_out(steps)

    @rule(which=st.integers(0, 20), again=st.integers(1, 3))
    def repeat_events(self, which: int, again: int) -> None:
        done = [key for key in self.keys.values() if not key.busy and key.handled]
        if done:
            key = done[which % len(done)]
            key.handled = max(0, key.handled - again)

    @rule(steps=steps)
    def continue_fan_out(self, steps: list[int]) -> None:
        for choice in steps:
            self.run(self.stepper.step(choice))

    @invariant()
    def pages_are_in_order_without_doubles(self) -> None:
        for reader in [each for each in self.readers if each.done()]:
            self.readers.remove(reader)
            page = reader.result()
            if not isinstance(page, int):
                ids = [entry.entry_id for entry in page.entries]
                assert ids == sorted(set(ids), reverse=True)

    def new_id(self, behind: int) -> int:
        """An id that may be below some that are committed already."""
        self.next_id += 10
        entry_id = self.next_id - behind
        while entry_id in self.used:
            entry_id += 1
        self.used.add(entry_id)
        return entry_id

    def publish(self, topic: str, key: int, act: str, *arguments: Any) -> None:
        self.keys.setdefault((topic, key), Key()).events.append((act, *arguments))

    async def handle(self, key: Key) -> None:
        act, *arguments = key.events[key.handled]
        scenario = self.scenario
        owners: list[Any] = [scenario.fan_out, scenario.follows, scenario.hashtag_feeds]
        owner = next(each for each in owners if hasattr(each, act))
        work = getattr(owner, act)(*arguments)
        key.running = await self.stepper.begin(self.handled(key, work))

    async def handled(self, key: Key, work: Coroutine[Any, Any, Any]) -> None:
        await work
        key.handled += 1
        # What a fan-out leaves goes to the end of its own topic's key.
        while self.scenario.rests:
            remaining = self.scenario.rests.pop(0)
            if remaining.tags:
                continue  # only announced, written nowhere
            self.publish("rest", remaining.entry.actor_id, "continue_fan_out", remaining)

    async def drain(self) -> None:
        """Handles everything that is on its way."""
        while True:
            while await self.stepper.step():
                pass
            waiting = [key for key in self.keys.values() if not key.busy and not key.idle]
            if not waiting:
                break
            for key in waiting:
                await self.handle(key)
        for key in self.keys.values():
            if key.running is not None:
                key.running.result()
        self.stepper.free = True


TestHomes = Homes.TestCase
TestHomes.settings = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
