"""`roost demo --graphql`: makes the main calls in GraphQL and prints each."""

from __future__ import annotations

import secrets
import time
from typing import Any

from rich.console import Console
from rich.markup import escape

from local.edge import Account, Edge, Json
from local.graphql import execute, subscribed

_SECONDS = 10.0  # far beyond the promised second

JOIN = """
mutation Join($handle: String!, $password: String!) {
  register(handle: $handle, password: $password, deviceName: "demo") {
    result { user { id handle } tokens { accessToken refreshToken } }
    error { reason status detail }
  }
}
"""
FOLLOW = """
mutation Follow($id: ID!) {
  follow(userId: $id) { result { following } error { reason status detail } }
}
"""
WRITE = """
mutation Write($text: String!, $key: String) {
  createPost(text: $text, idempotencyKey: $key) {
    result { id text }
    error { reason status detail }
  }
}
"""
LIKE = """
mutation Like($id: ID!) {
  like(postId: $id) { result { counts { likes } } error { reason status detail } }
}
"""
ARRIVALS = "subscription { homeArrivals { post { id text author { handle } } } }"
HOME = """
{
  homeTimeline(first: 3) {
    nodes { post { text author { handle } counts { likes reposts replies } viewer { liked } } }
    pageInfo { hasNextPage }
  }
  unreadNotificationsCount
}
"""


class GraphQLDemo:
    """Runs the operations of two users."""

    def __init__(self, edge: Edge, console: Console) -> None:
        self._edge = edge
        self._console = console

    async def run(self) -> None:
        """Sign up, follow, subscribe, write, like and read; raise Refused if a step fails."""
        suffix = secrets.token_hex(3)
        self._say("Two people join")
        alice, alice_id = await self._join(f"alice_{suffix}")
        bob, _ = await self._join(f"bob_{suffix}")

        self._say("Bob follows Alice, and subscribes to what comes to his home")
        await self._ask("Follow", FOLLOW, bob, id=alice_id)
        async with subscribed(self._edge, bob, ARRIVALS) as arrivals:
            self._say("Alice posts; sending it again with the same key writes nothing new")
            text, key = f"Good morning @{bob.handle}", secrets.token_hex(8)
            began = time.monotonic()
            wrote = await self._ask("Write", WRITE, alice, text=text, key=key)
            again = await self._ask("Write", WRITE, alice, text=text, key=key)
            post_id = wrote["createPost"]["result"]["id"]
            same = again["createPost"]["result"]["id"] == post_id
            self._show(f"the same post: {'yes' if same else 'no'}")

            arrival = await arrivals.next(seconds=_SECONDS)
            took = 1000 * (time.monotonic() - began)
            post = arrival["homeArrivals"]["post"]
            self._show(f"@{post['author']['handle']} {post['text']}  ({took:.0f} ms after)")

        self._say("Bob likes it, and reads his home: only the fields that he selects")
        await self._ask("Like", LIKE, bob, id=post_id)
        home = await self._ask("Home", HOME, bob)
        for each in home["homeTimeline"]["nodes"]:
            self._show(str(each["post"]))

    async def _join(self, handle: str) -> tuple[Account, str]:
        given = {"handle": handle, "password": secrets.token_urlsafe(12)}
        found = (await self._ask("Join", JOIN, None, **given))["register"]["result"]
        user, tokens = found["user"], found["tokens"]
        account = Account("", user["handle"], tokens["accessToken"], tokens["refreshToken"])
        return account, user["id"]

    async def _ask(self, name: str, document: str, by: Account | None, **given: Any) -> Json:
        began = time.monotonic()
        data = await execute(self._edge, document, by=by, **given)
        took = 1000 * (time.monotonic() - began)
        who = f"as {by.handle}" if by else ""
        self._console.print(f"   {name:<8} [green]ok[/] [dim]{took:6.1f} ms {who}[/]")
        return data

    def _say(self, what: str) -> None:
        self._console.print(f"\n[bold]{what}[/]")

    def _show(self, what: str) -> None:
        self._console.print(f"   [cyan]{escape(what)}[/]", soft_wrap=True)
