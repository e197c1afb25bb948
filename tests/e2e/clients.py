"""People who write, like, follow, block and read at once, through whatever happens to the stack.

A patient client repeats a request until it is answered; another one gives up at the first failure,
and then nobody knows whether it took effect. Everyone does one thing after another.
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
from tests.e2e.history import History, Post, Tie

ANSWER_SECONDS = 60.0  # the promise: whatever dies, whoever asks again is answered by then
PATIENT = 0.75  # so many of the clients
PAUSE_SECONDS = (0.05, 1.0)

# What people do, and how much of it.
EVERYTHING = {"post": 40, "reply": 10, "like": 20, "follow": 15, "block": 4, "read": 15}
WRITES = {kind: share for kind, share in EVERYTHING.items() if kind != "read"}

# With these a stack that is not whole tells so, and whoever asks again later is right to.
MAY_ASK_AGAIN = {
    "DEPENDENCY_UNAVAILABLE",
    "OVERLOADED",
    "DEADLINE_EXCEEDED",
    "IDEMPOTENCY_KEY_IN_FLIGHT",
    "RATE_LIMITED",
}


@dataclass(frozen=True)
class Act:
    """Something that one person is about to do; dice decide, not what happened before."""

    kind: str
    who: int
    chance: float
    patient: bool
    key: str


class Clients:
    """A group of people, and the history of what they were told.

    ``answered`` is called after each acknowledged write with how many there were so far.
    """

    def __init__(self, edge: Edge, accounts: list[Account], history: History, *, seed: int) -> None:
        self._edge = edge
        self._dice = random.Random(seed)
        self.accounts = accounts
        self.history = history
        self.acknowledged: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0
        self.answered: Callable[[int], None] = lambda _: None
        # What two people do to each other comes one after another: a block refuses the rest.
        self._pairs: defaultdict[frozenset[int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def act(self, count: int, kinds: Mapping[str, int] = EVERYTHING) -> None:
        """Do so many things: people side by side, each person one thing after another."""
        acts = [self._draw(kinds) for _ in range(count)]
        by_user: dict[int, list[Act]] = {}
        for act in acts:
            by_user.setdefault(act.who, []).append(act)
        live = [post for post in self.history.posts if post.id is not None]
        await asyncio.gather(*(self._in_order(mine, live) for mine in by_user.values()))

    async def write(self, post: Post, *, patient: bool = True) -> bool:
        """Ask for a post, maybe again; whether an answer said that it is there, under one id."""
        answer = await self._ask(
            "POST", "/v1/posts", post.author, body=post.body, key=post.key, patient=patient
        )
        if answer is None:
            return False
        if post.id is not None and answer["id"] != post.id:
            self.faults.append(f"{post.key} was {post.id}, and repeated it is {answer['id']}")
        post.id = answer["id"]
        return True

    async def sign_in_again(self) -> None:
        """Give everybody a fresh token; tokens are good for a quarter of an hour."""
        await asyncio.gather(*map(self.sign_in, range(len(self.accounts))))

    def _draw(self, kinds: Mapping[str, int]) -> Act:
        dice = self._dice
        return Act(
            kind=dice.choices(list(kinds), weights=list(kinds.values()))[0],
            who=dice.randrange(len(self.accounts)),
            chance=dice.random(),
            patient=dice.random() < PATIENT,
            key=f"chaos-{dice.getrandbits(96):x}",
        )

    async def _in_order(self, acts: Sequence[Act], live: Sequence[Post]) -> None:
        for act in acts:
            # The first one sees everybody, and so can tell who likes what.
            if act.kind == "read" or (act.kind == "block" and act.who == 0):
                await self._read_home(act.who)
            elif act.kind in ("follow", "block"):
                others = [n for n in range(len(self.accounts)) if n not in (act.who, 0)]
                if act.kind == "block" and (blocked := self.history.blocked(act.who)):
                    others = blocked  # one at a time, or nobody would have to do with anybody
                await self._turn_between(act, others[int(act.chance * len(others))])
            elif act.kind == "like" and live:
                await self._like(act, live[int(act.chance * len(live))])
            else:
                replies = act.kind == "reply" and live
                await self._write(act, live[int(act.chance * len(live))] if replies else None)

    async def _turn_between(self, act: Act, other: int) -> None:
        whom = self.accounts[other].user_id
        async with self._pairs[frozenset((act.who, other))]:
            if act.kind == "block":
                told = await self._turn(("block", act.who, whom), act)
                if self.history.apart(act.who, other) is not False:
                    self.history.sever(act.who, other, certain=told)
            elif self.history.apart(act.who, other) is False:
                await self._turn(("follow", act.who, whom), act)

    async def _like(self, act: Act, post: Post) -> None:
        assert post.id is not None
        async with self._pairs[frozenset((act.who, post.author))]:
            if self.history.apart(act.who, post.author) is False:
                await self._turn(("like", act.who, post.id), act)

    async def _write(self, act: Act, reply_to: Post | None) -> None:
        post = Post(act.key, act.who, reply_to)
        async with self._pairs[frozenset((act.who, reply_to.author if reply_to else act.who))]:
            if self.history.cut_off(post):
                return
            self.history.posts.append(post)
            post.told = await self.write(post, patient=act.patient)
            if post.told:
                self._acknowledge(act.kind)

    async def _turn(self, tie: Tie, act: Act) -> bool:
        """Make the tie where there is none, and end it where there is one; whether it was told."""
        is_so = self.history.ties.get(tie, False)
        if is_so is None:  # a lost request may yet take effect: whoever acts on it would race it
            return False
        verb, who, what = tie
        path = f"/v1/posts/{what}/like" if verb == "like" else f"/v1/users/{what}/{verb}"
        self.history.ties[tie] = None
        answer = await self._ask(
            "DELETE" if is_so else "PUT", path, who, key=act.key, patient=act.patient
        )
        if answer is None:
            return False
        self.history.ties[tie] = not is_so
        self._acknowledge(verb if not is_so else f"un{verb}")
        return True

    async def _read_home(self, who: int) -> None:
        page = await self._ask("GET", "/v1/timelines/home", who, patient=True)
        if page is None:
            return
        places = [int(item["id"]) for item in page["items"]]
        if places != sorted(set(places), reverse=True):
            self.faults.append(f"person {who} saw a home out of order, or something twice")

    def _acknowledge(self, kind: str) -> None:
        self.acknowledged[kind] += 1
        self.answered(self.acknowledged.total())

    async def _ask(
        self,
        method: str,
        path: str,
        who: int,
        *,
        body: Json | None = None,
        key: str | None = None,
        patient: bool,
    ) -> Json | None:
        """The answer, or None if the client gave up, or was told what it should not be told."""
        begun = time.monotonic()
        pause, longest = PAUSE_SECONDS
        while True:
            by = self.accounts[who]
            try:
                answer = await self._edge.send(method, path, by=by, body=body, key=key)
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
                if reason not in MAY_ASK_AGAIN:
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
        with contextlib.suppress(Refused, httpx2.TransportError):  # asked again in a moment
            self.accounts[who] = await retrying(lambda: self._edge.sign_in(handle, password))


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["reason"])
    except (ValueError, KeyError):
        return "NO_REASON"
