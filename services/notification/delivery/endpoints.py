"""Where push messages may go: https to the public internet, looked at again for every connection.

Anybody may register any address, and we connect to it from inside: without this rule, to whatever
listens there. Names are resolved once, here, and what was checked is what is connected to, so that
a name cannot answer with another address the second time.
"""

import asyncio
import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from services.notification.delivery.errors import PushEndpointRefused

# A name with a dot whose last label cannot be read as a part of a number: 127.1 and 0x7f.1 are
# addresses to a resolver.
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,62}")
_LOOPBACK_NAME = "localhost"
_PRINTABLE = re.compile(r"[!-~]+")
# IPv4 behind a translator (RFC 6052): it reaches what the address inside names.
_TRANSLATED = IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """The name leads to an address that is not for push messages."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is one host of the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


class EndpointRule:
    """Decides over endpoints. With `loopback_allowed`, for tests and development, http and this
    machine's own addresses pass as well."""

    def __init__(self, *, loopback_allowed: bool = False) -> None:
        self._loopback_allowed = loopback_allowed

    def check(self, endpoint: str) -> None:
        """Raises PushEndpointRefused for what is wrong by its looks; nothing is resolved."""
        try:
            parts = urlsplit(endpoint)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise PushEndpointRefused from None
        plain = _PRINTABLE.fullmatch(endpoint) and "@" not in parts.netloc and not parts.fragment
        if not plain or port == 0 or not self._takes(parts.scheme, host):
            raise PushEndpointRefused

    def check_address(self, text: str) -> None:
        """Raises AddressRefused for an address that must not be connected to."""
        address = ip_address(text)
        if not is_public(address) and not (self._loopback_allowed and address.is_loopback):
            raise AddressRefused

    def _takes(self, scheme: str, host: str) -> bool:
        try:
            self.check_address(host)
        except AddressRefused:
            return False
        except ValueError:
            if self._loopback_allowed and host == _LOOPBACK_NAME:
                return scheme in {"http", "https"}
            return scheme == "https" and _NAME.fullmatch(host) is not None
        loopback = self._loopback_allowed and ip_address(host).is_loopback
        return scheme == "https" or (loopback and scheme == "http")


class GuardedNetwork(AsyncNetworkBackend):
    """Opens connections for an HTTP client, to addresses that the rule takes alone."""

    def __init__(self, rule: EndpointRule) -> None:
        self._rule = rule
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connects to the first address of the host that answers. Raises AddressRefused where any
        of them is refused, and httpcore2.ConnectError."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError as unknown:
            raise httpcore2.ConnectError("the name is not known") from unknown
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        for address in addresses:
            self._rule.check_address(address)
        failure: Exception = httpcore2.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                failure = failed
        raise failure
