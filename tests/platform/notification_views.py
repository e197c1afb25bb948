"""The notifications of one user, read through REST, GraphQL, the digest and pushes."""

from __future__ import annotations

from typing import Any, NamedTuple

from local.edge import Account
from tests.platform.platform import Platform

_QUERY = """
query Notified($after: String) {
  unreadNotificationsCount
  notifications(first: 40, after: $after) {
    nodes { count read people { handle } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class GroupView(NamedTuple):
    """A notification: the number of actors, and the handles of those who are shown."""

    count: int
    handles: tuple[str, ...]


class UnreadView(NamedTuple):
    """The unread notifications, newest first, and the unread count."""

    groups: list[GroupView]
    count: int


async def in_rest(platform: Platform, user: Account, version: int) -> UnreadView:
    """From the list and the count of REST."""
    groups: list[GroupView] = []
    cursor = ""
    while True:
        page = await platform.edge.call(
            "GET", f"/v{version}/notifications", by=user, query={"limit": "40"} | _cursor(cursor)
        )
        groups += [_group_view(each) for each in page["items"] if not each["read"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    answer = await platform.edge.call("GET", f"/v{version}/notifications/unread-count", by=user)
    return UnreadView(groups, answer["count"])


async def in_graphql(platform: Platform, user: Account) -> UnreadView:
    """From GraphQL."""
    groups: list[GroupView] = []
    after: str | None = None
    while True:
        body = {"query": _QUERY, "variables": {"after": after}}
        answer = await platform.edge.call("POST", "/graphql", by=user, body=body)
        assert "errors" not in answer, answer
        page = answer["data"]["notifications"]
        groups += [_group_view(each) for each in page["nodes"] if not each["read"]]
        if not page["pageInfo"]["hasNextPage"]:
            return UnreadView(groups, answer["data"]["unreadNotificationsCount"])
        after = page["pageInfo"]["endCursor"]


async def in_digest(platform: Platform, user: Account) -> UnreadView:
    """From a digest that is sent now."""
    groups = await platform.unread.newest_unread(int(user.user_id), limit=100)
    return UnreadView([GroupView(each.count, ()) for each in groups], len(groups))


async def in_pushes(platform: Platform, user: Account, group_ids: list[int]) -> list[int]:
    """The ids of those groups that are pushed now, newest first."""
    found = await platform.unread.unread({(int(user.user_id), each) for each in group_ids})
    return sorted((group_id for _, group_id in found), reverse=True)


async def unread_ids(platform: Platform, user: Account) -> list[int]:
    """The ids of the unread notifications that the list shows, newest first."""
    page = await platform.edge.call("GET", "/v1/notifications", by=user, query={"limit": "40"})
    return [int(each["id"]) for each in page["items"] if not each["read"]]


def _cursor(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _group_view(item: Any) -> GroupView:
    return GroupView(item["count"], tuple(each["handle"] for each in item["people"]))
