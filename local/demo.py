"""`roost demo`: makes the main calls through the public edge and prints each."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any
from urllib.parse import quote

import httpx2
from rich.console import Console
from rich.markup import escape

from local import drawings
from local.edge import Account, Edge, Json, Refused
from local.stream import opened
from local.watch import line_of

ARRIVAL_SECONDS = 10.0  # far beyond the promised second


class Demo:
    """Makes calls as a few users; prints each with its status and its duration."""

    def __init__(self, edge: Edge, console: Console) -> None:
        self._edge = edge
        self._console = console

    async def run(self) -> None:
        """Sign users up, follow, post and read; raise Refused if a step fails."""
        suffix = secrets.token_hex(3)
        self._say("Three people join")
        alice = await self._join(f"alice_{suffix}")
        bob = await self._join(f"bob_{suffix}")
        carol = await self._join(f"carol_{suffix}")

        self._say("Bob and Carol follow Alice")
        for reader in (bob, carol):
            await self._call("PUT", f"/v2/users/{alice.user_id}/follow", by=reader)

        self._say("Alice posts; sending it again with the same key writes nothing new")
        body = {"text": f"Good morning @{bob.handle}, the #roost is open https://example.org"}
        key = secrets.token_hex(8)
        post = await self._call("POST", "/v2/posts", by=alice, body=body, key=key)
        await self._call("POST", "/v2/posts", by=alice, body=body, key=key)

        self._say("It arrives in Bob's home timeline")
        await self._arrival(bob, post["id"])

        self._say("Bob answers, Carol likes and reposts")
        answer = {"text": "Good morning!", "reply_to_post_id": post["id"]}
        await self._call("POST", "/v2/posts", by=bob, body=answer)
        await self._call("PUT", f"/v2/posts/{post['id']}/like", by=carol)
        await self._call("PUT", f"/v2/posts/{post['id']}/repost", by=carol)

        self._say("Alice uploads a picture of her own drawing, and posts it")
        await self._picture(alice)

        self._say("Anyone finds the post, Bob follows its hashtag")
        await self._search(bob, f'from:{alice.handle} "roost is open" -is:reply', post["id"])
        await self._call("GET", f"/v2/search/typeahead?q=@{alice.handle[:8]}", by=bob)
        await self._call("PUT", "/v2/hashtags/roost/follow", by=bob)
        await self._call("GET", "/v2/hashtags/roost/posts")

        self._say("Anyone may read the conversation")
        thread = await self._call("GET", f"/v2/posts/{post['id']}/thread")
        self._show_post(thread["post"])
        for reply in thread["replies"]["items"]:
            self._show_post(reply)

        self._say("What happens reaches those who are connected while it happens: Bob's stream")
        await self._live(alice, bob)

        self._say("Alice blocks Carol: from that moment neither sees the other")
        await self._call("PUT", f"/v2/users/{carol.user_id}/block", by=alice)
        await self._call("GET", f"/v2/posts/{post['id']}", by=carol)

        self._say("Alice deletes the post; a tombstone keeps Bob's answer in its place")
        await self._call("DELETE", f"/v2/posts/{post['id']}", by=alice)

    async def _join(self, handle: str) -> Account:
        body = {"handle": handle, "password": secrets.token_urlsafe(12), "device_name": "demo"}
        return Account.from_session(await self._call("POST", "/v2/users", body=body))

    async def _picture(self, author: Account) -> None:
        """Upload, post and fetch a picture."""
        started = time.monotonic()
        drawing = drawings.jpeg(drawings.landscape(secrets.randbelow(1000)))
        alt_text = "A sun over hills"
        medium = await self._edge.upload(author, drawing, "image/jpeg", alt_text=alt_text)
        took = 1000 * (time.monotonic() - started)
        self._console.print(f"   ready after {took:.0f} ms: {escape(line_of_medium(medium))}")
        body = {"text": "From the window", "media_ids": [medium["id"]]}
        post = await self._call("POST", "/v2/posts", by=author, body=body)
        address = post["media"][0]["variants"][-1]["url"]
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(address)
        if answer.is_error:
            raise Refused(f"GET {address}", answer.status_code, {"detail": answer.text[:200]})
        self._console.print(
            f"   GET {escape(address)} {answer.status_code}, {len(answer.content)} bytes",
            soft_wrap=True,
        )

    async def _live(self, writer: Account, reader: Account) -> None:
        async with opened(self._edge, reader) as stream:
            started = time.monotonic()
            await self._edge.post(writer, f"Are you there, @{reader.handle}?")
            kinds: set[str] = set()
            while not kinds >= {"arrival", "notification"}:
                frame = await stream.next(seconds=ARRIVAL_SECONDS)
                kinds.add(frame.get("change", {}).get("kind", ""))
                took = 1000 * (time.monotonic() - started)
                self._console.print(f"   {line_of(frame)} [dim]{took:.0f} ms[/]", soft_wrap=True)

    async def _search(self, reader: Account, query: str, post_id: str) -> None:
        """Search until the post is found."""
        path = f"/v2/search/posts?q={quote(query)}"
        started = time.monotonic()
        while time.monotonic() - started < ARRIVAL_SECONDS:
            found = await self._edge.call("GET", path, by=reader)
            if any(item["post"]["id"] == post_id for item in found["items"]):
                break
            await asyncio.sleep(0.05)
        else:
            raise Refused(f"GET {path}", 200, {"detail": "the post was not found"})
        waited = 1000 * (time.monotonic() - started)
        await self._call("GET", path, by=reader)
        self._console.print(f"   {escape(query)} [dim]found after {waited:.0f} ms[/]")

    async def _arrival(self, reader: Account, post_id: str) -> None:
        started = time.monotonic()
        while time.monotonic() - started < ARRIVAL_SECONDS:
            home = await self._edge.call("GET", "/v2/timelines/home", by=reader)
            if any(item["post"]["id"] == post_id for item in home["items"]):
                break
            await asyncio.sleep(0.02)
        else:
            raise Refused("GET /v2/timelines/home", 200, {"detail": "the post did not arrive"})
        waited = 1000 * (time.monotonic() - started)
        home = await self._call("GET", "/v2/timelines/home", by=reader)
        self._show_post(home["items"][0]["post"])
        self._console.print(f"   [dim]there after {waited:.0f} ms[/]")

    async def _call(self, method: str, path: str, **how: Any) -> Json:
        started = time.monotonic()
        response = await self._edge.send(method, path, **how)
        took = 1000 * (time.monotonic() - started)
        colour = "green" if response.status_code < 400 else "yellow"
        found: Json = response.json() if response.content else {}
        who = how.get("by")
        note = found.get("reason", "") if response.status_code >= 400 else ""
        self._console.print(
            f"   {method:<6} {escape(path):<48} [{colour}]{response.status_code}[/] "
            f"[dim]{took:6.1f} ms {'as ' + who.handle if who else ''}[/] {note}",
            soft_wrap=True,
        )
        if response.status_code >= 400 and response.status_code != 404:
            raise Refused(f"{method} {path}", response.status_code, found)
        return found

    def _say(self, what: str) -> None:
        self._console.print(f"\n[bold]{what}[/]")

    def _show_post(self, post: Json) -> None:
        counts = post["counts"]
        text = "".join(each["text"] for each in post["content"])
        said = escape(text) if not post["deleted"] else "[dim](deleted)[/]"
        self._console.print(
            f"   [cyan]@{post['author']['handle']}[/] {said} "
            f"[dim]♥ {counts['likes']} ⟳ {counts['reposts']} ↩ {counts['replies']}[/]",
            soft_wrap=True,
        )


def line_of_medium(medium: Json) -> str:
    """Describe a medium in a line."""
    sizes = ", ".join(f"{each['name']} {each['size_bytes']:,} bytes" for each in medium["variants"])
    return f"{medium['kind']} of {medium['width']} x {medium['height']}; {sizes}"
