"""Decides whether and how a user matches a query. Both stores search by these rules."""

from services.search.domain.posts.model import Viewer
from services.search.domain.users.model import (
    FoundUser,
    IndexedUser,
    Position,
    Quality,
    UserField,
    UserQuery,
    rank_of,
)


def driver(query: UserQuery) -> str:
    """The word that an index of names is read by: the longest, as the rarest."""
    return max(query.words, key=len)


def match(query: UserQuery, user: IndexedUser, viewer: Viewer) -> FoundUser | None:
    """The user's place among the results; None if the user does not match."""
    names = (user.handle, *user.name_words)
    unnamed = [each for each in query.words if not _begins(each, names)]
    if query.handle and user.handle == query.handle:
        quality, field, word = Quality.HANDLE, UserField.HANDLE, user.handle
    elif query.whole and user.whole_name == query.whole:
        quality, field, word = Quality.WHOLE_NAME, UserField.DISPLAY_NAME, user.whole_name
    elif not unnamed:
        prefix = driver(query)
        quality, word = Quality.NAME, min(each for each in names if each.startswith(prefix))
        field = UserField.HANDLE if _is_of_handle(query, user) else UserField.DISPLAY_NAME
    elif query.with_bio and set(unnamed) <= set(user.bio_words):
        quality, field = Quality.BIO, UserField.BIO
        word = min(set(query.words).intersection(user.bio_words))
    else:
        return None
    distance = int(user.user_id not in viewer.following)
    position = Position(quality, distance, rank_of(user.followers_count), word, user.user_id)
    return FoundUser(position, field)


def _begins(word: str, names: tuple[str, ...]) -> bool:
    return any(each.startswith(word) for each in names)


def _is_of_handle(query: UserQuery, user: IndexedUser) -> bool:
    return bool(query.handle) and user.handle.startswith(query.handle)
