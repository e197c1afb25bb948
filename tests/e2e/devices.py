"""Devices that follow the stream as docs/stream.md describes, through faults of the stack.

Each has the state of a client: read once, then changed by every event. It records what a client
must never receive: an event twice, out of order, or one that does not fit the state.
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
from tests.e2e.clients import RETRYABLE, Clients

# The errors of a client while a part is unavailable.
AWAY = (Refused, httpx2.TransportError, ConnectionClosed, InvalidHandshake, OSError)
# The close codes that mean a fault of the server.
WRONG = {1009, 1011, 4000, 4001, 4003, 4004, 4009}
PAUSE_SECONDS = 0.2
# A reconnecting device loses its connection after at most this many frames.
FRAMES = 40

# The user's own lists in REST. Follows and blocks have ids of users.
OWN = {
    "follow": "/v1/users/{me}/following",
    "like": "/v1/users/{me}/likes",
    "block": "/v1/blocks",
    "post": "/v1/users/{me}/posts",
}

Result = TypeVar("Result")


class DeviceState:
    """The client state of a device."""

    def __init__(self) -> None:
        self.home: dict[str, str] = {}  # authors by entry
        self.notifications: dict[str, tuple[str, int]] = {}  # kind and count by id
        self.own: dict[str, set[str]] = {kind: set() for kind in OWN}


class Device:
    """One client of one user. A reconnecting one disconnects at random."""

    def __init__(
        self, edge: Edge, clients: Clients, who: int, *, rng: random.Random, restless: bool
    ) -> None:
        self._edge = edge
        self._clients = clients
        self._rng = rng
        self._restless = restless
        self.who = who
        self.ready = asyncio.Event()
        self.state = DeviceState()
        # The last handled event, and the event up to which the log was compared.
        self.sequence: int | None = None
        self.compared = 0
        self.received: dict[int, str] = {}  # topics by sequence
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        # The times from which an author's posts arrive as events, if not from the start.
        self.since: dict[str, float] = {}
        self._since_gap = 0.0
        self._last_changes: dict[tuple[str, str], bool] = {}
        self._arrived: set[str] = set()

    @property
    def account(self) -> Account:
        """The account of the device."""
        return self._clients.accounts[self.who]

    async def run(self) -> None:
        """Connects, follows, and resumes after the last handled event."""
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
                elif refusal.reason not in RETRYABLE:
                    self._wrong(f"was refused: {refusal}")
            except AWAY as cut:
                self.counts[type(cut).__name__] += 1
            await asyncio.sleep(self._rng.uniform(0, 2 * PAUSE_SECONDS))

    async def _follow(self, stream: Stream) -> None:
        if self.sequence is None:
            self.sequence = self.compared = stream.sequence
            await self._load_state()
            self.ready.set()
        left = self._rng.randrange(1, FRAMES) if self._restless else -1
        while left != 0:
            await self._handle(await stream.next(), stream)
            self.sequence = stream.sequence
            left -= 1
        stream.connection.transport.abort()  # without a close frame

    async def _load_state(self) -> None:
        """Reads the whole state. Events of the same time arrive later and can be applied twice."""
        self.state = await self._retrying(self.read)
        self._last_changes.clear()
        self._arrived.clear()

    async def _handle(self, frame: Json, stream: Stream) -> None:
        match frame["type"]:
            case "event":
                sequence = frame["sequence"]
                if not (self.sequence or 0) < sequence == stream.sequence:
                    self._wrong(f"had {self.sequence}, then {sequence}")
                self.received[sequence] = frame["topic"]
                self._apply(frame)
            case "gap":
                self.counts["gaps"] += 1
                if frame.get("topics") == ["home"]:
                    self.state.home = (await self._retrying(self.read)).home
                    self._arrived.clear()
                    return
                self.compared = frame["first_sequence"] - 1
                # Follows within the gap began before now.
                self._since_gap = datetime.now().timestamp()
                await self._load_state()
            case "error":
                self.counts[frame["problem"]["reason"]] += 1

    def _apply(self, frame: Json) -> None:
        change, state = frame["change"], self.state
        match change["kind"]:
            case "arrival":
                item = change["item"]
                if item["id"] in self._arrived:
                    self._wrong(f"received twice: {item['id']}")
                self._arrived.add(item["id"])
                state.home[item["id"]] = item["post"]["author"]["id"]
            case "notification":
                notification = change["notification"]
                state.notifications.pop(change["replaces"], None)
                state.notifications[notification["id"]] = (
                    notification["kind"],
                    notification["count"],
                )
            case "notification_withdrawn":
                state.notifications.pop(change["id"], None)
            case "resource" if change["resource"] in OWN:
                self._change(change, datetime.fromisoformat(frame["at"]).timestamp())

    def _change(self, change: Json, at: float) -> None:
        resource, changed_id, deleted = change["resource"], change["id"], change["deleted"]
        if self._last_changes.get((resource, changed_id)) is deleted:
            self._wrong(
                f"received twice that {resource} {changed_id} {'ended' if deleted else 'began'}"
            )
        self._last_changes[resource, changed_id] = deleted
        if deleted:
            self.state.own[resource].discard(changed_id)
        else:
            self.state.own[resource].add(changed_id)
        if resource == "follow":
            # Earlier posts are added to the home, or removed, without an event.
            self.since[changed_id] = at
            if deleted:
                home = self.state.home
                self.state.home = {each: by for each, by in home.items() if by != changed_id}

    async def read(self) -> DeviceState:
        """The state that REST shows now."""
        by, state = self.account, DeviceState()
        for kind, path in OWN.items():
            query = {"include_replies": "true"} if kind == "post" else None
            items = self._edge.walk(path.format(me=by.user_id), by=by, query=query)
            state.own[kind] = {item["id"] async for item in items}
        async for item in self._edge.walk("/v1/timelines/home", by=by):
            state.home[item["id"]] = item["post"]["author"]["id"]
        async for item in self._edge.walk("/v1/notifications", by=by, limit=40):
            state.notifications[item["id"]] = (item["kind"], item["count"])
        return state

    async def differences(self) -> list[str]:
        """The differences between the state of this device and REST."""
        expected, state = await self.read(), self.state
        wrong = [
            f"{kind}: {_difference(state.own[kind], expected.own[kind])}"
            for kind in OWN
            if kind != "like" and state.own[kind] != expected.own[kind]
        ]
        # After a block, the like remains, and the post is hidden.
        if likes := (state.own["like"] ^ expected.own["like"]) - self._hidden():
            wrong.append(f"like: {sorted(likes)}")
        ours, theirs = (self._settled(each.home) for each in (state, expected))
        if ours != theirs:
            wrong.append(f"home: {_difference(ours, theirs)}")
        if state.notifications != expected.notifications:
            ours, theirs = (set(each.notifications.items()) for each in (state, expected))
            wrong.append(f"notifications: {_difference(ours, theirs)}")
        return [f"{self} has {each}" for each in wrong]

    def _hidden(self) -> set[str]:
        history = self._clients.history
        return {
            post.id
            for post in history.posts
            if post.id is not None and history.either_blocks(self.who, post.author) is not False
        }

    def _settled(self, home: dict[str, str]) -> set[str]:
        """The entries that arrive only as events. Deleted posts leave homes without one."""
        since, gap = self.since, self._since_gap
        deleted = {post.id for post in self._clients.history.posts if post.deleted}
        return {
            each
            for each, by in home.items()
            if written(each) > since.get(by, gap) and each not in deleted
        }

    async def _retrying(self, act: Callable[[], Awaitable[Result]]) -> Result:
        while True:
            try:
                return await act()
            except Refused as refusal:
                if refusal.reason == "TOKEN_EXPIRED":
                    await self._clients.sign_in(self.who)
                elif refusal.reason not in RETRYABLE:
                    raise
            except httpx2.TransportError:
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    def _wrong(self, what: str) -> None:
        self.faults.append(f"{self} {what}")

    def __str__(self) -> str:
        return f"{'reconnecting' if self._restless else 'steady'} device {self.who}"


def written(entry_id: str) -> float:
    """The creation time of an id, in seconds since 1970."""
    return time_of(int(entry_id)).timestamp()


def _difference(ours: set[str], theirs: set[str]) -> str:
    return f"{sorted(ours - theirs)} extra, {sorted(theirs - ours)} missing"
