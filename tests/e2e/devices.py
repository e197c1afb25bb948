"""Devices that follow the stream as docs/stream.md says, through whatever happens to the stack.

Each keeps what a client keeps, a state that it read once and changed by every event since, and
notes whatever a client must never see: an event twice, out of order, or one that cannot follow.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import httpx2
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from local.edge import Account, Edge, Json, Refused
from local.stream import Stream, opened
from services.chassis.runtime.ids import time_of
from tests.e2e.clients import MAY_ASK_AGAIN, Clients

# What a client meets while a part is away or dies.
AWAY = (Refused, httpx2.TransportError, ConnectionClosed, InvalidHandshake, OSError)
# With these a connection is closed where something is wrong, here with the server.
WRONG = {1009, 1011, 4000, 4001, 4003, 4004, 4009}
PAUSE_SECONDS = 0.2
# A restless device loses its connection after so many frames, at most.
FRAMES = 40

# Lists of one's own, and where REST has them. Follows and blocks are by people's ids.
OWN = {
    "follow": "/v1/users/{me}/following",
    "like": "/v1/users/{me}/likes",
    "block": "/v1/blocks",
    "post": "/v1/users/{me}/posts",
}

Result = TypeVar("Result")


class Held:
    """What a device knows of its person."""

    def __init__(self) -> None:
        self.home: dict[str, str] = {}  # authors by entry
        self.notifications: dict[str, tuple[str, int]] = {}  # kind and count by id
        self.own: dict[str, set[str]] = {kind: set() for kind in OWN}


class Device:
    """One client of one person. `run` follows for ever; a restless one goes and comes back."""

    def __init__(
        self, edge: Edge, clients: Clients, who: int, *, dice: random.Random, restless: bool
    ) -> None:
        self._edge = edge
        self._clients = clients
        self._dice = dice
        self._restless = restless
        self.who = who
        self.ready = asyncio.Event()
        self.held = Held()
        # The last event that was handled, and the one after which the log is still to be compared.
        self.sequence: int | None = None
        self.compared = 0
        self.heard: dict[int, str] = {}  # topics by sequence
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        # Since when what an author writes comes by events, where that was not always so.
        self.since: dict[str, float] = {}
        self._since_gap = 0.0
        self._told: dict[tuple[str, str], bool] = {}
        self._arrived: set[str] = set()

    @property
    def account(self) -> Account:
        """Whose device it is."""
        return self._clients.accounts[self.who]

    async def run(self) -> None:
        """Connects, follows, and connects again, after the last event that was handled."""
        while True:
            try:
                async with opened(self._edge, self.account, resume_after=self.sequence) as stream:
                    self.counts["connections"] += 1
                    await self._follow(stream)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                self.counts[str(code)] += 1
                if code in WRONG:
                    self._wrong(f"was closed with {code} {closed.rcvd.reason}")
            except Refused as refusal:
                self.counts[refusal.reason] += 1
                if refusal.reason == "TOKEN_EXPIRED":
                    await self._clients.sign_in(self.who)
                elif refusal.reason not in MAY_ASK_AGAIN:
                    self._wrong(f"was refused: {refusal}")
            except AWAY as cut:
                self.counts[type(cut).__name__] += 1
            await asyncio.sleep(self._dice.uniform(0, 2 * PAUSE_SECONDS))

    async def _follow(self, stream: Stream) -> None:
        if self.sequence is None:
            self.sequence = self.compared = stream.sequence
            await self._begin()
            self.ready.set()
        left = self._dice.randrange(1, FRAMES) if self._restless else -1
        while left != 0:
            await self._take(await stream.next(), stream)
            self.sequence = stream.sequence
            left -= 1
        stream.connection.transport.abort()  # as a phone does in a tunnel

    async def _begin(self) -> None:
        """Reads everything anew; what happens meanwhile comes by events, and is safe to apply."""
        self.held = await self._patiently(self.read)
        self._told.clear()
        self._arrived.clear()

    async def _take(self, frame: Json, stream: Stream) -> None:
        match frame["type"]:
            case "event":
                sequence = frame["sequence"]
                if not (self.sequence or 0) < sequence == stream.sequence:
                    self._wrong(f"had {self.sequence}, then {sequence}")
                self.heard[sequence] = frame["topic"]
                self._apply(frame)
            case "gap":
                self.counts["gaps"] += 1
                if frame.get("topics") == ["home"]:
                    self.held.home = (await self._patiently(self.read)).home
                    self._arrived.clear()
                    return
                self.compared = frame["first_sequence"] - 1
                # Follows that the gap hides began by now at the latest.
                self._since_gap = datetime.now().timestamp()
                await self._begin()
            case "error":
                self.counts[frame["problem"]["reason"]] += 1

    def _apply(self, frame: Json) -> None:
        change, held = frame["change"], self.held
        match change["kind"]:
            case "arrival":
                item = change["item"]
                if item["id"] in self._arrived:
                    self._wrong(f"was told twice of {item['id']}")
                self._arrived.add(item["id"])
                held.home[item["id"]] = item["post"]["author"]["id"]
            case "notification":
                told = change["notification"]
                held.notifications.pop(change["replaces"], None)
                held.notifications[told["id"]] = (told["kind"], told["count"])
            case "notification_withdrawn":
                held.notifications.pop(change["id"], None)
            case "resource" if change["resource"] in OWN:
                self._change(change, datetime.fromisoformat(frame["at"]).timestamp())

    def _change(self, change: Json, at: float) -> None:
        resource, thing, deleted = change["resource"], change["id"], change["deleted"]
        if self._told.get((resource, thing)) is deleted:
            self._wrong(f"was told twice that {resource} {thing} {'ended' if deleted else 'began'}")
        self._told[resource, thing] = deleted
        if deleted:
            self.held.own[resource].discard(thing)
        else:
            self.held.own[resource].add(thing)
        if resource == "follow":
            # What was written before is merged into the home, or taken out, without an event.
            self.since[thing] = at
            if deleted:
                home = self.held.home
                self.held.home = {each: by for each, by in home.items() if by != thing}

    async def read(self) -> Held:
        """Everything as REST shows it now."""
        by, held = self.account, Held()
        for kind, path in OWN.items():
            query = {"include_replies": "true"} if kind == "post" else None
            items = self._edge.walk(path.format(me=by.user_id), by=by, query=query)
            held.own[kind] = {item["id"] async for item in items}
        async for item in self._edge.walk("/v1/timelines/home", by=by):
            held.home[item["id"]] = item["post"]["author"]["id"]
        async for item in self._edge.walk("/v1/notifications", by=by, limit=40):
            held.notifications[item["id"]] = (item["kind"], item["count"])
        return held

    async def differences(self) -> list[str]:
        """What this device holds otherwise than REST shows it now."""
        fresh, held = await self.read(), self.held
        wrong = [
            f"{kind}: {_differing(held.own[kind], fresh.own[kind])}"
            for kind in OWN
            if kind != "like" and held.own[kind] != fresh.own[kind]
        ]
        # Who is apart from an author keeps the like, and is not shown the post.
        if likes := (held.own["like"] ^ fresh.own["like"]) - self._hidden():
            wrong.append(f"like: {sorted(likes)}")
        ours, theirs = (self._settled(each.home) for each in (held, fresh))
        if ours != theirs:
            wrong.append(f"home: {_differing(ours, theirs)}")
        if held.notifications != fresh.notifications:
            ours, theirs = (set(each.notifications.items()) for each in (held, fresh))
            wrong.append(f"notifications: {_differing(ours, theirs)}")
        return [f"{self} holds {each}" for each in wrong]

    def _hidden(self) -> set[str]:
        history = self._clients.history
        return {
            post.id
            for post in history.posts
            if post.id is not None and history.apart(self.who, post.author) is not False
        }

    def _settled(self, home: dict[str, str]) -> set[str]:
        """The entries that come by events alone."""
        since, gap = self.since, self._since_gap
        return {each for each, by in home.items() if written(each) > since.get(by, gap)}

    async def _patiently(self, act: Callable[[], Awaitable[Result]]) -> Result:
        while True:
            try:
                return await act()
            except Refused as refusal:
                if refusal.reason == "TOKEN_EXPIRED":
                    await self._clients.sign_in(self.who)
                elif refusal.reason not in MAY_ASK_AGAIN:
                    raise
            except httpx2.TransportError:
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    def _wrong(self, what: str) -> None:
        self.faults.append(f"{self} {what}")

    def __str__(self) -> str:
        return f"{'restless' if self._restless else 'steady'} device {self.who}"


def written(entry_id: str) -> float:
    """When an id was made, in seconds since 1970."""
    return time_of(int(entry_id)).timestamp()


def _differing(ours: set[str], theirs: set[str]) -> str:
    return f"{sorted(ours - theirs)} too much, {sorted(theirs - ours)} too little"
