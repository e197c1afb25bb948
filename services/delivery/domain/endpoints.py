"""Which addresses push messages may be sent to: https on the public internet.

Anybody may register any address, and this service connects to it from the internal network. The
rule prevents connections to internal hosts. It is checked again for every connection.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from services.delivery.domain.errors import PushEndpointRefused
from services.delivery.domain.public_addresses import is_public

HTTPS_PORT = 443

# A name with a dot whose last label cannot be parsed as part of a number: a resolver reads 127.1
# and 0x7f.1 as addresses.
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,62}")
_MAX_NAME = 253
_LOOPBACK_NAME = "localhost"
_PRINTABLE = re.compile(r"[!-~]+")


class AddressRefused(Exception):
    """Push messages may not be sent to the address that the name resolves to."""


class EndpointRule:
    """Decides which endpoints are allowed. `ports` are allowed besides 443. With
    `loopback_allowed`, for tests and development, http and loopback addresses are allowed too, on
    every port."""

    def __init__(self, *, ports: Collection[int] = (), loopback_allowed: bool = False) -> None:
        self._ports = frozenset({HTTPS_PORT, *ports})
        self._loopback_allowed = loopback_allowed

    def check(self, endpoint: str) -> None:
        """Raises PushEndpointRefused for an invalid URL or a forbidden host; resolves no name."""
        try:
            parts = urlsplit(endpoint)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise PushEndpointRefused from None
        plain = _PRINTABLE.fullmatch(endpoint) and "@" not in parts.netloc and not parts.fragment
        if not plain or port == 0 or not self._allows(parts.scheme, host, port):
            raise PushEndpointRefused

    def check_address(self, text: str, port: int) -> None:
        """Raises AddressRefused for a forbidden address or port, ValueError for an invalid
        address."""
        address = ip_address(text)
        if self._loopback_allowed and address.is_loopback:
            return
        if not is_public(address) or port not in self._ports:
            raise AddressRefused

    def _allows(self, scheme: str, host: str, port: int | None) -> bool:
        if self._is_loopback(host):
            return scheme in {"http", "https"}
        port = HTTPS_PORT if port is None else port
        try:
            self.check_address(host, port)
        except AddressRefused:
            return False
        except ValueError:
            if len(host) > _MAX_NAME or _NAME.fullmatch(host) is None or port not in self._ports:
                return False
        return scheme == "https"

    def _is_loopback(self, host: str) -> bool:
        if not self._loopback_allowed:
            return False
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == _LOOPBACK_NAME
