"""Decides which notifications a user sees: one rule for lists, counts, digests and pushes.

A group is shown while the user may see its post and at least one unmuted user of its sample. The
Post service decides at the time of reading. So the result is current even if events of a protected
account, a block, a mute, an edit or a deletion have not arrived yet.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.chassis.runtime.ids import MAX_ID
from services.notification.domain.model import MAX_UNREAD, Group, Kind
from services.notification.domain.ports import Visibility, Visible
from services.notification.domain.store import NotificationStore

# Groups of one call: with five users each, half the limit of the Post service.
_AT_ONCE = 100
# Limits the cost of one read for a user with very many hidden groups.
_MAX_ROUNDS = 10


class Page(NamedTuple):
    """Shown groups, newest first."""

    groups: Sequence[Group]
    # The first group of the next page; None at the end of the list, or if it is unknown.
    following: Group | None
    # The next page has ids below this one; 0 at the end of the list.
    next_before: int


class VisibleNotifications:
    """Reads groups as their recipients may see them."""

    def __init__(self, *, store: NotificationStore, visibility: Visibility) -> None:
        self._store = store
        self._visibility = visibility

    async def page(self, user_id: int, *, kinds: Collection[Kind], before: int, limit: int) -> Page:
        """The user's newest `limit` groups below an id; fewer only at the end of the list, or if
        _MAX_ROUNDS times _AT_ONCE groups are hidden."""
        found: list[Group] = []
        size = limit + 1
        for _ in range(_MAX_ROUNDS):
            groups = await self._store.groups(user_id, kinds=kinds, before=before, limit=size)
            found += await self.shown(user_id, groups)
            if len(found) > limit:
                return Page(found[:limit], found[limit], found[limit - 1].id)
            if len(groups) < size:
                return Page(found, None, 0)
            before, size = groups[-1].id, _AT_ONCE
        return Page(found, None, before)

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Group]:
        """The user's newest groups above the read marker, newest first. Groups after the first
        _MAX_ROUNDS times _AT_ONCE unread ones are not read."""
        marker = await self._store.marker(user_id)
        read = marker.last_read_id if marker else 0
        found: list[Group] = []
        before = MAX_ID
        for _ in range(_MAX_ROUNDS):
            groups = await self._store.groups(user_id, kinds=(), before=before, limit=_AT_ONCE)
            unread = [group for group in groups if group.id > read]
            found += await self.shown(user_id, unread)
            if len(found) >= limit or len(unread) < _AT_ONCE:
                break
            before = unread[-1].id
        return found[:limit]

    async def count_unread(self, user_id: int) -> int:
        """The number of these groups; at most MAX_UNREAD."""
        return len(await self.newest_unread(user_id, limit=MAX_UNREAD))

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        """Of these pairs of user and group those that are shown and above the read marker."""
        stored = await self._store.unread(wanted)
        by_user: dict[int, list[Group]] = {}
        for (user_id, _), group in stored.items():
            by_user.setdefault(user_id, []).append(group)
        shown = await asyncio.gather(
            *(self.shown(user_id, groups) for user_id, groups in by_user.items())
        )
        return {
            (user_id, group.id): group
            for user_id, groups in zip(by_user, shown, strict=True)
            for group in groups
        }

    async def shown(self, user_id: int, groups: Sequence[Group]) -> list[Group]:
        """The groups as the user may see them, in their order; hidden ones are absent."""
        found: list[Group] = []
        for start in range(0, len(groups), _AT_ONCE):
            part = groups[start : start + _AT_ONCE]
            visible = await self._visibility.visible(
                user_id,
                post_ids={group.post_id for group in part} - {0},
                user_ids={actor_id for group in part for actor_id in group.actor_ids},
            )
            found += [each for group in part if (each := as_visible(group, visible)) is not None]
        return found


def as_visible(group: Group, visible: Visible) -> Group | None:
    """The group without hidden users; None if it is hidden. If the sample contains all actors, the
    count excludes hidden users too."""
    if group.post_id and group.post_id not in visible.post_ids:
        return None
    actor_ids = tuple(
        each
        for each in group.actor_ids
        if each in visible.user_ids and each not in visible.muted_user_ids
    )
    if not actor_ids:
        return None
    if actor_ids == group.actor_ids:
        return group
    everybody = group.count <= len(group.actor_ids)
    return replace(group, actor_ids=actor_ids, count=len(actor_ids) if everybody else group.count)
