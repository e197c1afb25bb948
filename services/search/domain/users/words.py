"""Folds profiles and the queries for them by the analyzer, so that both have the same words."""

import re

from services.search.domain.analysis import analyze
from services.search.domain.users.model import IndexedUser, UserQuery

# Longer words are cut, in the index and in queries alike. An entry of an index is limited.
MAX_WORD = 64
# A whole name is an entry of an index, too.
MAX_WHOLE_NAME = 500
# More words of a query do not narrow a search for names.
MAX_QUERY_WORDS = 8

_SIGNS = "@＠"
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")


def indexed_user(
    *,
    user_id: int,
    version: int,
    handle: str,
    display_name: str,
    bio: str,
    followers_count: int,
) -> IndexedUser:
    """A profile as the index has it."""
    words = _words(display_name)
    return IndexedUser(
        user_id=user_id,
        version=version,
        handle=handle.lower(),
        name_words=_each_once(words + _other_forms(display_name) + _like_handles(display_name)),
        whole_name=_whole(words),
        bio_words=_each_once(_words(bio) + _other_forms(bio)),
        followers_count=followers_count,
    )


def user_query(text: str, *, for_suggestions: bool = False) -> UserQuery | None:
    """The query of what was typed, with or without an @; None if it has no word.

    Suggestions complete names: they leave out bios, and a complete name has no precedence.
    """
    text = text.strip().lstrip(_SIGNS)
    handle = text.lower() if _HANDLE.fullmatch(text) else ""
    words = [handle] if handle else _words(text)
    if not words:
        return None
    return UserQuery(
        words=_each_once(words)[:MAX_QUERY_WORDS],
        handle=handle,
        whole="" if for_suggestions else _whole(words),
        with_bio=not for_suggestions,
    )


def _whole(words: list[str]) -> str:
    return " ".join(words)[:MAX_WHOLE_NAME]


def _words(text: str) -> list[str]:
    analysis = analyze(text, (), "und", ())
    return [each[:MAX_WORD] for each in analysis.words if each]


def _other_forms(text: str) -> list[str]:
    """Other written forms, such as the parts of O'Neil, without their sign."""
    analysis = analyze(text, (), "und", ())
    forms = [form for mark in analysis.marks for form in mark.forms]
    return [form[1 : MAX_WORD + 1] for form in forms if form.startswith("=")]


def _like_handles(text: str) -> list[str]:
    """Words as they would be as handles: the analyzer may fold or separate them otherwise."""
    return [each.lower() for each in text.split() if _HANDLE.fullmatch(each)]


def _each_once(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
