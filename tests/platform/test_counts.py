"""After random operations, no count reveals more than its list."""

from __future__ import annotations

import random
from typing import Any

import pytest

from local.edge import Account
from tests.platform.count_checks import CountChecks
from tests.platform.events import PARTITIONS
from tests.platform.platform import Platform
from tests.platform.reference_model import NARROWER, ModelPost, ReferenceModel
from tests.servicers.user.conftest import PASSWORD

HANDLES = ("ana", "ben", "cleo", "dan", "eve")
OPERATIONS = 150
# Their operations cover what the test needs: protected users with engagement, blocks, all counters.
SEEDS = (0, 2, 5)
VISIBILITIES = (*["public"] * 8, "followers", "mentioned")


class RandomUsers:
    """Users with random operations that change counts, and the reference model."""

    def __init__(self, platform: Platform, users: list[Account], rng: random.Random) -> None:
        self._platform = platform
        self._rng = rng
        # Another consumer group or topic changes no operation.
        self._delivery_rng = random.Random(0)
        self.users = users
        self.model = ReferenceModel()

    async def act(self) -> None:
        """Runs one operation of one user. Some events are delivered, perhaps twice."""
        actor, target = self._rng.sample(self.users, 2)
        operations = [
            *[self._change_relationship] * 3,
            self._protect,
            *[self._write] * 10,
            *[self._engage] * 16,
        ]
        if not self.model.posts:
            operations = [self._write]
        await self._rng.choice(operations)(actor, target)
        if self._rng.random() < 0.02:
            await self._delete(actor)
        if self._rng.random() < 0.3:
            await self._deliver()

    async def leave(self, actor: Account) -> None:
        """Deletes the account."""
        body = {"password": PASSWORD}
        answer = await self._send("DELETE", "/v1/users/me", actor, body)
        assert answer.is_success, answer.text
        me, model = actor.user_id, self.model
        self.users.remove(actor)
        model.deleted |= {each.id for each in model.posts.values() if each.author == me}
        model.engagements = {each for each in model.engagements if each[1] != me}
        model.follows = {pair for pair in model.follows if me not in pair}
        model.protected.discard(me)

    async def faults(self) -> list[str]:
        """The wrong counts after all events, anonymously and for each user."""
        await self._platform.run_background_tasks()
        await self._platform.log.deliver_all()
        found: list[str] = []
        for viewer in (None, *self.users):
            checks = CountChecks(self._platform.edge, self.model, viewer)
            await checks.everything([each.user_id for each in self.users])
            found += checks.faults
        return found

    async def _change_relationship(self, actor: Account, target: Account) -> None:
        me, other = actor.user_id, target.user_id
        path = f"/v1/users/{other}"
        match self._rng.randrange(8):
            case 0 | 1 | 2:
                await self._send("PUT", f"{path}/follow", actor)
                self.model.follow(me, other)
            case 3 | 4:
                await self._send("PUT", f"/v1/follow-requests/{other}", actor)
                self.model.accept(me, other)
            case 5:
                await self._send("DELETE", f"{path}/follow", actor)
                self.model.unfollow(me, other)
            case 6:
                await self._send("PUT", f"{path}/block", actor)
                self.model.block(me, other)
            case 7:
                await self._send("DELETE", f"{path}/block", actor)
                self.model.blocks.discard((me, other))

    async def _protect(self, actor: Account, _: Account) -> None:
        if actor is self.users[0]:
            # This user is deleted later. Replies depend on the protection at the time of the reply.
            return
        protected = actor.user_id not in self.model.protected
        await self._send("PATCH", "/v1/users/me", actor, {"protected": protected})
        if protected:
            self.model.protected.add(actor.user_id)
        else:
            await self._platform.run_background_tasks()
            self.model.unprotect(actor.user_id)

    async def _write(self, actor: Account, target: Account) -> None:
        ids = list(self.model.posts)
        reply_to, quotes = (
            self._rng.choice(ids) if ids and self._rng.random() < 0.5 else "" for _ in "ab"
        )
        visibility = self._rng.choice(VISIBILITIES)
        body = {
            "text": f"hello @{target.handle}" if self._rng.random() < 0.2 else "hello",
            "visibility": visibility,
            "reply_to_post_id": reply_to or None,
            "quoted_post_id": quotes or None,
        }
        answer = await self._send("POST", "/v1/posts", actor, body)
        if not answer.is_success:
            return
        post = answer.json()
        parent = self.model.posts.get(reply_to)
        narrowest = max(visibility, parent.visibility, key=NARROWER.index) if parent else visibility
        assert post["visibility"] == narrowest
        self.model.posts[post["id"]] = ModelPost(
            post["id"],
            actor.user_id,
            narrowest,
            frozenset(each["user_id"] for each in post["entities"] if each["type"] == "mention"),
            parent.author if parent else "",
            reply_to,
            quotes,
        )

    async def _engage(self, actor: Account, _: Account) -> None:
        post, verb = (
            self._rng.choice(list(self.model.posts)),
            self._rng.choice(("like", "repost")),
        )
        engagement = (verb, actor.user_id, post)
        if self._rng.random() < 0.2:
            await self._send("DELETE", f"/v1/posts/{post}/{verb}", actor)
            self.model.engagements.discard(engagement)
        elif (await self._send("PUT", f"/v1/posts/{post}/{verb}", actor)).is_success:
            self.model.engagements.add(engagement)

    async def _delete(self, actor: Account) -> None:
        own = [each.id for each in self.model.posts.values() if each.author == actor.user_id]
        if own:
            post = self._rng.choice(own)
            await self._send("DELETE", f"/v1/posts/{post}", actor)
            self.model.deleted.add(post)

    async def _deliver(self) -> None:
        rng = self._delivery_rng
        group = rng.choice(self._platform.log.groups)
        await self._platform.log.deliver(
            group,
            rng.choice(group.topics),
            rng.randrange(PARTITIONS),
            count=rng.randint(1, 8),
            again=rng.random() < 0.3,
        )

    async def _send(self, method: str, path: str, actor: Account, body: Any = None) -> Any:
        answer = await self._platform.edge.send(method, path, by=actor, body=body)
        assert answer.status_code < 500, answer.text
        return answer


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_count_reveals_more_than_its_list(shared_platform: Platform, seed: int) -> None:
    users = [await shared_platform.register(handle) for handle in HANDLES]
    random_users = RandomUsers(shared_platform, users, random.Random(seed))
    for _ in range(OPERATIONS):
        await random_users.act()

    assert await random_users.faults() == []
    # Both counted and uncounted engagements occurred.
    model = random_users.model
    expected = [model.counted_users(each) for each in model.posts if each not in model.deleted]
    totals = {
        counter: sum(len(each[counter]) for each in expected)
        for counter in ("likes", "reposts", "replies", "quotes")
    }
    assert min(totals.values()) > 0, totals
    assert {each[1] for each in model.engagements} & model.protected
    assert model.blocks

    await random_users.leave(users[0])

    assert await random_users.faults() == []
