"""Page tokens: where a list goes on, sealed so that only the request they came from may use them.

A token is `base64url(version | tag | position)`. The position is the keyset of the last row in
MessagePack; the tag is an HMAC over the version, the kind of request, the request without its
paging fields, and the position. It hides nothing, and it cannot be altered or carried elsewhere.
It does not depend on the caller: what a page shows is decided anew when it is read.
"""

import base64
import binascii
import hmac
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message

from services.chassis.runtime.errors import Invalid

P = TypeVar("P")

_VERSION = b"\x01"
# 128 bits: forging one takes 2^127 requests on average.
_TAG_SIZE = 16
_PAGING = frozenset({"page_token", "page_size"})


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
        for field in _PAGING.intersection(asked.DESCRIPTOR.fields_by_name):
            asked.ClearField(field)
        name = asked.DESCRIPTOR.full_name.encode()
        body = asked.SerializeToString(deterministic=True)
        parts = [_VERSION]
        for part in (name, body, packed):
            parts += (len(part).to_bytes(4, "big"), part)
        return hmac.digest(self._key, b"".join(parts), "sha256")[:_TAG_SIZE]


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
