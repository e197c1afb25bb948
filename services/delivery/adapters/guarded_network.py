"""Connections to push services: names are resolved once, and what was checked is connected to.

So a name cannot answer with another address the second time.
"""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from services.delivery.adapters.resolver import Resolver
from services.delivery.domain.endpoints import EndpointRule

# An answer is a status and some headers. Whatever comes beyond it is read no further.
MAX_ANSWER_BYTES = 64 * 1024

# Of one name: the second is for hosts that one protocol reaches and the other does not.
_MAX_ADDRESSES = 2


class AnswerTooLong(httpcore2.ProtocolError):
    """The peer sends more than an answer to a push message has."""


class AddressBusy(Exception):
    """As many messages as may be are under way to the address."""


class Addresses:
    """Counts the messages under way to each IP address: one host may serve any number of names."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._under_way: dict[str, int] = {}

    @contextmanager
    def reserve(self, address: str) -> Iterator[None]:
        """Holds a place for the block's length. Raises AddressBusy where there is none."""
        taken = self._under_way.get(address, 0)
        if taken >= self._limit:
            raise AddressBusy
        self._under_way[address] = taken + 1
        try:
            yield
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]


class GuardedNetwork(AsyncNetworkBackend):
    """Opens connections for an HTTP client, to addresses that the rule takes alone."""

    def __init__(self, rule: EndpointRule) -> None:
        self._rule = rule
        self._network = httpcore2.AnyIOBackend()
        self._resolver = Resolver()

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, the preferred one first. Raises AddressRefused where the rule
        refuses any of them, TooManyLookUps, and httpcore2.ConnectError where there is none."""
        try:
            addresses = await self._resolver.addresses(host, port)
        except (OSError, ValueError) as unknown:
            # ValueError: the name cannot be encoded, as UnicodeError says.
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
        """Waits for no look-up that is still under way."""
        self._resolver.close()


class BoundedStream(AsyncNetworkStream):
    """A connection that reads MAX_ANSWER_BYTES after each message that was written, and no more:
    a peer that sends headers or interim answers without an end costs no more than that."""

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
        """Begins the next message."""
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
        """The encrypted connection, with the same limit."""
        return BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What the connection beneath says of itself."""
        return self._stream.get_extra_info(info)
