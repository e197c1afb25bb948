"""The stream through Envoy and every service: events are sent, and restarts lose none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from io import StringIO
from pathlib import Path

import httpx2
import pytest
from rich.console import Console
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from local.demo import Demo
from local.edge import Account, Edge, Json, Refused
from local.stream import Stream, opened
from local.watch import watch
from tests.e2e.conftest import TWO_GATEWAYS, Shared
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

PATIENCE = 60.0
# The errors of a client while a part restarts.
AWAY = (Refused, httpx2.TransportError)


async def until(stream: Stream, wanted: Callable[[Json], bool]) -> Json:
    """The next frame that matches; others are skipped."""
    async with asyncio.timeout(PATIENCE):
        while not wanted(frame := await stream.next()):
            pass
    return frame


def is_notification(kind: str) -> Callable[[Json], bool]:
    return lambda frame: (
        frame["type"] == "event" and frame["change"].get("notification", {}).get("kind") == kind
    )


def is_arrival(post_id: str) -> Callable[[Json], bool]:
    return lambda frame: (
        frame["type"] == "event" and frame["change"].get("item", {}).get("id") == post_id
    )


@pytest.mark.asyncio(loop_scope="session")
async def test_streams_send_events_and_close_with_the_session(shared: Shared) -> None:
    async with shared.stack.edge() as edge:
        alice, bob, carol = await signed_up(edge)

        await events_are_sent(edge, alice, bob, carol)
        await commands_show_events(edge, alice, bob)
        await mutes_and_blocks_apply_at_once(edge, alice, bob)
        await an_ended_session_is_closed(edge, carol)


@pytest.mark.soak  # most of a minute: it restarts parts
async def test_restarts_lose_nothing(tmp_path: Path) -> None:
    async with TestStack(tmp_path, TWO_GATEWAYS) as stack, stack.edge() as edge:
        alice, bob, _ = await signed_up(edge)

        for part in ("gateway", "notification"):
            await a_restart_loses_nothing(stack, edge, alice, bob, part)


async def signed_up(edge: Edge) -> list[Account]:
    """Alice, Bob and Carol; Alice and Carol follow Bob."""
    accounts = [
        await edge.register(name, "a long pass phrase") for name in ("alice", "bob", "carol")
    ]
    for follower in (accounts[0], accounts[2]):
        await edge.follow(follower, accounts[1].user_id)
    return accounts


async def events_are_sent(edge: Edge, alice: Account, bob: Account, carol: Account) -> None:
    async with opened(edge, alice) as hers, opened(edge, carol) as carols, opened(edge, bob) as his:
        post = await edge.post(bob, "Good morning")
        for stream in (hers, carols):
            frame = await until(stream, is_arrival(post["id"]))
            assert frame["change"]["item"]["post"]["text"] == "Good morning"

        await edge.call("PUT", f"/v1/posts/{post['id']}/like", by=alice)
        like = await until(his, is_notification("like"))
        (liker,) = like["change"]["notification"]["people"]
        assert liker["handle"] == "alice"
        assert like["change"]["notification"]["post"]["id"] == post["id"]

    async with opened(edge, alice, [f"post:{post['id']}"]) as watching:
        await edge.post(carol, "To you, too", reply_to_post_id=post["id"])
        frame = await until(watching, lambda each: bool(each.get("replies")))
        assert [each["text"] for each in frame["replies"]] == ["To you, too"]


async def commands_show_events(edge: Edge, alice: Account, bob: Account) -> None:
    received_bytes, walked = StringIO(), StringIO()
    watching = asyncio.create_task(watch(edge, alice, Console(file=received_bytes, width=120)))
    try:
        await eventually(lambda: "connected" in received_bytes.getvalue(), limit=PATIENCE)
        await edge.post(bob, "The watch command shows this")
        await eventually(
            lambda: "@bob The watch command" in received_bytes.getvalue(), limit=PATIENCE
        )
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    await Demo(edge, Console(file=walked, width=120)).run()
    _, live = walked.getvalue().split("Bob's stream")
    assert "home @alice" in live
    assert "mention by @alice" in live


async def a_restart_loses_nothing(
    stack: TestStack, edge: Edge, alice: Account, bob: Account, part: str
) -> None:
    names = [each.name for each in stack.stack.supervisor.statuses()]
    instances = [name for name in names if name == part or name.startswith(f"{part}-2")]
    expected: list[str] = []
    seen: list[str] = []
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            # The same key again, until the part is ready.
            with contextlib.suppress(*AWAY):
                post = await edge.post(bob, f"{part} {number}", key=f"{part}-{number}")
                expected.append(post["id"])
                number += 1
            await asyncio.sleep(0.1)

    async def follow() -> None:
        async for frame in resumed_frames(edge, alice):
            assert frame["type"] != "gap"
            item = frame.get("change", {}).get("item")
            if item:
                seen.append(item["id"])

    following = asyncio.create_task(follow())
    writing = asyncio.create_task(write())
    try:
        await eventually(lambda: bool(seen), limit=PATIENCE)
        for name in instances:
            await stack.stack.supervisor.restart(name)
        here = len(expected)
        await eventually(lambda: len(expected) > here, limit=PATIENCE)
        stop.set()
        await writing
        # Posts before the first connection may be missing, later ones may not.
        await eventually(lambda: seen[-1] == expected[-1], limit=PATIENCE)
    finally:
        for task in (following, writing):
            task.cancel()
        await asyncio.gather(following, writing, return_exceptions=True)
    assert seen == expected[expected.index(seen[0]) :]


async def resumed_frames(edge: Edge, by: Account) -> AsyncIterator[Json]:
    """All frames, with a new connection after an error."""
    sequence: int | None = None
    while True:
        try:
            async with opened(edge, by, resume_after=sequence) as stream:
                sequence = stream.sequence
                while True:
                    frame = await stream.next()
                    yield frame
                    sequence = stream.sequence
        except (*AWAY, ConnectionClosed, InvalidHandshake, OSError):
            await asyncio.sleep(0.1)


async def mutes_and_blocks_apply_at_once(edge: Edge, alice: Account, bob: Account) -> None:
    async with opened(edge, alice) as stream, opened(edge, bob) as his:
        for act in ("mute", "block"):
            await edge.call("PUT", f"/v1/users/{bob.user_id}/{act}", by=alice)
            post = await edge.post(bob, f"Out of sight, by a {act}")
            # One transaction logs an arrival for all recipients, his own log included.
            await until(his, is_arrival(post["id"]))
            own = await edge.post(alice, "In sight")
            frames: list[Json] = []

            def last(frame: Json, own: str = own["id"], frames: list[Json] = frames) -> bool:
                frames.append(frame)
                return is_arrival(own)(frame)

            await until(stream, last)
            assert not any(map(is_arrival(post["id"]), frames))
            await edge.call("DELETE", f"/v1/users/{bob.user_id}/{act}", by=alice)
            await edge.follow(alice, bob.user_id)


async def an_ended_session_is_closed(edge: Edge, carol: Account) -> None:
    async with opened(edge, carol) as stream:
        await edge.call("DELETE", "/v1/sessions/current", by=carol)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await stream.next(seconds=PATIENCE)

    assert stream.connection.close_code == 4001
