"""The leaves of a query: words, hashtags, and operators with their values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import regex

from services.chassis.runtime.ids import MAX_ID, first_id_at
from services.chassis.text import hashtags
from services.search.domain.analysis import address_term
from services.search.domain.query.errors import QueryInvalid
from services.search.domain.query.model import (
    AtLeast,
    IdRange,
    Person,
    Property,
    QueryLeaf,
    Relation,
    Source,
    Term,
    Text,
    Within,
)

ME = "me"
MAX_LIKES = 1_000_000_000

_MAX_TOKEN = 50
_HANDLE = regex.compile(r"[A-Za-z0-9_]{1,15}")
_LANGUAGE = regex.compile(r"[A-Za-z]{2,3}")
_NUMBER = regex.compile(r"[0-9]{1,10}")
_TIME = regex.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_HOST = "host:"
_SENTENCE_END = ".,:;!?…。、！？"
_TAG_SIGNS = "#＃"
_PREFIX = regex.compile(r"[\p{L}\p{M}\p{N}_]+\*")

_HAS: Mapping[str, Term | AtLeast] = {
    **{kind: Term(f"has:{kind}") for kind in ("media", "images", "video", "audio", "links", "alt")},
    "quotes": AtLeast("quotes", 1),
    "replies": AtLeast("replies", 1),
}
_IS: Mapping[str, Term] = {kind: Term(f"is:{kind}") for kind in ("reply", "quote")}
_SOURCES: Mapping[str, Source] = {
    "following": "following",
    "bookmarks": "bookmarks",
    "own": "own",
}


class _Value(NamedTuple):
    """The value of an operator, and where the operator and the value stand."""

    text: str
    quoted: bool
    column: int
    value_column: int

    def misfit(self, expected: str) -> QueryInvalid:
        """The error of a value that does not fit."""
        return QueryInvalid(self.value_column, self.text[:_MAX_TOKEN], expected)


def word(text: str, column: int) -> Text:
    """An unquoted word. What another search engine would take for an operator is an error."""
    if text in {"|", "||"}:
        raise QueryInvalid(column, text, "OR, in upper case")
    if _PREFIX.fullmatch(text):
        raise QueryInvalid(
            column + len(text) - 1, "*", "a whole word: beginnings of words are not searched"
        )
    return Text(text, column)


def tag(text: str, column: int) -> Property:
    """A hashtag with its sign. Punctuation that ends a sentence may follow it."""
    found = text[1:].rstrip(_SENTENCE_END)
    if not hashtags.is_tag(found):
        raise QueryInvalid(
            column, text[:_MAX_TOKEN], "a hashtag of letters, digits and underscores after the #"
        )
    return Property(Term(f"#{hashtags.fold(found)}"), column)


def operator(name: str, value: str, *, quoted: bool, column: int, value_column: int) -> QueryLeaf:
    """An operator by its name in any case, without the colon."""
    read = OPERATORS.get(name.lower())
    if read is None:
        raise QueryInvalid(
            column,
            f"{name}:"[:_MAX_TOKEN],
            f"one of {_NAMES}; or quotation marks around an ordinary text",
        )
    return read(_Value(value, quoted, column, value_column))


def _person(relation: Relation) -> Callable[[_Value], Person]:
    def read(value: _Value) -> Person:
        if not value.quoted and value.text.lower() == ME:
            return Person(relation, "", value.value_column)
        handle = value.text.removeprefix("@").removeprefix("＠")
        if not _HANDLE.fullmatch(handle):
            raise value.misfit("a handle, or me")
        return Person(relation, handle.lower(), value.value_column)

    return read


def _choice(
    choices: Mapping[str, Term | AtLeast] | Mapping[str, Term],
) -> Callable[[_Value], Property]:
    def read(value: _Value) -> Property:
        found = choices.get(value.text.lower())
        if found is None:
            raise value.misfit(f"one of {', '.join(choices)}")
        return Property(found, value.column)

    return read


def _within(value: _Value) -> Within:
    source = _SOURCES.get(value.text.lower())
    if source is None:
        raise value.misfit(f"one of {', '.join(_SOURCES)}")
    return Within(source, value.value_column)


def _language(value: _Value) -> Property:
    if not _LANGUAGE.fullmatch(value.text):
        raise value.misfit("a language code of two or three letters, such as en")
    return Property(Term(f"lang:{value.text.lower()}"), value.column)


def _since(value: _Value) -> Property:
    return Property(IdRange(first_id_at(_moment(value)), MAX_ID), value.column)


def _until(value: _Value) -> Property:
    return Property(IdRange(0, first_id_at(_moment(value)) - 1), value.column)


def _moment(value: _Value) -> datetime:
    """A date, which means its first moment, or a date and time; UTC if it has no offset."""
    text = value.text.upper()
    if _TIME.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise value.misfit("a date or time such as 2026-11-30 or 2026-11-30T18:00Z")


def _min_likes(value: _Value) -> Property:
    if not _NUMBER.fullmatch(value.text) or not 1 <= int(value.text) <= MAX_LIKES:
        raise value.misfit(f"a number from 1 to {MAX_LIKES:,}")
    return Property(AtLeast("likes", int(value.text)), value.column)


def _url(value: _Value) -> Property:
    term = address_term(value.text)
    if term is None:
        raise value.misfit("a web address or host, such as example.com/page")
    return Property(Term(term), value.column)


def _domain(value: _Value) -> Property:
    term = address_term(value.text)
    if term is None or not term.startswith(_HOST):
        raise value.misfit("a host, such as example.com")
    return Property(Term(term), value.column)


OPERATORS: Mapping[str, Callable[[_Value], QueryLeaf]] = {
    "from": _person("from"),
    "to": _person("to"),
    "mentions": _person("mentions"),
    "url": _url,
    "domain": _domain,
    "has": _choice(_HAS),
    "is": _choice(_IS),
    "lang": _language,
    "since": _since,
    "until": _until,
    "min_likes": _min_likes,
    "in": _within,
}
_NAMES = ", ".join(f"{name}:" for name in OPERATORS)
