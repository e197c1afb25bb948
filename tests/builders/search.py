"""Rows of the Search service."""

from __future__ import annotations

from collections.abc import Sequence

from services.search.domain.users.model import IndexedUser, UserQuery


def an_indexed_user(
    user_id: int,
    handle: str,
    name: Sequence[str] = (),
    *,
    bio: Sequence[str] = (),
    followers: int = 0,
    version: int = 1,
) -> IndexedUser:
    """A profile, of words that are folded already."""
    return IndexedUser(
        user_id=user_id,
        version=version,
        handle=handle,
        name_words=tuple(dict.fromkeys(name)),
        whole_name=" ".join(name),
        bio_words=tuple(dict.fromkeys(bio)),
        followers_count=followers,
    )


def a_user_query(text: str, *, with_bio: bool = True) -> UserQuery:
    """A query of words that are folded already."""
    words = text.split()
    return UserQuery(
        words=tuple(dict.fromkeys(words)),
        handle=text if len(words) == 1 and text.isascii() else "",
        whole=text,
        with_bio=with_bio,
    )
