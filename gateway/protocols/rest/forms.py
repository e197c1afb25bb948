"""Reads forms with one file (multipart/form-data, RFC 7578) strictly, and bounds their memory.

The fields of a form come in any order, and nothing says how long its file is before it has ended.
So a form is read as a whole before anything is done with it: one that is wrong, or whose sender
stops half way, has no effect. `FormMemory` bounds what all forms of a process hold.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.core.asgi import Headers, Receive
from gateway.core.bodies import ClientGone, raise_field_invalid
from gateway.core.errors import (
    BodyTooLarge,
    ContentTypeNotSupported,
    FieldInvalid,
    MalformedBody,
    Overloaded,
)
from gateway.core.object_store import ReceivedFile

B = TypeVar("B", bound=msgspec.Struct)

# The name of the field that holds the file.
FILE = "file"
# Of all fields but the file, with their headers and boundaries: more than the longest alt text.
_MOST_AROUND = 128 * 1024
_CONTENT_TYPE = "multipart/form-data"


class FormMemory:
    """How many bytes of files all forms of a process may hold at once."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self, size: int) -> None:
        """Raises Overloaded where there is no room for so many bytes."""
        if size > self._free:
            raise Overloaded(retry_after=5.0)
        self._free -= size

    def release(self, size: int) -> None:
        """The bytes are not held any more."""
        self._free += size


@dataclass(frozen=True, slots=True)
class Form(Generic[B]):
    """A form that was read and checked: its text fields, and its file."""

    fields: B
    file: ReceivedFile


class FormReader(Generic[B]):
    """Reads forms whose text fields are those of one type."""

    def __init__(self, kind: type[B], *, most: int, memory: FormMemory) -> None:
        """`most` is the size of the largest file."""
        self._kind = kind
        self._names = {field.encode_name for field in msgspec.structs.fields(kind)}
        self._most = most
        self._memory = memory

    @asynccontextmanager
    async def read(self, receive: Receive, headers: Headers) -> AsyncIterator[Form[B]]:
        """The form, whose file is held in memory for as long as the block runs.

        Raises ContentTypeNotSupported, MalformedBody, BodyTooLarge, FieldInvalid for the first
        field that is wrong, Overloaded, and ClientGone.
        """
        parts = _Parts(self._names, most=self._most, memory=self._memory)
        try:
            await self._receive(receive, headers, parts)
            yield self._form(parts)
        finally:
            parts.release()

    async def _receive(self, receive: Receive, headers: Headers, parts: "_Parts") -> None:
        parser = _parser(headers.get(b"content-type"), parts)
        most = self._most + _MOST_AROUND
        length = headers.get(b"content-length")
        if length is not None and (not length.isdigit() or int(length[:12]) > most):
            raise _too_large(self._most)
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(piece)
            if size > most:
                raise _too_large(self._most)
            try:
                parser.write(piece)
            except FormParserError:
                raise MalformedBody("The body is not a valid form.") from None
        if not parts.ended:
            raise MalformedBody("The form ends before its last boundary.")

    def _form(self, parts: "_Parts") -> Form[B]:
        file = parts.file
        if file is None:
            raise FieldInvalid(FILE, "required", "is required")
        if not file.size:
            raise FieldInvalid(FILE, "length", "must not be empty")
        try:
            return Form(msgspec.convert(parts.texts(), self._kind), file)
        except msgspec.ValidationError as error:
            raise_field_invalid(str(error), self._kind)


class _Parts:
    """The parts of one form, as its parser finds them."""

    def __init__(self, names: set[str], *, most: int, memory: FormMemory) -> None:
        self.ended = False
        self.file: ReceivedFile | None = None
        self._names = names
        self._most = most
        self._memory = memory
        self._texts: dict[str, bytearray] = {}
        self._headers: dict[bytes, bytearray] = {}
        self._header_name = bytearray()
        # Where the data of the current part go.
        self._into: bytearray | ReceivedFile = bytearray()

    def texts(self) -> dict[str, str]:
        """The text fields by name. Raises MalformedBody."""
        try:
            return {name: text.decode() for name, text in self._texts.items()}
        except UnicodeDecodeError:
            raise MalformedBody("A field of the form is not UTF-8.") from None

    def release(self) -> None:
        """Drops the file."""
        if self.file is not None:
            self._memory.release(self.file.size)
            self.file.chunks.clear()

    def callbacks(self) -> dict[str, Any]:
        """What the parser calls."""
        return {
            "on_part_begin": self._headers.clear,
            "on_header_begin": self._header_name.clear,
            "on_header_field": self._on_header_name,
            "on_header_value": self._on_header_value,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_end": self._on_end,
        }

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        name = bytes(self._header_name).lower()
        self._headers.setdefault(name, bytearray()).extend(data[start:end])

    def _on_headers(self) -> None:
        kind, options = parse_options_header(bytes(self._headers.get(b"content-disposition", b"")))
        name = _text(options.get(b"name", b""))
        if kind != b"form-data" or not name:
            raise MalformedBody("A part of the form has no name.")
        if name == FILE:
            if self.file is not None:
                raise MalformedBody(f'The form names "{FILE}" twice.')
            content_type = _text(bytes(self._headers.get(b"content-type", b"")))
            self.file = ReceivedFile(_text(options.get(b"filename", b"")), content_type, [], 0)
            self._into = self.file
            return
        if name not in self._names:
            raise FieldInvalid(name, "known", "there is no such field")
        if name in self._texts:
            raise MalformedBody(f'The form names "{name}" twice.')
        self._into = self._texts[name] = bytearray()

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        into, size = self._into, end - start
        if isinstance(into, bytearray):
            if len(into) + size > _MOST_AROUND:
                raise BodyTooLarge
            into += data[start:end]
            return
        if into.size + size > self._most:
            raise _too_large(self._most)
        self._memory.take(size)
        into.size += size
        into.chunks.append(data[start:end])

    def _on_end(self) -> None:
        self.ended = True


def _parser(content_type: bytes | None, parts: _Parts) -> MultipartParser:
    kind, options = parse_options_header(content_type)
    if kind.lower() != _CONTENT_TYPE.encode():
        raise ContentTypeNotSupported(f"Send the body as {_CONTENT_TYPE}.")
    boundary = options.get(b"boundary")
    try:
        if not boundary:
            raise FormParserError
        callbacks: Any = parts.callbacks()
        return MultipartParser(boundary, callbacks)
    except FormParserError:
        raise MalformedBody("The content type of the form has no valid boundary.") from None


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"The file of a form may have {most:,} bytes at most.")


def _text(raw: bytes) -> str:
    # A name that is not UTF-8 is that of no field.
    return raw.decode(errors="replace").strip()


def form_schema(kind: type[msgspec.Struct], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of a form, from that of its text fields."""
    fields = schema["$defs"][kind.__name__]
    file = {"type": "string", "format": "binary", "description": "The bytes of the file."}
    return {
        "type": "object",
        "description": fields.get("description", ""),
        "properties": {**fields["properties"], FILE: file},
        "required": [*fields.get("required", ()), FILE],
        "additionalProperties": False,
    }
