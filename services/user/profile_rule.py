"""What a profile's fields may hold, and the form in which they are kept."""

import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from services.chassis.errors import Invalid, Violation

MAX_DISPLAY_NAME = 50
MAX_BIO = 160
MAX_LOCATION = 30
MAX_WEBSITE = 100
_MAX_ID = (1 << 63) - 1

# Turn the direction of the text around them, and so the name of one person into another's.
_DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# Cc control, Cs surrogate, Zl and Zp line and paragraph separators, Cn not (yet) a character.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp", "Cn"})

Value = str | int | bool


class _Refused(Exception):
    def __init__(self, rule: str, description: str) -> None:
        super().__init__(description)
        self.rule = rule
        self.description = description


def cleaned(changes: Mapping[str, Value]) -> dict[str, Value]:
    """The values as they are kept: text in NFC, without white space around it.

    Lengths count code points. Raises Invalid (VALIDATION_FAILED) that names each wrong field as
    `user.FIELD`, with its rule.
    """
    kept: dict[str, Value] = {}
    violations: list[Violation] = []
    for field, value in changes.items():
        try:
            kept[field] = _RULES[field](value)
        except _Refused as refused:
            violations.append(Violation(f"user.{field}", refused.rule, refused.description))
    if violations:
        raise Invalid(violations=violations)
    return kept


def display_name(value: str, *, field: str) -> str:
    """One display name as it is kept. Raises Invalid that names `field`."""
    try:
        return _line(MAX_DISPLAY_NAME)(value)
    except _Refused as refused:
        raise Invalid(violations=[Violation(field, refused.rule, refused.description)]) from refused


def _line(limit: int) -> Callable[[Value], str]:
    return lambda value: _text(str(value), limit, lines=False)


def _paragraph(limit: int) -> Callable[[Value], str]:
    return lambda value: _text(str(value).replace("\r\n", "\n"), limit, lines=True)


def _text(value: str, limit: int, *, lines: bool) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > limit:
        raise _Refused("string.max_len", f"must be at most {limit} characters")
    for sign in text:
        if sign == "\n" and lines:
            continue
        if unicodedata.category(sign) in _REFUSED:
            raise _Refused("string.no_control", f"must not contain U+{ord(sign):04X}")
        if sign in _DIRECTION_MARKS and not lines:
            raise _Refused("string.no_direction", f"must not contain U+{ord(sign):04X}")
    return text


def _website(value: Value) -> str:
    text = _text(str(value), MAX_WEBSITE, lines=False)
    if text and not _is_web_address(text):
        raise _Refused("string.web_address", "must be an address that begins with http or https")
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Reading the port is what checks it.
        port_given = parts.port is not None
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        parts.scheme in {"http", "https"}
        # A user name before the host is how one address is made to look like another.
        and "@" not in parts.netloc
        and bool(host)
        and not (port_given and parts.port == 0)
        and not any(sign.isspace() or sign in "\\<>\"'`" for sign in text)
    )


def _medium(value: Value) -> int:
    if not 0 <= int(value) <= _MAX_ID:
        raise _Refused("int64.gte", "must not be negative")
    return int(value)


_RULES: Mapping[str, Callable[[Value], Value]] = {
    "display_name": _line(MAX_DISPLAY_NAME),
    "bio": _paragraph(MAX_BIO),
    "location": _line(MAX_LOCATION),
    "website": _website,
    "avatar_media_id": _medium,
    "protected": bool,
}
UPDATABLE = frozenset(_RULES)
