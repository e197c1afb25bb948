"""What a post's text may be, and what is found in it: mentions, hashtags and links.

The rules, which clients may rely on:

- A text is put into NFC, line ends become `\\n`, and surrounding white space is cut off. Control
  characters other than line feed and tab are refused. It has 1 to 500 extended grapheme clusters
  (UAX 29): what a person counts as characters.
- A **link** is `http://` or `https://`, not preceded by a word character, `@` or `/`, then a host
  of at least two labels, the last of two characters or more and no number, and what may follow of
  port, path, query and fragment. Punctuation that ends it, and a bracket that it did not open,
  belong to the sentence. An address with a user name in it, which may pretend to lead elsewhere,
  is none.
- A **mention** is `@` and 1 to 15 of ASCII letters, digits and underscore, with neither a word
  character nor an `@` before or after it. Whether it is one is settled by who exists.
- A **hashtag** is `#` and 1 to 100 letters, digits, underscores and their combining marks of any
  script, not only digits and underscores, not preceded by a word character, `#`, `&` or `/`. Its
  tag is the case-folded form.
- Inside a link nothing else is found. At most 100 entities, and among them at most 50 different
  handles, are looked at; what comes after stays plain text.
"""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

import regex

from services.post.errors import TextEmpty, TextInvalid, TextTooLong
from services.post.model import Entity, Hashtag, Link, Mention, Person

MAX_CHARACTERS = 500
MAX_ENTITIES = 100
# One lookup of the User service takes 100 handles; nobody addresses 50 people in earnest.
MAX_HANDLES = 50

_CLUSTER = regex.compile(r"\X")
# Lone surrogates cannot be stored; line separators and noncharacters have no business in a text.
_REFUSED = regex.compile(r"[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}--[\n\t]]", regex.VERSION1)
_VISIBLE = regex.compile(r"[^\s\p{Cf}\p{Mn}]")

# One pass from left to right. Every repetition is possessive or bounded and none is nested, so the
# time is linear in the text, whatever is written there.
_ENTITY = regex.compile(
    r"""
    (?<![\w@/])(?P<link>[Hh][Tt][Tt][Pp][Ss]?://[\p{L}\p{M}\p{Nd}\-._~:/?\#\[\]@!$&'()*+,;=%]++)
    | (?<![\w@])@(?P<handle>[A-Za-z0-9_]{1,15}+)(?![\w@])
    | (?<![\w\#&/])\#(?P<tag>[\p{L}\p{Nd}_][\p{L}\p{M}\p{Nd}_]{0,99}+)(?!\w)
    """,
    regex.VERBOSE,
)
_NOT_ONLY_DIGITS = regex.compile(r"[^\p{Nd}_]")
_AUTHORITY_END = regex.compile(r"[/?#]")
_LABEL = regex.compile(r"[\p{L}\p{Nd}](?:[\p{L}\p{M}\p{Nd}\-]{0,61}[\p{L}\p{M}\p{Nd}])?")
_PORT = regex.compile(r"[0-9]{1,5}")

_SENTENCE_END = frozenset(".,:;!?'*_~")
_CLOSING = {")": "(", "]": "["}


class Handle(NamedTuple):
    """What looks like a mention, before it is known whether that person exists."""

    start: int
    end: int
    handle: str


Found = Handle | Hashtag | Link


def cleaned(text: str) -> str:
    """The text as it is kept. Raises TextInvalid, TextEmpty or TextTooLong."""
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if _REFUSED.search(clean):
        raise TextInvalid
    clean = clean.strip()
    if not _VISIBLE.search(clean):
        raise TextEmpty
    # No text has more clusters than code points, so most need not be counted.
    if len(clean) > MAX_CHARACTERS and characters(clean) > MAX_CHARACTERS:
        raise TextTooLong
    return clean


def characters(text: str) -> int:
    """How many characters a person counts: extended grapheme clusters."""
    return len(_CLUSTER.findall(text))


def found_in(text: str) -> list[Found]:
    """The entities of a cleaned text by ascending start; mentions as handles yet to be resolved."""
    found: list[Found] = []
    handles: set[str] = set()
    for match in _ENTITY.finditer(text):
        if len(found) == MAX_ENTITIES:
            break
        start, end = match.span()
        if match["link"] is not None:
            url = _link_in(match["link"])
            if url:
                found.append(Link(start, start + len(url), url))
        elif match["tag"] is not None:
            if _NOT_ONLY_DIGITS.search(match["tag"]):
                found.append(Hashtag(start, end, folded(match["tag"])))
        elif match["handle"].lower() in handles or len(handles) < MAX_HANDLES:
            handles.add(match["handle"].lower())
            found.append(Handle(start, end, match["handle"]))
    return found


def handles_of(found: list[Found]) -> list[str]:
    """The handles among them, in lower case, each once."""
    return list(dict.fromkeys(each.handle.lower() for each in found if isinstance(each, Handle)))


def resolved(found: list[Found], people: Mapping[str, Person]) -> tuple[Entity, ...]:
    """The entities, with mentions of those people (by lower-case handle) and of nobody else."""
    entities: list[Entity] = []
    for each in found:
        if not isinstance(each, Handle):
            entities.append(each)
            continue
        person = people.get(each.handle.lower())
        if person is not None:
            entities.append(Mention(each.start, each.end, person.id, person.handle))
    return tuple(entities)


def folded(tag: str) -> str:
    """The one form of a hashtag that differs in case alone (NFC of the full case folding)."""
    return unicodedata.normalize("NFC", tag.casefold())


def _link_in(raw: str) -> str:
    """The link at the beginning of these characters, or nothing if there is no proper host."""
    url = _without_sentence_end(raw)
    scheme_end = url.find("://") + 3
    authority_end = _AUTHORITY_END.search(url, scheme_end)
    authority = url[scheme_end : authority_end.start() if authority_end else None]
    host, colon, port = authority.partition(":")
    if colon and not _PORT.fullmatch(port):
        return ""
    labels = host.split(".")
    proper = len(host) <= 253 and len(labels) >= 2 and all(map(_LABEL.fullmatch, labels))
    top = labels[-1]
    return url if proper and len(top) >= 2 and not top.isdecimal() else ""


def _without_sentence_end(raw: str) -> str:
    end = len(raw)
    unopened = {
        closing: raw.count(closing) - raw.count(opening) for closing, opening in _CLOSING.items()
    }
    while end:
        last = raw[end - 1]
        if last in unopened and unopened[last] > 0:
            unopened[last] -= 1
        elif last not in _SENTENCE_END:
            break
        end -= 1
    return raw[:end]
