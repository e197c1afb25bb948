"""The one grammar of mentions, hashtags and links. docs/text.md shows it by examples."""

from typing import NamedTuple

import regex

from services.chassis.text import hashtags
from services.chassis.text.hosts import EMOJI, is_host
from services.chassis.text.scripts import GLUE, SPACELESS

MAX_ENTITIES = 100
# One lookup of the User service takes 100 handles; nobody addresses 50 people in earnest.
MAX_HANDLES = 50

_MAX_PORT = 65_535

# The last label of a host is of one kind of script, so that a word of another script after a host
# is not taken for a part of it: `https://example.comを見て`.
_TOP_SCRIPTS = (
    r"[\p{Script=Latin}\p{Nd}]",
    rf"[[\p{{L}}\p{{Nd}}]&&[{SPACELESS}]]",
    rf"[[\p{{L}}\p{{Nd}}]--[\p{{Script=Latin}}{SPACELESS}]]",
)
_TOP = "|".join(rf"{sign}(?:{sign}|\p{{M}}|-++(?={sign}))*+" for sign in _TOP_SCRIPTS)
_LABEL = rf"[\p{{L}}\p{{M}}\p{{Nd}}_\-\u200c\u200d\ufe0f{EMOJI}]"
_PATH_SIGN = r"[\p{L}\p{M}\p{Nd}\-._~:/?\#\[\]@!$&'()*+,;=%]"
# An address with a user name in front of the host is matched as a whole, and is no link: it may
# pretend to lead elsewhere. What is no link is passed over, so that nothing is found inside it.
_ADDRESS = rf"""
    [Hh][Tt][Tt][Pp][Ss]?://
    (?P<host>(?:{_LABEL}++\.(?={_TOP}|{_LABEL}++\.))*+(?:(?P<top>{_TOP})\.?+)?+)
    (?:
        (?P<user>(?::[^\s/?\#@]{{0,100}}+)?@{_PATH_SIGN}*+)
        | (?::(?P<port>[0-9]++)(?!{GLUE}))?+ (?P<tail>[/?\#]{_PATH_SIGN}*+)?+
    )
"""
# One pass from left to right. Every repetition is possessive or bounded and none is nested in
# another that could share its characters, so the time is linear in the text.
_ENTITY = regex.compile(
    rf"""
    (?<![{GLUE}@＠/]){_ADDRESS}
    | (?<![{GLUE}@＠])[@＠](?P<handle>[A-Za-z0-9_]{{1,15}}+)(?![{GLUE}@＠])
    | (?<![{GLUE}\#＃&/])[\#＃](?P<tag>{hashtags.TAG})
    """,
    regex.VERBOSE | regex.VERSION1,
)
_TAG_ALONE = regex.compile(hashtags.TAG, regex.VERBOSE | regex.VERSION1)
# The scheme of an address that touches the tag before it, as one may touch any word of a script
# without spaces: `#日本https://example.com`.
_SCHEME_BEHIND = regex.compile(rf"(?<=[^{GLUE}])[Hh][Tt][Tt][Pp][Ss]?\Z", regex.VERSION1)
_ADDRESS_ALONE = regex.compile(_ADDRESS, regex.VERBOSE | regex.VERSION1)

_SENTENCE_END = frozenset(".,:;!?'*_~")
_CLOSING = {")": "(", "]": "["}


class FoundHandle(NamedTuple):
    """What looks like a mention, before it is known whether that person exists."""

    start: int
    end: int
    handle: str


class FoundTag(NamedTuple):
    """A hashtag; `tag` is its folded form, without the number sign."""

    start: int
    end: int
    tag: str


class FoundLink(NamedTuple):
    """A web address, as written."""

    start: int
    end: int
    url: str


Found = FoundHandle | FoundTag | FoundLink


def find(text: str) -> list[Found]:
    """The entities of a cleaned text by ascending start, which do not overlap.

    `text[start:end]` is the entity as written. At most MAX_ENTITIES, and among them at most
    MAX_HANDLES different handles; what comes after stays plain text.
    """
    found: list[Found] = []
    handles: set[str] = set()
    place = 0
    while len(found) < MAX_ENTITIES and (match := _ENTITY.search(text, place)):
        start, place = match.span()
        if match["tag"] is not None:
            tag = _before_address(match["tag"], text, place)
            place = start + 1 + len(tag)
            if hashtags.is_tag(tag):
                found.append(FoundTag(start, place, hashtags.fold(tag)))
        elif match["handle"] is not None:
            handle = match["handle"]
            if handle.lower() in handles or len(handles) < MAX_HANDLES:
                handles.add(handle.lower())
                found.append(FoundHandle(start, place, handle))
        elif _is_address(match):
            url = _without_sentence_end(match[0])
            place = start + len(url)
            found.append(FoundLink(start, place, url))
    return found


def is_web_address(text: str) -> bool:
    """Whether the whole text is one address that would be a link in a post."""
    match = _ADDRESS_ALONE.fullmatch(text)
    return match is not None and _is_address(match)


def _before_address(tag: str, text: str, end: int) -> str:
    """The tag, which ends at `end` of the text, without the scheme of an address at its end."""
    if not text.startswith("://", end) or (scheme := _SCHEME_BEHIND.search(tag)) is None:
        return tag
    shorter = _TAG_ALONE.match(tag[: scheme.start()])
    return shorter[0] if shorter else ""


def _is_address(match: "regex.Match[str]") -> bool:
    port = match["port"]
    return (
        match["user"] is None
        and match["top"] is not None
        and (port is None or (len(port) <= 5 and 0 < int(port) <= _MAX_PORT))
        and is_host(match["host"])
    )


def _without_sentence_end(raw: str) -> str:
    """The address without the signs at its end that belong to the sentence around it."""
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
