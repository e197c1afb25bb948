"""Suggestions while somebody types: users and hashtags in one list."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TypeAlias

from services.search.domain.hashtags.model import HashtagUse
from services.search.domain.hashtags.prefix import prefix_of
from services.search.domain.hashtags.store import HashtagStore
from services.search.domain.searches.users import UserSearch
from services.search.domain.users.model import FoundUser, Quality

DEFAULT_SIZE = 8

Suggestion: TypeAlias = FoundUser | HashtagUse

_USER_SIGNS = "@＠"
_TAG_SIGNS = "#＃"


class Suggestions:
    """Completes what somebody types."""

    def __init__(self, *, users: UserSearch, hashtags: HashtagStore) -> None:
        self._users = users
        self._hashtags = hashtags

    async def suggest(self, text: str, viewer_id: int | None, *, limit: int) -> list[Suggestion]:
        """Users after an @, hashtags after a #, else both, in the order of `merged`."""
        users: Sequence[FoundUser] = ()
        hashtags: Sequence[HashtagUse] = ()
        if text[:1] not in _TAG_SIGNS:
            users = await self._users.suggest(text, viewer_id, limit=limit)
        if text[:1] not in _USER_SIGNS:
            prefix = prefix_of(text)
            if prefix is not None:
                hashtags = await self._hashtags.find_hashtags(prefix, after=None, limit=limit)
        return merged(users, hashtags)[:limit]


def merged(users: Sequence[FoundUser], hashtags: Sequence[HashtagUse]) -> list[Suggestion]:
    """First the user with exactly this handle and the users whom the viewer follows; then hashtags
    and the other users in turns, hashtags first. Each kind keeps its order."""
    near = [each for each in users if _is_near(each)]
    others = [each for each in users if not _is_near(each)]
    return [*near, *_in_turns(hashtags, others)]


def _is_near(user: FoundUser) -> bool:
    return user.position.quality == Quality.HANDLE or user.position.distance == 0


def _in_turns(hashtags: Sequence[HashtagUse], users: Sequence[FoundUser]) -> Iterator[Suggestion]:
    for pair in zip_longest(hashtags, users):
        yield from (each for each in pair if each is not None)
