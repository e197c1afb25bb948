"""Connections go to the checked address, only to public ones, and read a limited amount."""

import asyncio
import socket
import threading
from typing import Any

import httpcore2
import pytest

from services.delivery.adapters import resolver as names
from services.delivery.adapters.guarded_network import (
    MAX_ANSWER_BYTES,
    AddressBusy,
    AddressLimits,
    AnswerTooLong,
    GuardedNetwork,
)
from services.delivery.adapters.resolver import Resolver, TooManyLookUps
from services.delivery.domain.endpoints import AddressRefused, EndpointRule

STRICT = EndpointRule()
LOOSE = EndpointRule(loopback_allowed=True)


class NameServer:
    """Answers every name with these addresses, and counts the look-ups."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.requested = 0
        self._addresses = addresses
        monkeypatch.setattr(socket, "getaddrinfo", self._result)

    def _result(self, host: str, port: int, **_: object) -> list[Any]:
        self.requested += 1
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in self._addresses
        ]


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.0.0.1",),
        ("93.184.216.34", "192.168.0.1"),
        ("192.168.0.1", "93.184.216.34"),
        ("93.184.216.34", "::1"),
        ("2606:2800:220:1::1", "fec0::1"),
        ("64:ff9b::a00:1",),
        ("::1",),
        ("fe80::1%eth0",),
    ],
)
async def test_a_name_that_leads_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    server = NameServer(monkeypatch, *addresses)

    with pytest.raises(AddressRefused):
        await GuardedNetwork(STRICT).connect_tcp("push.example", 443)

    assert server.requested == 1


async def test_a_name_is_not_connected_to_on_another_port(monkeypatch: pytest.MonkeyPatch) -> None:
    NameServer(monkeypatch, "93.184.216.34")

    with pytest.raises(AddressRefused):
        await GuardedNetwork(STRICT).connect_tcp("push.example", 22)


async def test_what_was_looked_at_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    resolver = NameServer(monkeypatch, "127.0.0.1")
    guarded = GuardedNetwork(LOOSE)

    looked_at = await guarded.resolve("push.example", port)
    stream = await guarded.connect_tcp("push.example", port)

    assert looked_at == ["127.0.0.1"]
    assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
    assert resolver.requested == 1
    await stream.aclose()
    server.close()


@pytest.mark.parametrize("failure", [socket.gaierror(), UnicodeError("label too long")])
async def test_a_name_without_an_address_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(httpcore2.ConnectError):
        await GuardedNetwork(STRICT).connect_tcp("push.example", 443)


async def test_a_name_server_that_never_answers_takes_few_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = threading.Event()

    def look_up(host: str, port: int, **_: object) -> list[Any]:
        if host.endswith("evil.example"):
            result.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolver = Resolver()
    requested = [
        asyncio.ensure_future(resolver.addresses(f"{number}.evil.example", 443))
        for number in range(names._MAX_LOOKUPS_PER_DOMAIN)
    ]
    await asyncio.sleep(0)

    with pytest.raises(TooManyLookUps):
        await resolver.addresses("another.evil.example", 443)
    found = await resolver.addresses("push.example.org", 443)

    assert found == ["93.184.216.34"]
    # A cancelled look-up keeps its thread, and counts until it ends.
    requested[0].cancel()
    await asyncio.wait([requested[0]])
    with pytest.raises(TooManyLookUps):
        await resolver.addresses("another.evil.example", 443)
    result.set()
    await asyncio.gather(*requested[1:])
    resolver.close()


def test_places_at_an_address_are_limited_and_given_back() -> None:
    addresses = AddressLimits(limit=1)

    with addresses.reserve("93.184.216.34"):
        with pytest.raises(AddressBusy), addresses.reserve("93.184.216.34"):
            pass
        with addresses.reserve("93.184.216.35"):
            pass
    with addresses.reserve("93.184.216.34"):
        pass


async def test_an_answer_without_an_end_is_read_no_further() -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with_no_end = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000
        try:
            while True:
                writer.write(with_no_end)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    stream = await GuardedNetwork(LOOSE).connect_tcp("127.0.0.1", port)
    parts: list[bytes] = []

    async def read_all() -> None:
        while True:
            parts.append(await stream.read(MAX_ANSWER_BYTES))

    with pytest.raises(AnswerTooLong):
        await read_all()

    assert sum(map(len, parts)) <= MAX_ANSWER_BYTES
    await stream.aclose()
    server.close()
