"""Compares the responses of clients with the state at the edge after faults."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from local.edge import Account, Edge, Json
from local.seed import retrying
from tests.e2e.clients import Clients
from tests.e2e.history import History, Post
from tests.e2e.oracle import SETTLE_SECONDS, Scenario, gather_limited

REPEATED = 50  # acknowledged posts whose request is repeated, with the same response
POLL_SECONDS = 0.5


@dataclass
class Findings:
    """The faults, one sentence each, and the time until everything was correct."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    stream_faults: list[str] = field(default_factory=list)  # wrong or missing events of streams
    media_faults: list[str] = field(default_factory=list)  # wrong media, files and rows
    search_faults: list[str] = field(default_factory=list)  # wrong results, and what was repaired
    seconds: float = 0.0
    unconfirmed: int = 0
    happened: int = 0

    @property
    def faults(self) -> list[str]:
        """All faults."""
        return [
            *self.lost,
            *self.doubled,
            *self.half,
            *self.disorder,
            *self.late,
            *self.stream_faults,
            *self.media_faults,
            *self.search_faults,
        ]

    def add(self, other: Findings) -> None:
        """Adds the findings of another audit."""
        self.lost += other.lost
        self.doubled += other.doubled
        self.half += other.half
        self.disorder += other.disorder
        self.late += other.late
        self.stream_faults += other.stream_faults
        self.media_faults += other.media_faults
        self.search_faults += other.search_faults
        self.seconds = max(self.seconds, other.seconds)
        self.unconfirmed += other.unconfirmed
        self.happened += other.happened


