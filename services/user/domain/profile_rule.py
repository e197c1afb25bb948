"""What a profile's fields and the names of devices may hold, and how they are kept."""

from collections.abc import Callable, Mapping

from services.chassis.runtime.errors import Invalid, Violation
from services.chassis.text.entities import is_web_address
from services.chassis.text.kinds import (
    BIO,
    DEVICE_NAME,
    DISPLAY_NAME,
    LOCATION,
    WEBSITE,
    TextKind,
)
from services.chassis.text.rules import Rule, TextRefused, clean

_MAX_ID = (1 << 63) - 1

Value = str | int | bool


class _Refused(Exception):
    def __init__(self, rule: str, description: str) -> None:
        super().__init__(description)
        self.rule = rule
        self.description = description


def cleaned(changes: Mapping[str, Value]) -> dict[str, Value]:
    """The values as they are kept; texts by the rules of docs/text.md.

    Raises Invalid (VALIDATION_FAILED) that names each wrong field as `user.FIELD`, with its rule.
    """
    kept: dict[str, Value] = {}
    violations: list[Violation] = []
    for field, value in changes.items():
        try:
            kept[field] = _RULES[field](value)
        except (_Refused, TextRefused) as refused:
            violations.append(Violation(f"user.{field}", refused.rule, refused.description))
    if violations:
        raise Invalid(violations=violations)
    return kept


def display_name(value: str, *, field: str) -> str:
    """One display name as it is kept. Raises Invalid that names `field`."""
    return _single(value, DISPLAY_NAME, field)


def device_name(value: str, *, field: str) -> str:
    """The name of a device as it is kept. Raises Invalid that names `field`."""
    return _single(value, DEVICE_NAME, field)


def _single(value: str, kind: TextKind, field: str) -> str:
    try:
        return clean(value, kind)
    except TextRefused as refused:
        raise Invalid(violations=[Violation(field, refused.rule, refused.description)]) from refused


def _text(kind: TextKind) -> Callable[[Value], str]:
    return lambda value: clean(str(value), kind)


def _website(value: Value) -> str:
    text = clean(str(value), WEBSITE)
    if text and not is_web_address(text):
        raise _Refused(
            Rule.WEB_ADDRESS,
            "must be an address that begins with http:// or https:// and a host such as "
            "roost.example",
        )
    return text


def _medium(value: Value) -> int:
    if not 0 <= int(value) <= _MAX_ID:
        raise _Refused("int64.gte", "must not be negative")
    return int(value)


_RULES: Mapping[str, Callable[[Value], Value]] = {
    "display_name": _text(DISPLAY_NAME),
    "bio": _text(BIO),
    "location": _text(LOCATION),
    "website": _website,
    "avatar_media_id": _medium,
    "protected": bool,
}
UPDATABLE = frozenset(_RULES)
