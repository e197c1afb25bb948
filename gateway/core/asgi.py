"""ASGI scopes, the request headers that the gateway reads, and whole responses."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from gateway.core.errors import NotAcceptable, ParameterInvalid

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Keys of the scope. The endpoint sets the route that metrics count by, and headers for every
# response, also of errors; the middleware sets the request headers that it read. Whether a request
# reads or writes follows from its method, except where the endpoint sets it.
ROUTE = "roost.route"
KIND = "roost.kind"
RESPONSE_HEADERS = "roost.response_headers"
HEADERS = "roost.headers"

# What belongs to one user is kept by nobody else; what has an ETag may be kept to ask again.
NO_STORE = (b"cache-control", b"no-store")
REVALIDATE = ((b"cache-control", b"private, no-cache"), (b"vary", b"authorization"))

_READ = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"host",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"origin",
        b"sec-fetch-site",
        b"traceparent",
        b"x-csrf",
        b"x-envoy-external-address",
        b"x-forwarded-proto",
        b"x-request-id",
    )
)

# The characters of request_id in the contracts; quotes as the IETF draft has them are taken, too:
# https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
KEY_PATTERN = '^("?)[A-Za-z0-9_.-]{1,64}\\1$'
_BARE_KEY = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_KEY = re.compile(rb'("?)(' + _BARE_KEY.pattern + rb")\1")

# Our ETags are W/"<the service's etag>.<digest of the answer>".
TAG_PATTERN = '^(W/)?"[!#-~]{1,128}"$|^[*]$'
_TAG = re.compile(rb'(?:W/)?"([!#-~]{1,128})"')
_TAKEN = re.compile(r"(?:\*|application)/(?:\*|json)")
_REFUSED = re.compile(r";\s*q=0(?:\.0*)?\s*(?:;|$)")

Headers = dict[bytes, bytes]


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers that matter, by name; values of one that stands twice are joined by commas."""
    found: Headers = {}
    for name, value in raw:
        if name in _READ:
            found[name] = found[name] + b", " + value if name in found else value
    return found


def is_key(text: str) -> bool:
    """Whether a text may be a key of idempotency, without the quotes that a header may have."""
    return text.isascii() and _BARE_KEY.fullmatch(text.encode()) is not None


def idempotency_key(headers: Headers) -> str:
    """The Idempotency-Key; empty where there is none. Raises ParameterInvalid."""
    value = headers.get(b"idempotency-key")
    if value is None:
        return ""
    form = _KEY.fullmatch(value)
    if form is None:
        raise ParameterInvalid(
            "Idempotency-Key", "form", "must be 1 to 64 of letters, digits, _ . and -"
        )
    return form.group(2).decode()


def expected_etag(headers: Headers) -> str:
    """The service's etag that If-Match names; empty for none and for `*`. Raises ParameterInvalid.

    Weak tags are taken, since proxies that compress weaken them, and only the part that stands
    for the editable state counts: somebody else's like is no reason to refuse an edit.
    """
    value = headers.get(b"if-match", b"*").strip()
    if value == b"*":
        return ""
    form = _TAG.fullmatch(value)
    if form is None:
        raise ParameterInvalid("If-Match", "form", "must be one entity tag, or *")
    etag, _, digest = form.group(1).rpartition(b".")
    return (etag or digest).decode()


def matches_none(headers: Headers, tag: bytes) -> bool:
    """Whether If-None-Match names the tag, by weak comparison (RFC 9110, 13.1.2)."""
    value = headers.get(b"if-none-match")
    if value is None:
        return False
    opaque = tag.removeprefix(b"W/")
    return value.strip() == b"*" or opaque in [
        each.strip().removeprefix(b"W/") for each in value.split(b",")
    ]


def check_accept(headers: Headers) -> None:
    """Raises NotAcceptable where the client takes no JSON."""
    value = headers.get(b"accept")
    if value is not None and not _accepts_json(value):
        raise NotAcceptable


@lru_cache(maxsize=256)
def _accepts_json(accept: bytes) -> bool:
    ranges = accept.decode("latin-1").lower().split(",")
    return not accept.strip() or any(
        _TAKEN.match(each.strip()) and not _REFUSED.search(each) for each in ranges
    )


def client_address(scope: Scope) -> str:
    """The IP address that a request came from: the edge says so, if there is one."""
    external: bytes | None = scope[HEADERS].get(b"x-envoy-external-address")
    if external is not None:
        return external.decode("latin-1")
    client = scope.get("client")
    return str(client[0]) if client else ""


async def send_answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Sends a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def rate_limit_key(address: str) -> str:
    """What limits count an address by: one network of IPv6 (/64) has 2^64 addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_network((found, 64), strict=False))
