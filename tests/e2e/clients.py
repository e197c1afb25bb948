"""Users who write, like, follow, block and read concurrently, through faults of the stack.

A patient client repeats a request until it succeeds. Another one stops at the first failure, and
then the effect is unknown. Each user runs one operation after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx2

from local.edge import Account, Edge, Json, Refused
from local.seed import password_of, retrying
from tests.e2e.history import History, Picture, Post, Relation

ANSWER_SECONDS = 60.0  # the promise: after any fault, a repeated request succeeds within this time
PATIENT = 0.75  # this share of the operations
PAUSE_SECONDS = (0.05, 1.0)

# The operations and their weights.
EVERYTHING = {"post": 40, "reply": 10, "like": 20, "follow": 15, "block": 4, "read": 15}
WRITES = {kind: share for kind, share in EVERYTHING.items() if kind != "read"}

# The reasons with which an incomplete stack refuses; a client may repeat the request.
RETRYABLE = {
    "DEPENDENCY_UNAVAILABLE",
    "OVERLOADED",
    "DEADLINE_EXCEEDED",
    "IDEMPOTENCY_KEY_IN_FLIGHT",
    "RATE_LIMITED",
}


@dataclass(frozen=True)
class Operation:
    """An operation of one user, drawn at random."""

    kind: str
    who: int
    chance: float
    patient: bool
    key: str


class Clients:
    """A group of users, and the history of their requests and responses.

    `answered` is called after each acknowledged write with the number of those so far.
    """

    def __init__(self, edge: Edge, accounts: list[Account], history: History, *, seed: int) -> None:
        self._edge = edge
        self._rng = random.Random(seed)
        self.accounts = accounts
        self.history = history
        self.acknowledged: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0
        self.answered: Callable[[int], None] = lambda _: None
        # Operations between two users run one after another, since a block refuses others.
        self._pairs: defaultdict[frozenset[int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def perform(self, count: int, kinds: Mapping[str, int] = EVERYTHING) -> None:
        """Runs that many operations: users concurrently, each user one after another."""
        operations = [self._draw(kinds) for _ in range(count)]
        by_user: dict[int, list[Operation]] = {}
        for operation in operations:
            by_user.setdefault(operation.who, []).append(operation)
        # Posts with pictures may be deleted, so nobody responds to them.
        live = [post for post in self.history.posts if post.id and not post.picture]
        await asyncio.gather(*(self._in_order(mine, live) for mine in by_user.values()))

    async def write(self, post: Post, *, patient: bool = True) -> bool:
        """Requests a post, perhaps again. Returns whether a response confirmed it."""
        answer = await self._send(
            "POST", "/v1/posts", post.author, body=post.body, key=post.key, patient=patient
        )
        if answer is None:
            return False
        if post.id is not None and answer["id"] != post.id:
            self.faults.append(f"{post.key} was {post.id}, and repeated it is {answer['id']}")
        post.id = answer["id"]
        return True

    async def sign_in_again(self) -> None:
        """Signs every user in again; tokens are valid for 15 minutes."""
        await asyncio.gather(*map(self.sign_in, range(len(self.accounts))))

    def _draw(self, kinds: Mapping[str, int]) -> Operation:
        rng = self._rng
        return Operation(
            kind=rng.choices(list(kinds), weights=list(kinds.values()))[0],
            who=rng.randrange(len(self.accounts)),
            chance=rng.random(),
            patient=rng.random() < PATIENT,
            key=f"chaos-{rng.getrandbits(96):x}",
        )

    async def _in_order(self, operations: Sequence[Operation], live: Sequence[Post]) -> None:
        for operation in operations:
            await self._run(operation, live)

    async def _run(self, operation: Operation, live: Sequence[Post]) -> None:
        # The first user blocks nobody, so this account may read all likers.
        if operation.kind == "read" or (operation.kind == "block" and operation.who == 0):
            await self._read_home(operation.who)
        elif operation.kind in ("follow", "block"):
            others = [n for n in range(len(self.accounts)) if n not in (operation.who, 0)]
            if operation.kind == "block" and (blocked := self.history.blocked(operation.who)):
                others = blocked  # one block at a time, so that most users may interact
            await self._toggle_between(operation, others[int(operation.chance * len(others))])
        elif operation.kind == "like" and live:
            await self._like(operation, live[int(operation.chance * len(live))])
        else:
            replies = operation.kind == "reply" and live
            await self._write(
                operation, live[int(operation.chance * len(live))] if replies else None
            )

    async def _toggle_between(self, operation: Operation, other: int) -> None:
        whom = self.accounts[other].user_id
        async with self._pairs[frozenset((operation.who, other))]:
            if operation.kind == "block":
                acknowledged = await self._toggle(("block", operation.who, whom), operation)
                if self.history.either_blocks(operation.who, other) is not False:
                    self.history.end_follows(operation.who, other, certain=acknowledged)
            elif self.history.either_blocks(operation.who, other) is False:
                await self._toggle(("follow", operation.who, whom), operation)

    async def _like(self, operation: Operation, post: Post) -> None:
        assert post.id is not None
        async with self._pairs[frozenset((operation.who, post.author))]:
            if self.history.either_blocks(operation.who, post.author) is False:
                await self._toggle(("like", operation.who, post.id), operation)

    async def _write(
        self, operation: Operation, reply_to: Post | None, picture: Picture | None = None
    ) -> None:
        post = Post(operation.key, operation.who, reply_to, picture)
        async with self._pairs[
            frozenset((operation.who, reply_to.author if reply_to else operation.who))
        ]:
            if self.history.may_be_refused(post):
                return
            self.history.posts.append(post)
            post.acknowledged = await self.write(post, patient=operation.patient)
            if post.acknowledged:
                self._acknowledge(operation.kind)

    async def _toggle(self, relation: Relation, operation: Operation) -> bool:
        """Adds the relation or removes it. Returns whether that was acknowledged."""
        is_so = self.history.relations.get(relation, False)
        if is_so is None:  # a lost request may still take effect, and another one would race it
            return False
        verb, who, what = relation
        path = f"/v1/posts/{what}/like" if verb == "like" else f"/v1/users/{what}/{verb}"
        self.history.relations[relation] = None
        answer = await self._send(
            "DELETE" if is_so else "PUT", path, who, key=operation.key, patient=operation.patient
        )
        if answer is None:
            return False
        self.history.relations[relation] = not is_so
        self._acknowledge(verb if not is_so else f"un{verb}")
        return True

    async def _read_home(self, who: int) -> None:
        page = await self._send("GET", "/v1/timelines/home", who, patient=True)
        if page is None:
            return
        places = [int(item["id"]) for item in page["items"]]
        if places != sorted(set(places), reverse=True):
            self.faults.append(f"user {who} read a home out of order, or an entry twice")

    def _acknowledge(self, kind: str) -> None:
        self.acknowledged[kind] += 1
        self.answered(self.acknowledged.total())

    async def _send(
        self,
        method: str,
        path: str,
        who: int,
        *,
        body: Json | None = None,
        png: bytes = b"",
        key: str | None = None,
        patient: bool,
    ) -> Json | None:
        """The response; None if the client stopped, or if the reason is a fault."""
        begun = time.monotonic()
        pause, longest = PAUSE_SECONDS
        while True:
            by = self.accounts[who]
            try:
                answer = await self._edge.send(method, path, by=by, body=body, png=png, key=key)
            except httpx2.TransportError as cut:
                reason = type(cut).__name__
            else:
                if answer.is_success:
                    self.slowest = max(self.slowest, time.monotonic() - begun)
                    found: Json = answer.json() if answer.content else {}
                    return found
                reason = _reason(answer)
                if reason == "TOKEN_EXPIRED":
                    await self.sign_in(who)
                    continue
                if reason not in RETRYABLE:
                    self.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
                    return None
            self.refusals[reason] += 1
            if not patient:
                return None
            if time.monotonic() - begun > ANSWER_SECONDS:
                self.faults.append(f"{method} {path}: {ANSWER_SECONDS:.0f} s long {reason}")
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)

    async def sign_in(self, who: int) -> None:
        handle, password = self.accounts[who].handle, password_of("p", who, "oracle")
        with contextlib.suppress(Refused, httpx2.TransportError):  # repeated with the next request
            self.accounts[who] = await retrying(lambda: self._edge.sign_in(handle, password))


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["reason"])
    except (ValueError, KeyError):
        return "NO_REASON"
