"""The terms of a web address. All spellings of an address have the same.

A scheme, `www.`, the standard ports, the case of the host, the encoding of its letters and of the
path, a slash at the end and a fragment make no difference. A path is found with and without its
query string.
"""

import unicodedata
from hashlib import blake2b
from urllib.parse import quote, unquote_to_bytes

import regex

from services.chassis.text import entities
from services.chassis.text.hosts import encode_host

_SCHEME = regex.compile(r"https?://", regex.IGNORECASE)
_SCHEME_AND_WWW = regex.compile(r"(?:https?://)?(?:www\.)?", regex.IGNORECASE)
_PARTS = regex.compile(
    r"""
    (?P<host>[^/?\#:]*+) (?::(?P<port>[0-9]*))? (?P<path>[^?\#]*+) (?:\?(?P<query>[^\#]*+))?
    """,
    regex.VERBOSE,
)
_STANDARD_PORTS = {None, "", "80", "443"}
_WWW = "www."
# `host:` terms of a host with many labels are for its last ones.
_MAX_LABELS = 5
# A longer address is cut, and a digest makes it unique.
_MAX_ADDRESS = 200
_DIGEST_BYTES = 12
# Signs that mean the same as they are and percent-encoded, or nothing special in a path.
_SAFE = "/-._~!$&'()*+,;=:@"

# An address without a scheme in a text. `entities` checks it.
BARE_ADDRESS = regex.compile(
    r"""
    (?<![\p{L}\p{M}\p{N}_@.\-/:])
    (?:[\p{L}\p{N}_][\p{L}\p{M}\p{N}_\-]*+\.)++ \p{L}[\p{L}\p{M}\p{N}\-]++
    (?::[0-9]{1,5}+)?+ (?:[/?\#][^\s<>"]*+)?+
    """,
    regex.VERBOSE | regex.VERSION1,
)


def is_address(text: str) -> bool:
    """Whether the whole text is a web address, with or without a scheme."""
    return entities.is_web_address(text if _SCHEME.match(text) else f"https://{text}")


def without_scheme(address: str) -> str:
    """The address without its scheme and `www.`."""
    rest: str = _SCHEME_AND_WWW.sub("", address, count=1)
    return rest


def host_of(address: str) -> str:
    """The host as written, without `www.` and port."""
    match = _PARTS.match(without_scheme(address))
    return match["host"] if match else ""


def address_at_start(text: str) -> str:
    """The address without a scheme with which the text begins, without the signs at its end that
    belong to the sentence; empty if it begins with none."""
    found = entities.find(f"https://{text}")
    if found and isinstance(found[0], entities.FoundLink) and found[0].start == 0:
        return found[0].url.removeprefix("https://")
    return ""


def address_terms(address: str) -> tuple[str, ...]:
    """The terms that a post with the address has: `host:` for its host and the domains above it,
    and `url:` for a page below the root."""
    host, page, query = _parse(address)
    if not host:
        return ()
    labels = host.split(".")
    hosts = [".".join(labels[-count:]) for count in range(2, min(len(labels), _MAX_LABELS) + 1)]
    pages = [] if page == host else [page]
    if query:
        pages.append(f"{page}?{query}")
    return (
        *dict.fromkeys(f"host:{each}" for each in (host, *reversed(hosts))),
        *(f"url:{_cut(each)}" for each in pages),
    )


def address_term(address: str) -> str | None:
    """The one term by which a query finds the address: its host, with all that is below it, or its
    page. None if it is no address."""
    if not is_address(address):
        return None
    host, page, query = _parse(address)
    if page == host and not query:
        return f"host:{host}"
    return f"url:{_cut(f'{page}?{query}' if query else page)}"


def _parse(address: str) -> tuple[str, str, str]:
    """Host, page (host, port and path) and query string."""
    parts = _PARTS.match(_SCHEME.sub("", address, count=1))
    host = encode_host(parts["host"]) if parts else ""
    if not parts or not host:
        return "", "", ""
    shorter = host.removeprefix(_WWW)
    if "." in shorter:
        host = shorter
    port = "" if parts["port"] in _STANDARD_PORTS else f":{parts['port']}"
    page = f"{host}{port}{_encode(parts['path'])}".rstrip("/")
    return host, page, _encode(parts["query"] or "")


def _encode(text: str) -> str:
    return quote(unquote_to_bytes(unicodedata.normalize("NFC", text)), safe=_SAFE)


def _cut(address: str) -> str:
    if len(address) <= _MAX_ADDRESS:
        return address
    digest = blake2b(address.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{address[:_MAX_ADDRESS]}#{digest}"
