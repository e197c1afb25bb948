"""Checks requests against the rules that their contract declares (protovalidate)."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message
from protovalidate import Validator

from services.chassis.runtime.errors import Invalid, Violation

# One request with a thousand bad ids must not cause a huge response.
MAX_VIOLATIONS = 20

# The patterns of the contracts, in words.
PATTERNS: Mapping[str, str] = {
    "^[A-Za-z0-9_.-]*$": "must be letters, digits, _ . and -",
    "^[A-Za-z0-9_-]*$": "must be letters, digits, _ and -",
    "^[A-Za-z0-9_-]{87}$": "must be 87 characters of base64url, without padding",
    "^[A-Za-z0-9_-]{22}$": "must be 22 characters of base64url, without padding",
    "^[0-9]{6}$": "must be six digits",
}

_validator = Validator()


def prepare(kind: type[Message]) -> None:
    """Compiles the rules of a kind of request, so that the first call does not pay for it."""
    _validator.collect_violations(kind())


def parse(kind: type[Message], raw: bytes) -> Message:
    """The request in these bytes, if it keeps its rules.

    Raises Invalid (VALIDATION_FAILED) with each broken rule: a field path and a rule id.
    """
    try:
        request = kind.FromString(raw)
    except DecodeError:
        raise Invalid("The request cannot be read.") from None
    violations = _validator.collect_violations(request)
    if violations:
        raise Invalid(violations=[_violation(each.proto) for each in violations[:MAX_VIOLATIONS]])
    return request


def _violation(found: Any) -> Violation:
    return Violation(_path(found.field), found.rule_id, _detail(found))


def _detail(found: Any) -> str:
    """The rule in words. What protovalidate says of a pattern is the pattern."""
    message = str(found.message)
    if found.rule_id != "string.pattern":
        return message
    return PATTERNS.get(message.partition("`")[2].removesuffix("`"), "must have another form")


def _path(field: Any) -> str:
    """`user_ids[3]`, `post.text`, `labels["a"]`: the path as protovalidate writes it."""
    path = ""
    for element in () if field is None else field.elements:
        path += ("." if path else "") + element.field_name
        if element.subscript is not None:
            key = element.subscript.value
            path += f'["{key}"]' if isinstance(key, str) else f"[{key}]"
    return path
