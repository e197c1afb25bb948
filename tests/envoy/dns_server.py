"""A DNS server (RFC 1035) that answers every question for an IPv4 address alike."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

_HEADER = struct.Struct("!6H")
_ANSWERED = 0x8580  # a response, authoritative, with recursion
_A, _IN = 1, 1
_NAME = 0xC00C  # the name of the question
_TTL = 1


class DnsServer(asyncio.DatagramProtocol):
    """`addresses` are the answer; made by `resolving`."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answers a query; of any other type than A there is nothing."""
        identifier = _HEADER.unpack_from(data)[0]
        end = data.index(b"\0", _HEADER.size) + 1  # of the name
        question = data[_HEADER.size : end + 4]
        (kind,) = struct.unpack_from("!H", data, end)
        found = self.addresses if kind == _A else []
        answers = b"".join(
            struct.pack("!HHHIH", _NAME, _A, _IN, _TTL, 4) + ipaddress.IPv4Address(each).packed
            for each in found
        )
        header = _HEADER.pack(identifier, _ANSWERED, 1, len(found), 0, 0)
        self._transport.sendto(header + question + answers, addr)


@asynccontextmanager
async def resolving(*addresses: str) -> AsyncIterator[DnsServer]:
    """Answer on a free port until the block ends."""
    server = DnsServer(list(addresses))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    server.address = f"{host}:{port}"
    try:
        yield server
    finally:
        transport.close()
