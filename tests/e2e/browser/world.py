"""People and posts of all kinds, which the pages show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from local.edge import Account, Edge
from tests.e2e.browser.visitors import PASSWORD, a_handle
from tests.e2e.media_clients import drawn

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
# Posts have 1 to 9 lines, so that the heights of rows differ.
LINES = 9
# As many connections as a client of the edge has for long lists.
AT_ONCE = 8


@dataclass(frozen=True)
class World:
    """An author with posts of all kinds, a reader who follows, and a post with a conversation."""

    author: Account
    reader: Account
    thread: str


async def settle_world(edge: Edge) -> World:
    """Writes everything that the pages show."""
    author = await edge.register(a_handle("maria"), PASSWORD)
    reader = await edge.register(a_handle("robin"), PASSWORD)
    profile = {
        "display_name": "María Sánchez Ríos",
        "bio": "Birds, mostly herons. Postcards from the pond, every morning.",
        "location": "Sevilla",
        "website": "https://example.org/herons",
    }
    await edge.call("PATCH", "/v2/users/me", by=author, body=profile)
    await edge.call("PATCH", "/v2/users/me", by=reader, body={"display_name": "Robin"})
    await edge.follow(reader, author.user_id)
    picture = await edge.upload(author, drawn(7), "image/png", alt_text="A heron in the reeds")
    await edge.post(author, LONG_WORD + " " + "https://example.org/" + "a-very-long-path/" * 6)
    await edge.post(author, "طائر البلشون الأبيض يقف على ضفة البحيرة")
    await edge.post(author, "今日は池にアオサギが三羽いました 🪶🪶🪶")
    await edge.post(author, "Only for those who follow me", visibility="followers")
    await edge.post(author, f"Hello @{reader.handle}, look at #roost", media_ids=[picture["id"]])
    start = await edge.post(author, "Does anybody know this bird?")
    root = await edge.post(
        reader, "It is a night heron.\n\nThey sleep by day.", reply_to_post_id=start["id"]
    )
    first = await edge.post(author, "Thank you!", reply_to_post_id=root["id"])
    await edge.post(reader, "You are welcome", reply_to_post_id=first["id"])
    await edge.post(author, "I did not expect that " * 12, reply_to_post_id=root["id"])
    await edge.post(reader, "Worth reading:", quoted_post_id=start["id"])
    await edge.call("PUT", f"/v2/posts/{root['id']}/like", by=author)
    await edge.call("PUT", f"/v2/posts/{root['id']}/repost", by=author)
    await edge.follow(author, reader.user_id)
    await edge.call("PUT", f"/v2/posts/{start['id']}/bookmark", by=reader)
    await edge.call("PUT", "/v2/hashtags/roost/follow", by=reader)
    for restriction in ("block", "mute"):
        other = await edge.register(a_handle("other"), PASSWORD)
        await edge.call("PUT", f"/v2/users/{other.user_id}/{restriction}", by=reader)
    return World(author, reader, root["id"])


async def write_many(edge: Edge, author: Account, count: int, *, reply_to: str = "") -> None:
    """Posts, or replies, of different heights, numbered from 1."""
    numbers = iter(range(1, count + 1))
    fields = {"reply_to_post_id": reply_to} if reply_to else {}

    async def write() -> None:
        for number in numbers:
            lines = [f"Number {number}", *["a line of the post"] * (number * 7 % LINES)]
            await edge.post(author, "\n".join(lines), **fields)

    await asyncio.gather(*(write() for _ in range(AT_ONCE)))
