"""Whatever people do: once events have arrived, no count says more than its list."""

from __future__ import annotations

import random
from typing import Any

import pytest

from local.edge import Account
from tests.platform.counting import Counting
from tests.platform.events import PARTITIONS
from tests.platform.platform import Platform
from tests.platform.truth import WIDTHS, Truth, Written
from tests.servicers.user.conftest import PASSWORD

HANDLES = ("ana", "ben", "cleo", "dan", "eve")
ACTS = 150
VISIBILITIES = (*["public"] * 8, "followers", "mentioned")


class Crowd:
    """People who do what counts, at random, and what is true then."""

    def __init__(self, platform: Platform, people: list[Account], choose: random.Random) -> None:
        self._platform = platform
        self._choose = choose
        self.people = people
        self.truth = Truth()

    async def act(self) -> None:
        """One of them does one thing; some events arrive, perhaps twice."""
        who, whom = self._choose.sample(self.people, 2)
        acts = [*[self._tie] * 3, self._protect, *[self._write] * 10, *[self._respond] * 16]
        if not self.truth.posts:
            acts = [self._write]
        await self._choose.choice(acts)(who, whom)
        if self._choose.random() < 0.02:
            await self._delete(who)
        if self._choose.random() < 0.3:
            await self._deliver()

    async def leave(self, who: Account) -> None:
        """Somebody deletes the account."""
        body = {"password": PASSWORD}
        answer = await self._ask("DELETE", "/v1/users/me", who, body)
        assert answer.is_success, answer.text
        me, truth = who.user_id, self.truth
        self.people.remove(who)
        truth.deleted |= {each.id for each in truth.posts.values() if each.author == me}
        truth.responses = {each for each in truth.responses if each[1] != me}
        truth.follows = {pair for pair in truth.follows if me not in pair}
        truth.protected.discard(me)

    async def faults(self) -> list[str]:
        """What is wrong with the counts once everything has settled, for a stranger and each."""
        await self._platform.run_background_tasks()
        await self._platform.log.deliver_all()
        found: list[str] = []
        for reader in (None, *self.people):
            counting = Counting(self._platform.edge, self.truth, reader)
            await counting.everything([each.user_id for each in self.people])
            found += counting.faults
        return found

    async def _tie(self, who: Account, whom: Account) -> None:
        me, other = who.user_id, whom.user_id
        path = f"/v1/users/{other}"
        match self._choose.randrange(8):
            case 0 | 1 | 2:
                await self._ask("PUT", f"{path}/follow", who)
                self.truth.follow(me, other)
            case 3 | 4:
                await self._ask("PUT", f"/v1/follow-requests/{other}", who)
                self.truth.accept(me, other)
            case 5:
                await self._ask("DELETE", f"{path}/follow", who)
                self.truth.unfollow(me, other)
            case 6:
                await self._ask("PUT", f"{path}/block", who)
                self.truth.block(me, other)
            case 7:
                await self._ask("DELETE", f"{path}/block", who)
                self.truth.blocks.discard((me, other))

    async def _protect(self, who: Account, _: Account) -> None:
        if who is self.people[0]:
            # Who leaves later: replies go by what the account was when it was answered.
            return
        protected = who.user_id not in self.truth.protected
        await self._ask("PATCH", "/v1/users/me", who, {"protected": protected})
        if protected:
            self.truth.protected.add(who.user_id)
        else:
            await self._platform.run_background_tasks()
            self.truth.open_up(who.user_id)

    async def _write(self, who: Account, whom: Account) -> None:
        ids = list(self.truth.posts)
        reply_to, quotes = (
            self._choose.choice(ids) if ids and self._choose.random() < 0.5 else "" for _ in "ab"
        )
        visibility = self._choose.choice(VISIBILITIES)
        body = {
            "text": f"hello @{whom.handle}" if self._choose.random() < 0.2 else "hello",
            "visibility": visibility,
            "reply_to_post_id": reply_to or None,
            "quoted_post_id": quotes or None,
        }
        answer = await self._ask("POST", "/v1/posts", who, body)
        if not answer.is_success:
            return
        post = answer.json()
        parent = self.truth.posts.get(reply_to)
        width = max(visibility, parent.visibility, key=WIDTHS.index) if parent else visibility
        assert post["visibility"] == width
        self.truth.posts[post["id"]] = Written(
            post["id"],
            who.user_id,
            width,
            frozenset(each["user_id"] for each in post["entities"] if each["type"] == "mention"),
            parent.author if parent else "",
            reply_to,
            quotes,
        )

    async def _respond(self, who: Account, _: Account) -> None:
        post, verb = (
            self._choose.choice(list(self.truth.posts)),
            self._choose.choice(("like", "repost")),
        )
        response = (verb, who.user_id, post)
        if self._choose.random() < 0.2:
            await self._ask("DELETE", f"/v1/posts/{post}/{verb}", who)
            self.truth.responses.discard(response)
        elif (await self._ask("PUT", f"/v1/posts/{post}/{verb}", who)).is_success:
            self.truth.responses.add(response)

    async def _delete(self, who: Account) -> None:
        own = [each.id for each in self.truth.posts.values() if each.author == who.user_id]
        if own:
            post = self._choose.choice(own)
            await self._ask("DELETE", f"/v1/posts/{post}", who)
            self.truth.deleted.add(post)

    async def _deliver(self) -> None:
        group = self._choose.choice(self._platform.log.groups)
        await self._platform.log.deliver(
            group,
            self._choose.choice(group.topics),
            self._choose.randrange(PARTITIONS),
            count=self._choose.randint(1, 8),
            again=self._choose.random() < 0.3,
        )

    async def _ask(self, method: str, path: str, who: Account, body: Any = None) -> Any:
        answer = await self._platform.edge.send(method, path, by=who, body=body)
        assert answer.status_code < 500, answer.text
        return answer


@pytest.mark.parametrize("seed", range(3))
async def test_no_count_says_more_than_its_list(shared_platform: Platform, seed: int) -> None:
    people = [await shared_platform.register(handle) for handle in HANDLES]
    crowd = Crowd(shared_platform, people, random.Random(seed))
    for _ in range(ACTS):
        await crowd.act()

    assert await crowd.faults() == []
    # There was something to count, and something that is not counted.
    truth = crowd.truth
    counted = [truth.contributors(each) for each in truth.posts if each not in truth.deleted]
    totals = {
        counter: sum(len(each[counter]) for each in counted)
        for counter in ("likes", "reposts", "replies", "quotes")
    }
    assert min(totals.values()) > 0, totals
    assert {each[1] for each in truth.responses} & truth.protected
    assert truth.blocks

    await crowd.leave(people[0])

    assert await crowd.faults() == []
