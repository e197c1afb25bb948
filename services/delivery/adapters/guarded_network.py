"""Connections to push services: a name is resolved once, and the checked address is connected to.

So a name cannot resolve to another address after the check.
"""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from services.delivery.adapters.resolver import Resolver
from services.delivery.domain.endpoints import EndpointRule

# A response is a status and some headers. Nothing is read beyond this limit.
MAX_ANSWER_BYTES = 64 * 1024

# Of one name. The second serves hosts that only one of IPv4 and IPv6 reaches.
_MAX_ADDRESSES = 2


class AnswerTooLong(httpcore2.ProtocolError):
    """The peer sends more than a response to a push message needs."""


class AddressBusy(Exception):
    """The limit of messages in flight to the address is reached."""


class AddressLimits:
    """Limits the messages in flight to each IP address: one host may serve any number of names."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._in_flight: dict[str, int] = {}

    @contextmanager
    def reserve(self, address: str) -> Iterator[None]:
        """Counts a message for the duration of the block. Raises AddressBusy at the limit."""
        taken = self._in_flight.get(address, 0)
        if taken >= self._limit:
            raise AddressBusy
        self._in_flight[address] = taken + 1
        try:
            yield
        finally:
            self._in_flight[address] -= 1
            if not self._in_flight[address]:
                del self._in_flight[address]


class GuardedNetwork(AsyncNetworkBackend):
    """Opens connections for an HTTP client, only to addresses that the rule allows."""

    def __init__(self, rule: EndpointRule) -> None:
        self._rule = rule
        self._network = httpcore2.AnyIOBackend()
        self._resolver = Resolver()

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, the preferred one first. Raises AddressRefused if the rule
        forbids any of them, TooManyLookUps, and httpcore2.ConnectError if there is none."""
        try:
            addresses = await self._resolver.addresses(host, port)
        except (OSError, ValueError) as unknown:
            # UnicodeError, a ValueError: the name cannot be encoded.
            raise httpcore2.ConnectError("the name is not known") from unknown
        if not addresses:
            raise httpcore2.ConnectError("the name has no address")
        for address in addresses:
            self._rule.check_address(address, port)
        return addresses

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connects to the first address of the host that answers. Raises as `resolve` does."""
        failure: Exception = httpcore2.ConnectError("the name has no address")
        for address in (await self.resolve(host, port))[:_MAX_ADDRESSES]:
            try:
                return BoundedStream(
                    await self._network.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                failure = failed
        raise failure

    def close(self) -> None:
        """Ends without waiting for running look-ups."""
        self._resolver.close()


class BoundedStream(AsyncNetworkStream):
    """A connection that reads at most MAX_ANSWER_BYTES after each written message. It bounds the
    cost of a peer that sends endless headers or interim responses."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MAX_ANSWER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Raises AnswerTooLong past the limit."""
        content = await self._stream.read(max_bytes, timeout)
        self._left -= len(content)
        if self._left < 0:
            raise AnswerTooLong("the answer is too long")
        return content

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._left = MAX_ANSWER_BYTES
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        return BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
