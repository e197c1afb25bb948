"""`roost watch`: the stream of one account in the terminal, a line for each frame."""

from __future__ import annotations

import asyncio

import httpx2
from rich.console import Console
from rich.markup import escape
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from local.edge import Account, Edge, Json, Refused
from local.stream import opened

RECONNECT_SECONDS = 1.0


async def watch(edge: Edge, by: Account, console: Console) -> None:
    """Print frames until cancelled; resume after the last event when a connection is lost.

    Raises Refused if the session has ended.
    """
    sequence: int | None = None
    while True:
        try:
            async with opened(edge, by, resume_after=sequence) as stream:
                console.print(f"[dim]connected, at {stream.sequence}[/]")
                sequence = stream.sequence
                while True:
                    frame = await stream.next()
                    sequence = stream.sequence
                    console.print(line_of(frame), soft_wrap=True)
        except Refused as refusal:
            if refusal.status == 401:
                raise
            lost: Exception = refusal
        except (ConnectionClosed, InvalidHandshake, httpx2.TransportError, OSError) as cut:
            lost = cut
        console.print(f"[dim]{escape(str(lost))}; connecting again[/]")
        await asyncio.sleep(RECONNECT_SECONDS)


def line_of(frame: Json) -> str:
    """Return a frame as a readable line in rich's markup."""
    if frame["type"] == "event":
        return f"[dim]{frame['sequence']:>6}[/] {_change(frame['change'])}"
    if frame["type"] == "activity":
        post = frame["post"]
        return f"       {escape(frame['topic'])} {_said(post) if post else 'is gone'}"
    if frame["type"] == "gap":
        what = " and ".join(frame.get("topics", ["everything"]))
        return f"[yellow]a gap before {frame['first_sequence']}: read {what} again[/]"
    reason = frame.get("problem", {}).get("reason", "")
    return f"[dim]       {frame['type']} {reason}[/]".rstrip()


def _change(change: Json) -> str:
    kind = change["kind"]
    if kind == "arrival":
        item = change["item"]
        brought = item["reposted_by"]
        by = f"[dim]⟳ @{brought['handle']}[/] " if brought else ""
        return f"[green]home[/] {by}{_said(item['post'])}"
    if kind == "notification":
        notified = change["notification"]
        who = ", ".join(f"@{each['handle']}" for each in notified["people"])
        more = (
            f" and {notified['count'] - len(notified['people'])} more"
            if notified["count"] > 5
            else ""
        )
        about = f": {escape(notified['post']['text'])}" if notified["post"] else ""
        return f"[magenta]{notified['kind']}[/] by [cyan]{who}[/]{more}{about}"
    facts = " ".join(f"{name}={value}" for name, value in change.items() if name != "kind")
    return f"[blue]{kind}[/] {escape(facts)}"


def _said(post: Json) -> str:
    return f"[cyan]@{post['author']['handle']}[/] {escape(post['text'])}"
