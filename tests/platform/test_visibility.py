"""Whatever people do, and however late events arrive: no reader sees what the rules forbid."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local.edge import Account
from services.user.domain.passwords import Passwords
from tests.platform.counting import Counting
from tests.platform.events import PARTITIONS
from tests.platform.platform import platform
from tests.platform.reading import Reading
from tests.platform.truth import WIDTHS, Truth, Written
from tests.platform.walking import Walking

HANDLES = ("ana", "ben", "cleo", "dan")
PERSON = st.integers(0, len(HANDLES) - 1)
READER = st.integers(-1, len(HANDLES) - 1)
CHANCE = st.integers(0, 999)
VISIBILITY = st.sampled_from(("public", "public", "followers", "mentioned"))


class VisibilityMachine(RuleBasedStateMachine):
    """Four people who do what people do, a stranger, and events that arrive when they arrive."""

    def __init__(self, hashing: Passwords, shared_redis: str) -> None:
        super().__init__()
        self._made_with = hashing, shared_redis
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.truth = Truth()

    @initialize()
    def settle_down(self) -> None:
        async def found() -> list[Account]:
            self.platform = await self._stack.enter_async_context(platform(*self._made_with))
            return [await self.platform.register(handle) for handle in HANDLES]

        self.people = self._runner.run(found())

    def teardown(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    # What people do to each other.

    @rule(who=PERSON, whom=PERSON)
    def follow(self, who: int, whom: int) -> None:
        self._tie("PUT", "follow", who, whom, self.truth.follow(*self._ids(who, whom)))

    @rule(who=PERSON, whom=PERSON)
    def unfollow(self, who: int, whom: int) -> None:
        self._tie("DELETE", "follow", who, whom)
        self.truth.unfollow(*self._ids(who, whom))

    @rule(who=PERSON, whom=PERSON)
    def accept(self, who: int, whom: int) -> None:
        allowed = self.truth.accept(*self._ids(who, whom))
        path = f"/v1/follow-requests/{self.people[whom].user_id}"
        assert self._ask("PUT", path, who).is_success == allowed

    @rule(who=PERSON, whom=PERSON)
    def block(self, who: int, whom: int) -> None:
        self._tie("PUT", "block", who, whom, self.truth.block(*self._ids(who, whom)))

    @rule(who=PERSON, whom=PERSON)
    def unblock(self, who: int, whom: int) -> None:
        self._tie("DELETE", "block", who, whom)
        self.truth.blocks.discard(self._ids(who, whom))

    @rule(who=PERSON, whom=PERSON)
    def mute(self, who: int, whom: int) -> None:
        self._tie("PUT", "mute", who, whom, self.truth.mute(*self._ids(who, whom)))

    @rule(who=PERSON, whom=PERSON)
    def unmute(self, who: int, whom: int) -> None:
        self._tie("DELETE", "mute", who, whom)
        self.truth.mutes.discard(self._ids(who, whom))

    @rule(who=PERSON, protected=st.booleans())
    def protect(self, who: int, protected: bool) -> None:
        assert self._ask("PATCH", "/v1/users/me", who, {"protected": protected}).is_success
        if protected:
            self.truth.protected.add(self.people[who].user_id)
        else:
            self._runner.run(self.platform.run_background_tasks())
            self.truth.open_up(self.people[who].user_id)

    # What people write.

    @rule(who=PERSON, visibility=VISIBILITY, named=READER)
    def write(self, who: int, visibility: str, named: int) -> None:
        self._write(who, visibility, named)

    @precondition(lambda self: self.truth.posts)
    @rule(who=PERSON, visibility=VISIBILITY, chance=CHANCE)
    def reply(self, who: int, visibility: str, chance: int) -> None:
        self._write(who, visibility, reply_to=self._post(chance))

    @precondition(lambda self: self.truth.posts)
    @rule(who=PERSON, visibility=VISIBILITY, chance=CHANCE)
    def quote(self, who: int, visibility: str, chance: int) -> None:
        self._write(who, visibility, quotes=self._post(chance))

    @precondition(lambda self: self.truth.posts)
    @rule(who=PERSON, chance=CHANCE, verb=st.sampled_from(("like", "repost", "bookmark")))
    def respond(self, who: int, chance: int, verb: str) -> None:
        post = self._post(chance)
        answer = self._ask("PUT", f"/v1/posts/{post}/{verb}", who)
        me = self.people[who].user_id
        assert self.truth.may_see(me, post) or not answer.is_success
        if answer.is_success:
            self.truth.responses.add((verb, me, post))

    @precondition(lambda self: self.truth.posts)
    @rule(who=PERSON, chance=CHANCE, verb=st.sampled_from(("like", "repost")))
    def take_back(self, who: int, chance: int, verb: str) -> None:
        post = self._post(chance)
        assert self._ask("DELETE", f"/v1/posts/{post}/{verb}", who).is_success
        self.truth.responses.discard((verb, self.people[who].user_id, post))

    @precondition(lambda self: self.truth.posts)
    @rule(chance=CHANCE)
    def delete(self, chance: int) -> None:
        post = self.truth.posts[self._post(chance)]
        author = next(n for n, each in enumerate(self.people) if each.user_id == post.author)
        assert self._ask("DELETE", f"/v1/posts/{post.id}", author).is_success
        self.truth.deleted.add(post.id)

    # What happens meanwhile.

    @rule(
        group=st.integers(0, 3),
        topic=CHANCE,
        partition=st.integers(0, PARTITIONS - 1),
        count=st.integers(1, 8),
        again=st.booleans(),
    )
    def deliver(self, group: int, topic: int, partition: int, count: int, again: bool) -> None:
        consumer = self.platform.log.groups[group]
        name = consumer.topics[topic % len(consumer.topics)]
        self._runner.run(
            self.platform.log.deliver(consumer, name, partition, count=count, again=again)
        )

    @rule(reader=READER, person=PERSON, chance=CHANCE)
    def look(self, reader: int, person: int, chance: int) -> None:
        reading = Reading(self.platform.edge, self.truth, self._account(reader))

        async def read() -> None:
            await reading.timelines()
            await reading.person(self.people[person].user_id)
            await reading.batch()
            await reading.graphql([each.user_id for each in self.people])
            if self.truth.posts:
                await reading.post(self._post(chance))

        self._runner.run(read())
        assert reading.faults == []

    @rule(reader=READER, person=PERSON, chance=CHANCE)
    def walk(self, reader: int, person: int, chance: int) -> None:
        """A connection has a next page just where the reader is shown something on it."""
        walking = Walking(self.platform.edge, self._account(reader))
        post = self._post(chance) if self.truth.posts else None
        self._runner.run(walking.everything(self.people[person].user_id, post))
        assert walking.faults == []

    @rule(counting=READER)
    def catch_up(self, counting: int) -> None:
        """Once every event has arrived, homes hold what the people followed have written, and no
        count says more than its list."""
        self._runner.run(self.platform.log.deliver_all())
        for reader in range(len(self.people)):
            home = self._ask("GET", "/v1/timelines/home?limit=100", reader).json()["items"]
            shown = {item["post"]["id"] for item in home if item["reposted_by"] is None}
            assert self._due_at_home(self.people[reader].user_id) <= shown
            reposts = (item for item in home if item["reposted_by"] is not None)
            for item in reposts:
                pair = item["reposted_by"]["id"], item["post"]["author"]["id"]
                assert not self.truth.apart(*pair)
        counts = Counting(self.platform.edge, self.truth, self._account(counting))
        self._runner.run(counts.everything([each.user_id for each in self.people]))
        assert counts.faults == []

    def _due_at_home(self, reader: str) -> set[str]:
        return {
            post.id
            for post in self.truth.posts.values()
            if not post.reply_to
            and post.visibility != "mentioned"
            and self.truth.brings_home(reader, post.author)
            and self.truth.may_see(reader, post.id)
        }

    def _write(
        self, who: int, visibility: str, named: int = -1, *, reply_to: str = "", quotes: str = ""
    ) -> None:
        me = self.people[who].user_id
        target = reply_to or quotes
        allowed = not target or self.truth.may_see(me, target)
        if quotes:
            allowed = allowed and self.truth.is_open(quotes)
        given = visibility
        if reply_to:
            given = max(visibility, self.truth.posts[reply_to].visibility, key=WIDTHS.index)
        body = {
            "text": f"hello @{HANDLES[named]}" if named >= 0 else "hello",
            "visibility": visibility,
            "reply_to_post_id": reply_to or None,
            "quoted_post_id": quotes or None,
        }
        answer = self._ask("POST", "/v1/posts", who, body)
        assert answer.is_success == allowed, answer.text
        if allowed:
            post = answer.json()
            mentions = (each for each in post["entities"] if each["type"] == "mention")
            assert post["visibility"] == given
            self.truth.posts[post["id"]] = Written(
                post["id"],
                me,
                given,
                frozenset(each["user_id"] for each in mentions),
                self.truth.posts[reply_to].author if reply_to else "",
                reply_to,
                quotes,
            )

    def _tie(
        self, method: str, kind: str, who: int, whom: int, allowed: bool | None = None
    ) -> None:
        answer = self._ask(method, f"/v1/users/{self.people[whom].user_id}/{kind}", who)
        assert answer.status_code < 500, answer.text
        assert allowed is None or answer.is_success == allowed, answer.text

    def _ask(self, method: str, path: str, who: int, body: Any = None) -> Any:
        return self._runner.run(
            self.platform.edge.send(method, path, by=self.people[who], body=body)
        )

    def _account(self, reader: int) -> Account | None:
        return self.people[reader] if reader >= 0 else None

    def _ids(self, who: int, whom: int) -> tuple[str, str]:
        return self.people[who].user_id, self.people[whom].user_id

    def _post(self, chance: int) -> str:
        ids = list(self.truth.posts)
        return ids[chance % len(ids)]


def play(
    hashing: Passwords,
    shared_redis: str,
    *,
    machine: type[VisibilityMachine] = VisibilityMachine,
    examples: int,
    steps: int,
    phases: Sequence[Phase],
) -> None:
    """Run so many villages for so many steps each: the same every time where nothing is shrunk."""
    run_state_machine_as_test(
        lambda: machine(hashing, shared_redis),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=phases,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            database=None,
            derandomize=Phase.shrink not in phases,
        ),
    )


def test_no_reader_sees_what_the_rules_forbid(hashing: Passwords, shared_redis: str) -> None:
    play(hashing, shared_redis, examples=10, steps=40, phases=(Phase.generate,))


@pytest.mark.soak
def test_no_reader_ever_sees_what_the_rules_forbid(hashing: Passwords, shared_redis: str) -> None:
    play(hashing, shared_redis, examples=200, steps=60, phases=(Phase.generate, Phase.shrink))
