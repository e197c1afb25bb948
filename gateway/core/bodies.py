"""Reads JSON bodies strictly: one value, no name twice, no unknown field, every type exact."""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from gateway.core.errors import (
    BodyTooLarge,
    ContentTypeNotSupported,
    FieldInvalid,
    MalformedBody,
)
from gateway.core.field_rules import detail_of
from services.chassis.runtime.errors import DeadlineExceeded

B = TypeVar("B", bound=msgspec.Struct)
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# The edge says the same. Media goes to the object store, not through here.
MAX_BODY_BYTES = 1024 * 1024


class ClientGone(DeadlineExceeded):
    """The client went away before its answer; nobody is left to read one."""


_JSON = re.compile(
    rb'application/(?:merge-patch\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?', re.IGNORECASE
)
# What msgspec says, taken apart: `Expected `str`, got `int` - at `$.ids[0]``.
_AT = re.compile(r" - at `\$\.?(.*)`$")
_FIELD = re.compile(r"^Object (contains unknown|missing required) field `(.*?)`")


class BodyReader(Generic[B]):
    """Reads bodies of one type."""

    def __init__(self, kind: type[B]) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, body: bytes) -> B:
        """The value in the body. Raises MalformedBody, or FieldInvalid naming the first field that
        is wrong."""
        _check_form(body)
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise_field_invalid(str(error), self._kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Python's parser took it: what is left are lone surrogates.
            raise MalformedBody("The body holds text that is not Unicode.") from None


def check_content_type(content_type: bytes | None) -> None:
    """Raises ContentTypeNotSupported for anything but JSON in UTF-8."""
    if content_type is None or _JSON.fullmatch(content_type.strip()) is None:
        raise ContentTypeNotSupported


async def receive_body(
    receive: Receive, content_length: bytes | None, *, most: int = MAX_BODY_BYTES
) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as that is known."""
    if content_length is not None and (
        not content_length.isdigit() or int(content_length[:12]) > most
    ):
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        parts.append(part)
        size += len(part)
        if size > most:
            raise BodyTooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _check_form(body: bytes) -> None:
    """What msgspec lets pass: a name that stands twice, and nesting without end."""
    if not body.strip():
        raise MalformedBody("The body is empty; send a JSON object.")
    try:
        json.loads(
            body.decode(), object_pairs_hook=_once, parse_constant=_no_number, parse_int=_number
        )
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise MalformedBody("The body is nested too deeply.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"The body names {json.dumps(twice)} twice.")
    return found


def _no_number(constant: str) -> NoReturn:
    raise MalformedBody(f"The body is not valid JSON: {constant} is no number.")


def _number(digits: str) -> float:
    # Only the form is checked here, and Python's own integers take long for many digits.
    return float(len(digits))


def raise_field_invalid(message: str, kind: Any) -> NoReturn:
    """Raises FieldInvalid in place of what msgspec says of a value that should be of the type."""
    named = _FIELD.match(message)
    at = _AT.search(message)
    inside = at.group(1) if at else ""
    said = _AT.sub("", message)
    if named is None:
        rule = "length" if " of length " in said else "type"
        raise FieldInvalid(inside, rule, detail_of(said, kind, inside)) from None
    kind, name = named.groups()
    field = f"{inside}.{name}" if inside else name
    if kind == "contains unknown":
        raise FieldInvalid(field, "known", "there is no such field") from None
    raise FieldInvalid(field, "required", "is required") from None
