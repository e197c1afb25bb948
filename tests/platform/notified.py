"""What one person is notified of, by each way that says it."""

from __future__ import annotations

from typing import Any, NamedTuple

from local.edge import Account
from tests.platform.platform import Platform

_LINES = """
query Notified($after: String) {
  unreadNotificationsCount
  notifications(first: 40, after: $after) {
    nodes { count read people { handle } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class Line(NamedTuple):
    """A notification: how many did something, and who of them is named."""

    count: int
    handles: tuple[str, ...]


class Notified(NamedTuple):
    """The unread notifications, newest first, and how many there are said to be."""

    lines: list[Line]
    count: int


async def in_rest(platform: Platform, who: Account, version: int) -> Notified:
    """As the list and the count of REST have it."""
    lines: list[Line] = []
    cursor = ""
    while True:
        page = await platform.edge.call(
            "GET", f"/v{version}/notifications", by=who, query={"limit": "40"} | _cursor(cursor)
        )
        lines += [_line(each) for each in page["items"] if not each["read"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    answer = await platform.edge.call("GET", f"/v{version}/notifications/unread-count", by=who)
    return Notified(lines, answer["count"])


async def in_graphql(platform: Platform, who: Account) -> Notified:
    """As GraphQL has them."""
    lines: list[Line] = []
    after: str | None = None
    while True:
        body = {"query": _LINES, "variables": {"after": after}}
        answer = await platform.edge.call("POST", "/graphql", by=who, body=body)
        assert "errors" not in answer, answer
        page = answer["data"]["notifications"]
        lines += [_line(each) for each in page["nodes"] if not each["read"]]
        if not page["pageInfo"]["hasNextPage"]:
            return Notified(lines, answer["data"]["unreadNotificationsCount"])
        after = page["pageInfo"]["endCursor"]


async def in_digest(platform: Platform, who: Account) -> Notified:
    """As a digest that goes out now would have them."""
    groups = await platform.unread.newest_unread(int(who.user_id), limit=100)
    return Notified([Line(each.count, ()) for each in groups], len(groups))


async def in_pushes(platform: Platform, who: Account, group_ids: list[int]) -> list[int]:
    """Which of the groups would be pushed now, newest first."""
    found = await platform.unread.unread({(int(who.user_id), each) for each in group_ids})
    return sorted((group_id for _, group_id in found), reverse=True)


async def unread_ids(platform: Platform, who: Account) -> list[int]:
    """The ids of the unread notifications that the list shows, newest first."""
    page = await platform.edge.call("GET", "/v1/notifications", by=who, query={"limit": "40"})
    return [int(each["id"]) for each in page["items"] if not each["read"]]


def _cursor(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _line(item: Any) -> Line:
    return Line(item["count"], tuple(each["handle"] for each in item["people"]))
