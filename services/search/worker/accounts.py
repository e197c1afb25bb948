"""Reads the accounts of authors that no event reported: those that existed before this service.

An unknown account counts as open. Until a rebuild has read all users, the accounts that decide who
sees a post are read before the post is indexed.
"""

from collections.abc import Collection, Iterable

from services.chassis.runtime.clock import Clock
from services.search.domain.reindexing import ReindexStore
from services.search.domain.sources import SourcePost, UserSource
from services.search.worker.effects import DeletedUser, Effects


class AccountReader:
    """The states of accounts of which the index may have none."""

    def __init__(self, *, reindexes: ReindexStore, users: UserSource, clock: Clock) -> None:
        self._reindexes = reindexes
        self._users = users
        self._clock = clock
        self._all_known = False

    async def unknown(self, posts: Collection[SourcePost]) -> Effects:
        """The states of those accounts that decide who sees these posts; nothing once all users
        were read."""
        if not posts or self._all_known:
            return Effects()
        if await self._reindexes.users_were_read():
            self._all_known = True
            return Effects()
        user_ids = _deciders(posts)
        found = await self._users.find(user_ids)
        now = self._clock.now()
        return Effects(
            users=tuple(found.values()),
            deleted_users=tuple(DeletedUser(each, now) for each in sorted(user_ids - found.keys())),
        )


def _deciders(posts: Iterable[SourcePost]) -> set[int]:
    listed = list(posts)
    authors = {each.facts.author_id for each in listed}
    return authors | {limit.author_id for each in listed for limit in each.facts.limits}
