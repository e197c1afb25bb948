"""After random operations, with delayed events, no viewer sees what the rules forbid."""

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
from tests.platform.count_checks import CountChecks
from tests.platform.events import PARTITIONS
from tests.platform.page_walk import PageWalk
from tests.platform.platform import platform
from tests.platform.read_checks import ReadChecks
from tests.platform.reference_model import NARROWER, ModelPost, ReferenceModel

HANDLES = ("ana", "ben", "cleo", "dan")
USER = st.integers(0, len(HANDLES) - 1)
VIEWER = st.integers(-1, len(HANDLES) - 1)
CHANCE = st.integers(0, 999)
VISIBILITY = st.sampled_from(("public", "public", "followers", "mentioned"))


class VisibilityMachine(RuleBasedStateMachine):
    """Four users with random operations, an anonymous viewer, and events at random times."""

    def __init__(self, hashing: Passwords, shared_redis: str) -> None:
        super().__init__()
        self._made_with = hashing, shared_redis
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.model = ReferenceModel()

    @initialize()
    def create_platform(self) -> None:
        async def found() -> list[Account]:
            self.platform = await self._stack.enter_async_context(platform(*self._made_with))
            return [await self.platform.register(handle) for handle in HANDLES]

        self.users = self._runner.run(found())

    def teardown(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    # Relationships.

    @rule(actor=USER, other=USER)
    def follow(self, actor: int, other: int) -> None:
        self._change_relationship(
            "PUT", "follow", actor, other, self.model.follow(*self._ids(actor, other))
        )

    @rule(actor=USER, other=USER)
    def unfollow(self, actor: int, other: int) -> None:
        self._change_relationship("DELETE", "follow", actor, other)
        self.model.unfollow(*self._ids(actor, other))

    @rule(actor=USER, other=USER)
    def accept(self, actor: int, other: int) -> None:
        allowed = self.model.accept(*self._ids(actor, other))
        path = f"/v1/follow-requests/{self.users[other].user_id}"
        assert self._send("PUT", path, actor).is_success == allowed

    @rule(actor=USER, other=USER)
    def block(self, actor: int, other: int) -> None:
        self._change_relationship(
            "PUT", "block", actor, other, self.model.block(*self._ids(actor, other))
        )

    @rule(actor=USER, other=USER)
    def unblock(self, actor: int, other: int) -> None:
        self._change_relationship("DELETE", "block", actor, other)
        self.model.blocks.discard(self._ids(actor, other))

    @rule(actor=USER, other=USER)
    def mute(self, actor: int, other: int) -> None:
        self._change_relationship(
            "PUT", "mute", actor, other, self.model.mute(*self._ids(actor, other))
        )

    @rule(actor=USER, other=USER)
    def unmute(self, actor: int, other: int) -> None:
        self._change_relationship("DELETE", "mute", actor, other)
        self.model.mutes.discard(self._ids(actor, other))

    @rule(actor=USER, protected=st.booleans())
    def protect(self, actor: int, protected: bool) -> None:
        assert self._send("PATCH", "/v1/users/me", actor, {"protected": protected}).is_success
        if protected:
            self.model.protected.add(self.users[actor].user_id)
        else:
            self._runner.run(self.platform.run_background_tasks())
            self.model.unprotect(self.users[actor].user_id)

    # Posts and engagements.

    @rule(actor=USER, visibility=VISIBILITY, named=VIEWER)
    def write(self, actor: int, visibility: str, named: int) -> None:
        self._write(actor, visibility, named)

    @precondition(lambda self: self.model.posts)
    @rule(actor=USER, visibility=VISIBILITY, chance=CHANCE)
    def reply(self, actor: int, visibility: str, chance: int) -> None:
        self._write(actor, visibility, reply_to=self._post(chance))

    @precondition(lambda self: self.model.posts)
    @rule(actor=USER, visibility=VISIBILITY, chance=CHANCE)
    def quote(self, actor: int, visibility: str, chance: int) -> None:
        self._write(actor, visibility, quotes=self._post(chance))

    @precondition(lambda self: self.model.posts)
    @rule(actor=USER, chance=CHANCE, verb=st.sampled_from(("like", "repost", "bookmark")))
    def engage(self, actor: int, chance: int, verb: str) -> None:
        post = self._post(chance)
        answer = self._send("PUT", f"/v1/posts/{post}/{verb}", actor)
        me = self.users[actor].user_id
        assert self.model.may_see(me, post) or not answer.is_success
        if answer.is_success:
            self.model.engagements.add((verb, me, post))

    @precondition(lambda self: self.model.posts)
    @rule(actor=USER, chance=CHANCE, verb=st.sampled_from(("like", "repost")))
    def undo_engagement(self, actor: int, chance: int, verb: str) -> None:
        post = self._post(chance)
        assert self._send("DELETE", f"/v1/posts/{post}/{verb}", actor).is_success
        self.model.engagements.discard((verb, self.users[actor].user_id, post))

    @precondition(lambda self: self.model.posts)
    @rule(chance=CHANCE)
    def delete(self, chance: int) -> None:
        post = self.model.posts[self._post(chance)]
        author = next(n for n, each in enumerate(self.users) if each.user_id == post.author)
        assert self._send("DELETE", f"/v1/posts/{post.id}", author).is_success
        self.model.deleted.add(post.id)

    # Events and checks.

    @rule(
        group=st.integers(0, 5),
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

    @rule(viewer=VIEWER, user=USER, chance=CHANCE)
    def check_reads(self, viewer: int, user: int, chance: int) -> None:
        checks = ReadChecks(self.platform.edge, self.model, self._account(viewer))

        async def read() -> None:
            await checks.timelines()
            await checks.searches()
            await checks.user(self.users[user].user_id)
            await checks.batch()
            await checks.graphql([each.user_id for each in self.users])
            if self.model.posts:
                await checks.post(self._post(chance))

        self._runner.run(read())
        assert checks.faults == []

    @rule(viewer=VIEWER, user=USER, chance=CHANCE)
    def check_pages(self, viewer: int, user: int, chance: int) -> None:
        """A connection has a next page exactly if that page has items."""
        page_walk = PageWalk(self.platform.edge, self._account(viewer))
        post = self._post(chance) if self.model.posts else None
        self._runner.run(page_walk.everything(self.users[user].user_id, post))
        assert page_walk.faults == []

    @rule(counting=VIEWER)
    def check_after_events(self, counting: int) -> None:
        """After all events, homes and searches are complete and counts follow the rules."""
        self._runner.run(self.platform.log.deliver_all())
        for viewer in range(len(self.users)):
            home = self._send("GET", "/v1/timelines/home?limit=100", viewer).json()["items"]
            shown = {item["post"]["id"] for item in home if item["reposted_by"] is None}
            assert self._due_at_home(self.users[viewer].user_id) <= shown
            reposts = (item for item in home if item["reposted_by"] is not None)
            for item in reposts:
                pair = item["reposted_by"]["id"], item["post"]["author"]["id"]
                assert not self.model.either_blocks(*pair)
        searches = ReadChecks(self.platform.edge, self.model, self._account(counting))
        self._runner.run(searches.all_is_found())
        assert searches.faults == []
        counts = CountChecks(self.platform.edge, self.model, self._account(counting))
        self._runner.run(counts.everything([each.user_id for each in self.users]))
        assert counts.faults == []

    def _due_at_home(self, viewer: str) -> set[str]:
        return {
            post.id
            for post in self.model.posts.values()
            if not post.reply_to
            and post.visibility != "mentioned"
            and self.model.belongs_on_home(viewer, post.author)
            and self.model.may_see(viewer, post.id)
        }

    def _write(
        self, actor: int, visibility: str, named: int = -1, *, reply_to: str = "", quotes: str = ""
    ) -> None:
        me = self.users[actor].user_id
        target = reply_to or quotes
        allowed = not target or self.model.may_see(me, target)
        if quotes:
            allowed = allowed and self.model.is_public(quotes)
        given = visibility
        if reply_to:
            given = max(visibility, self.model.posts[reply_to].visibility, key=NARROWER.index)
        body = {
            "text": f"hello #heron @{HANDLES[named]}" if named >= 0 else "hello #heron",
            "visibility": visibility,
            "reply_to_post_id": reply_to or None,
            "quoted_post_id": quotes or None,
        }
        answer = self._send("POST", "/v1/posts", actor, body)
        assert answer.is_success == allowed, answer.text
        if allowed:
            post = answer.json()
            mentions = (each for each in post["entities"] if each["type"] == "mention")
            assert post["visibility"] == given
            self.model.posts[post["id"]] = ModelPost(
                post["id"],
                me,
                given,
                frozenset(each["user_id"] for each in mentions),
                self.model.posts[reply_to].author if reply_to else "",
                reply_to,
                quotes,
            )

    def _change_relationship(
        self, method: str, kind: str, actor: int, other: int, allowed: bool | None = None
    ) -> None:
        answer = self._send(method, f"/v1/users/{self.users[other].user_id}/{kind}", actor)
        assert answer.status_code < 500, answer.text
        assert allowed is None or answer.is_success == allowed, answer.text

    def _send(self, method: str, path: str, actor: int, body: Any = None) -> Any:
        return self._runner.run(
            self.platform.edge.send(method, path, by=self.users[actor], body=body)
        )

    def _account(self, viewer: int) -> Account | None:
        return self.users[viewer] if viewer >= 0 else None

    def _ids(self, actor: int, other: int) -> tuple[str, str]:
        return self.users[actor].user_id, self.users[other].user_id

    def _post(self, chance: int) -> str:
        ids = list(self.model.posts)
        return ids[chance % len(ids)]


def run_machine(
    hashing: Passwords,
    shared_redis: str,
    *,
    machine: type[VisibilityMachine] = VisibilityMachine,
    examples: int,
    steps: int,
    phases: Sequence[Phase],
) -> None:
    """Runs that many examples. Without shrinking, each run has the same examples."""
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


def test_no_viewer_sees_what_the_rules_forbid(hashing: Passwords, shared_redis: str) -> None:
    run_machine(hashing, shared_redis, examples=10, steps=40, phases=(Phase.generate,))


@pytest.mark.soak
def test_no_viewer_sees_what_the_rules_forbid_in_long_runs(
    hashing: Passwords, shared_redis: str
) -> None:
    run_machine(
        hashing, shared_redis, examples=200, steps=60, phases=(Phase.generate, Phase.shrink)
    )
