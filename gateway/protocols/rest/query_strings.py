"""Reads query parameters strictly: none unknown, none twice, every type exact."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Generic, NoReturn, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from gateway.core.errors import ParameterInvalid
from gateway.core.field_rules import detail_of

Q = TypeVar("Q", bound=msgspec.Struct)

_MAX_PARAMETERS = 16
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
# Query strings in which nothing is escaped: nearly all.
_PLAIN = re.compile(r"[A-Za-z0-9_.~=&,-]*")


class QueryReader(Generic[Q]):
    """Reads the query strings of one route."""

    def __init__(self, kind: type[Q]) -> None:
        self._kind = kind
        self._types = {
            field.encode_name: _bare(field.type) for field in msgspec.structs.fields(kind)
        }
        required = any(field.required for field in msgspec.structs.fields(kind))
        self._default = None if required else kind()
        # First pages are asked for in a few ways only: `limit=20`.
        self._read = lru_cache(maxsize=256)(self._parse)

    def read(self, query: bytes) -> Q:
        """The parameters. Raises ParameterInvalid, naming the first that is wrong."""
        if not query and self._default is not None:
            return self._default
        return self._read(query)

    def _parse(self, query: bytes) -> Q:
        given = self._pairs(query)
        values = {
            name: _READ.get(self._types[name], _text)(name, text) for name, text in given.items()
        }
        try:
            return msgspec.convert(values, self._kind)
        except msgspec.ValidationError as error:
            self._send_error(str(error), values)

    def _pairs(self, query: bytes) -> dict[str, str]:
        try:
            pairs = parse_qsl(
                query.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_PARAMETERS,
            )
        except ValueError:
            raise ParameterInvalid("query", "form", "cannot be read as parameters") from None
        given: dict[str, str] = {}
        for name, value in pairs:
            if name not in self._types:
                raise ParameterInvalid(name, "known", "there is no such parameter here")
            if name in given:
                raise ParameterInvalid(name, "once", "is given twice")
            given[name] = value
        return given

    def _send_error(self, message: str, given: Mapping[str, object]) -> NoReturn:
        # Each parameter is tried by itself to learn which one the message is about.
        for field in msgspec.structs.fields(self._kind):
            if field.encode_name not in given:
                if field.required:
                    raise ParameterInvalid(field.encode_name, "required", "is required") from None
                continue
            try:
                msgspec.convert(given[field.encode_name], field.type)
            except msgspec.ValidationError as error:
                detail = detail_of(str(error), field.type)
                raise ParameterInvalid(field.encode_name, "type", detail) from None
        raise ParameterInvalid("query", "form", detail_of(message, self._kind))


def _bare(kind: Any) -> Any:
    """A type without what is annotated to it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _whole_number(name: str, text: str) -> int:
    if _WHOLE_NUMBER.fullmatch(text) is None:
        raise ParameterInvalid(name, "type", "must be a whole number, such as 20")
    return int(text)


def _boolean(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise ParameterInvalid(name, "type", "must be true or false")
    return text == "true"


def _text(_: str, text: str) -> str:
    return text


# How the text of a parameter becomes a value of its type. Each value has one spelling.
_READ: Mapping[Any, Callable[[str, str], object]] = {int: _whole_number, bool: _boolean}


def with_cursor(path: str, query: bytes, cursor: str) -> str:
    """The address of the page at `cursor` of the same list."""
    given = query.decode("ascii")
    if _PLAIN.fullmatch(given):
        kept = [part for part in given.split("&") if part and not part.startswith("cursor=")]
    else:
        pairs = parse_qsl(given, keep_blank_values=True)
        kept = [urlencode([pair]) for pair in pairs if pair[0] != "cursor"]
    return f"{path}?{'&'.join([*kept, 'cursor=' + quote(cursor, safe='')])}"