class Audit:
    """Checks all operations of a group of clients. No client may write during this."""

    def __init__(self, edge: Edge, clients: Clients) -> None:
        self._edge = edge
        self._clients = clients

    @property
    def _history(self) -> History:
        return self._clients.history

    @property
    def _accounts(self) -> list[Account]:
        return self._clients.accounts

    async def check(self) -> Findings:
        """Compares everything, repeats unconfirmed requests, and compares again."""
        await self._clients.sign_in_again()
        findings = Findings(unconfirmed=len(self._history.unconfirmed))
        await self._compare(findings)
        unconfirmed = self._history.unconfirmed
        findings.happened = findings.unconfirmed - len(unconfirmed)
        # A repeated key returns the existing post, or creates it now.
        again = [
            post
            for post in unconfirmed + self._acknowledged_sample()
            if not self._history.may_be_refused(post)
        ]
        await gather_limited(map(self._clients.write, again))
        await self._compare(findings)
        return findings

    def _acknowledged_sample(self) -> list[Post]:
        acknowledged = [
            post for post in self._history.posts if post.acknowledged and not post.deleted
        ]
        return acknowledged[:: max(1, len(acknowledged) // REPEATED)]

    async def _compare(self, findings: Findings) -> None:
        shown = await gather_limited(map(self._posts_of, self._accounts))
        await self._compare_posts(shown, findings)
        followed = await self._compare_follows(findings)
        likes = await self._compare_likes(findings)
        begun = time.monotonic()
        await asyncio.gather(
            self._until_right("counters of posts", lambda: self._post_counters(likes), findings),
            self._until_right("counters of users", lambda: self._user_counters(followed), findings),
            self._homes(followed, findings),
        )
        findings.seconds = max(findings.seconds, time.monotonic() - begun)

    async def _compare_posts(self, shown: list[list[Json]], findings: Findings) -> None:
        """Every known post exists once, in the order of writing.

        An unconfirmed post that exists is known from here on.
        """
        ids: dict[str, list[str]] = {}
        for posts in shown:
            for post in posts:
                ids.setdefault(post["text"], []).append(post["id"])
        last = [0] * len(self._accounts)
        for asked in self._history.posts:
            there = ids.pop(asked.text, [])
            if asked.deleted:
                findings.half += [f"{asked.key} is still {each}" for each in there]
            elif len(there) > 1:
                findings.doubled.append(f"{asked.key} exists {len(there)} times")
            elif there and asked.id is None:
                asked.id = there[0]
            elif asked.id is not None and there != [asked.id]:
                findings.lost.append(f"{asked.key} should be {asked.id}, but is {there}")
            if asked.acknowledged and asked.id is not None:
                if int(asked.id) <= last[asked.author]:
                    findings.disorder.append(f"{asked.key} has an id below the one before")
                last[asked.author] = int(asked.id)
        findings.half += [f"nobody wrote {text}" for text in ids]

    async def _compare_follows(self, findings: Findings) -> set[tuple[int, str]]:
        """Both ends of every follow agree with each other and the history. Returns the pairs."""

        async def read_lists(what: str) -> list[set[str]]:
            async def one(account: Account) -> set[str]:
                return await self._ids(f"/v1/users/{account.user_id}/{what}", account)

            return await gather_limited(map(one, self._accounts))

        user_ids = self._history.user_ids
        out = {(n, other) for n, them in enumerate(await read_lists("following")) for other in them}
        into = {
            (user_ids.index(other), user_ids[n])
            for n, them in enumerate(await read_lists("followers"))
            for other in them
        }
        findings.half += [f"only one end has the follow {pair}" for pair in out ^ into]
        self._compare_relations("follow", out, findings)
        return out

    async def _compare_likes(self, findings: Findings) -> set[tuple[int, str]]:
        """Likes of users and likers of posts agree with each other and with the history."""

        async def liked(account: Account) -> set[str]:
            return await self._ids(f"/v1/users/{account.user_id}/likes", account)

        async def likers(post: str) -> set[str]:
            return await self._ids(f"/v1/posts/{post}/likers", self._accounts[0])

        user_ids = self._history.user_ids
        out = {
            (n, post)
            for n, posts in enumerate(await gather_limited(map(liked, self._accounts)))
            for post in posts
        }
        touched = sorted({what for verb, _, what in self._history.relations if verb == "like"})
        found = zip(touched, await gather_limited(map(likers, touched)), strict=True)
        into = {(user_ids.index(user), post) for post, them in found for user in them}
        # After a block, the posts are hidden, and the likes remain.
        authors = {post.id: post.author for post in self._history.posts}
        hidden = {
            (n, post)
            for n, post in into
            if self._history.either_blocks(n, authors[post]) is not False
        }
        findings.half += [f"only one end has the like {pair}" for pair in (out ^ into) - hidden]
        self._compare_relations("like", into, findings)
        return into

    def _compare_relations(
        self, verb: str, there: set[tuple[int, str]], findings: Findings
    ) -> None:
        assert verb in ("like", "follow")
        known = self._history
        made, ended = known.pairs(verb, True), known.pairs(verb, False)  # type: ignore[arg-type]
        unconfirmed = known.pairs(verb, None)  # type: ignore[arg-type]
        findings.lost += [f"{verb} {pair} is not there" for pair in made - there]
        findings.half += [f"{verb} {pair} is still there" for pair in ended & there]
        findings.half += [
            f"nobody made {verb} {pair}" for pair in there - made - unconfirmed - ended
        ]

    async def _until_right(
        self, what: str, check: Callable[[], Awaitable[list[str]]], findings: Findings
    ) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while wrong := await check():
            if time.monotonic() > deadline:
                findings.late.append(f"{len(wrong)} {what} are wrong: {'; '.join(wrong[:5])}")
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _post_counters(self, likes: set[tuple[int, str]]) -> list[str]:
        of_likes = Counter(post for _, post in likes)
        known = {post.id: post for post in self._history.posts if post.id is not None}
        of_replies = Counter(post.reply_to.id for post in known.values() if post.reply_to)
        wrong = []
        for posts in await gather_limited(map(self._posts_of, self._accounts)):
            for post in posts:
                counts = post["counts"]["likes"], post["counts"]["replies"]
                right = of_likes[post["id"]], of_replies[post["id"]]
                if counts != right:
                    wrong.append(f"{post['id']} has (likes, replies) {counts}, not {right}")
        return wrong

    async def _user_counters(self, follows: set[tuple[int, str]]) -> list[str]:
        following = Counter(who for who, _ in follows)
        followers = Counter(what for _, what in follows)
        posts = Counter(
            post.author
            for post in self._history.posts
            if post.id is not None and post.reply_to is None and not post.deleted
        )

        async def one(n: int) -> str:
            account = self._accounts[n]
            path = f"/v1/users/{account.user_id}"
            profile = await retrying(lambda: self._edge.call("GET", path, by=account))
            names = ("posts_count", "followers_count", "following_count")
            counts = tuple(profile[name] for name in names)
            right = posts[n], followers[account.user_id], following[n]
            acknowledged = (
                f"{account.handle} has (posts, followers, following) {counts}, not {right}"
            )
            return "" if counts == right else acknowledged

        acknowledged = await gather_limited(map(one, range(len(self._accounts))))
        return [each for each in acknowledged if each]

    async def _homes(self, follows: set[tuple[int, str]], findings: Findings) -> None:
        scenario = Scenario(self._edge, self._accounts, self._history.graph)
        model = scenario.model
        model.following = {n: set() for n in range(len(self._accounts))}
        for who, what in follows:
            model.following[who].add(scenario.numbers[what])
        for post in self._history.posts:
            if post.id is not None:
                model.authors[post.id] = post.author
                if post.reply_to is not None and post.reply_to.author != post.author:
                    model.off_timelines.add(post.id)
                if post.deleted:
                    model.deleted.add(post.id)
        try:
            await scenario.check_homes()
        except AssertionError as differing:
            findings.late.append(str(differing))

    async def _posts_of(self, account: Account) -> list[Json]:
        path = f"/v1/users/{account.user_id}/posts"
        items = await self._walk(path, account, {"include_replies": "true"})
        return [item["post"] for item in items]

    async def _ids(self, path: str, by: Account) -> set[str]:
        return {item["id"] for item in await self._walk(path, by)}

    async def _walk(
        self, path: str, by: Account, query: dict[str, str] | None = None
    ) -> list[Json]:
        async def once() -> list[Json]:
            return [item async for item in self._edge.walk(path, by=by, query=query)]

        return await retrying(once)
