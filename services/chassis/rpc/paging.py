"""Pages of lists: their sizes, their tokens, and pages that leave out hidden rows.

A page token says where a list continues, and is sealed: only the request it came from may use it.
It is `base64url(version | tag | position)`. The position is the keyset of the last row in
MessagePack; the tag is an HMAC over the version, the kind of request, the request without the
fields that do not change the list, and the position. It hides nothing, and it cannot be altered or
used elsewhere. It does not depend on the caller: what a page shows is decided when it is read.
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from google.protobuf.message import Message

from services.chassis.runtime.errors import Invalid

P = TypeVar("P")
R = TypeVar("R")

DEFAULT_SIZE = 20
MAX_SIZE = 100
# For one page; where all rows were hidden, the next token continues after them.
MAX_ROUNDS = 5
MAX_FETCHED = 200

_VERSION = b"\x01"
# 128 bits: forging one takes 2^127 requests on average.
_TAG_SIZE = 16
# They say how the list is returned, not which.
_PRESENTATION = frozenset({"page_token", "page_size", "include_dependencies"})


class PageTokenInvalid(Invalid):
    """The token is malformed, forged, or of another request."""

    reason = "PAGE_TOKEN_INVALID"
    message = "This page token does not belong to this request."


class PageTokens:
    """Seals and opens page tokens with one key, the same in every process of a service."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, request: Message, position: Any) -> str:
        """The token of the page after `position`: an int, str, bytes, tuple, or msgspec Struct."""
        packed = msgspec.msgpack.encode(position)
        return _encode(_VERSION + self._tag(request, packed) + packed)

    def open(self, request: Message, kind: type[P]) -> P | None:
        """The position in the request's `page_token`; None for the first page.

        `kind` is the type of what was sealed, such as `int` or `tuple[int, int]`.
        Raises PageTokenInvalid.
        """
        token: str = request.page_token  # type: ignore[attr-defined]
        if not token:
            return None
        raw = _decode(token)
        version, tag, packed = raw[:1], raw[1 : 1 + _TAG_SIZE], raw[1 + _TAG_SIZE :]
        if version != _VERSION or not hmac.compare_digest(tag, self._tag(request, packed)):
            raise PageTokenInvalid
        try:
            return msgspec.msgpack.decode(packed, type=kind)
        except msgspec.DecodeError:
            # Sealed by a release that kept another position for the same request.
            raise PageTokenInvalid from None

    def _tag(self, request: Message, packed: bytes) -> bytes:
        asked = type(request)()
        asked.CopyFrom(request)
        for field in _PRESENTATION.intersection(asked.DESCRIPTOR.fields_by_name):
            asked.ClearField(field)
        name = asked.DESCRIPTOR.full_name.encode()
        body = asked.SerializeToString(deterministic=True)
        parts = [_VERSION]
        for part in (name, body, packed):
            parts += (len(part).to_bytes(4, "big"), part)
        return hmac.digest(self._key, b"".join(parts), "sha256")[:_TAG_SIZE]


class Page(NamedTuple, Generic[R]):
    """The rows of a page, and where the next one begins: None after the last."""

    rows: list[R]
    next_position: int | None


def size_of(request: Any) -> int:
    """The rows of a requested page: 20 for 0, at most 100."""
    return min(request.page_size or DEFAULT_SIZE, MAX_SIZE)


def position_of(request: Any, tokens: PageTokens) -> int:
    """Where the request's page begins; 0 for the first. Raises PageTokenInvalid."""
    return tokens.open(request, int) or 0


def token_of(page: Page[Any], request: Message, tokens: PageTokens) -> str:
    """The token of the next page; empty after the last."""
    return "" if page.next_position is None else tokens.seal(request, page.next_position)


async def fill(
    *,
    size: int,
    position: int,
    fetch: Callable[[int, int], Awaitable[Sequence[R]]],
    place: Callable[[R], int],
    keep: Callable[[Sequence[R]], Awaitable[Sequence[bool]]],
) -> Page[R]:
    """Fetches rows beyond `position` until `size` of them are kept, or none is left.

    `fetch(position, limit)` returns the next rows, `place` a row's position, and `keep` for each
    row whether it may be shown. There is a next page only if there is something to show on it; or
    if MAX_ROUNDS did not suffice to know, and then this page may be short.
    """
    kept: list[R] = []
    limit = size + 1
    for _ in range(MAX_ROUNDS):
        rows = await fetch(position, limit)
        for row, shown in zip(rows, await keep(rows), strict=True):
            if shown and len(kept) == size:
                return Page(kept, position)
            if shown:
                kept.append(row)
            position = place(row)
        if len(rows) < limit:
            return Page(kept, None)
        limit = min(2 * limit, MAX_FETCHED)
    return Page(kept, position)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise PageTokenInvalid from None
    # Base64 has several spellings of the same bytes; one is ours.
    if _encode(raw) != token:
        raise PageTokenInvalid
    return raw
