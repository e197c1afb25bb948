"""Messages go to the public internet, whatever an endpoint pretends to be."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import httpcore2
import pytest

from services.notification.delivery.endpoints import (
    AddressRefused,
    EndpointRule,
    GuardedNetwork,
    is_public,
)
from services.notification.delivery.errors import PushEndpointRefused

STRICT = EndpointRule()
LOOSE = EndpointRule(loopback_allowed=True)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/dQw4w9WgXcQ:APA91b",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA?x=1",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://push.example.org:8443/up",
        "https://xn--bcher-kva.example/1",
        "https://93.184.216.34/1",
        "https://[2606:2800:220:1::1]/1",
    ],
)
def test_public_https_addresses_are_taken(endpoint: str) -> None:
    STRICT.check(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "push",
        "http://push.example/1",
        "ftp://push.example/1",
        "https://",
        "https:///1",
        "https://localhost/1",
        "https://intranet/1",
        "https://push.example:0/1",
        "https://push.example:99999/1",
        "https://user:secret@push.example/1",
        "https://push.example@127.0.0.1/1",
        "https://push.example/1#part",
        "https://push.example/a b",
        "https://push.example/\r\nHost: x",
        "https://pu\u017fh.example/1",
        "https://127.0.0.1/1",
        "https://127.1/1",
        "https://2130706433/1",
        "https://0x7f000001/1",
        "https://0x7f.1/1",
        "https://0177.0.0.1/1",
        "https://10.0.0.1/1",
        "https://172.16.0.1/1",
        "https://192.168.1.1/1",
        "https://100.64.0.1/1",
        "https://169.254.169.254/latest",
        "https://0.0.0.0/1",
        "https://224.0.0.1/1",
        "https://255.255.255.255/1",
        "https://[::1]/1",
        "https://[::]/1",
        "https://[::ffff:10.0.0.1]/1",
        "https://[fe80::1]/1",
        "https://[fd00::1]/1",
        "https://[64:ff9b::a00:1]/1",
        "https://[2002:7f00:1::]/1",
        "https://[ff02::1]/1",
        "https://[not-an-address]/1",
    ],
)
def test_everything_else_is_refused(endpoint: str) -> None:
    with pytest.raises(PushEndpointRefused):
        STRICT.check(endpoint)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9/1", "http://localhost:9/1", "https://[::1]:9/1"]
)
def test_loopback_is_taken_where_it_is_allowed(endpoint: str) -> None:
    LOOSE.check(endpoint)


@pytest.mark.parametrize("endpoint", ["http://push.example/1", "https://10.0.0.1/1"])
def test_allowing_loopback_allows_nothing_else(endpoint: str) -> None:
    with pytest.raises(PushEndpointRefused):
        LOOSE.check(endpoint)


@pytest.mark.parametrize(
    "text", ["64:ff9b::5db8:d822", "2002:5db8:d822::1", "::ffff:93.184.216.34"]
)
def test_a_public_address_may_be_wrapped(text: str) -> None:
    assert is_public(ip_address(text))


class Resolver:
    """Answers every name with these addresses, and counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.asked = 0
        self._addresses = addresses
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(type(loop), "getaddrinfo", lambda *_, **__: self._answer())

    async def _answer(self) -> list[Any]:
        self.asked += 1
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in self._addresses
        ]


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("10.0.0.1",), ("93.184.216.34", "192.168.0.1"), ("::1",)]
)
async def test_a_name_that_leads_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    resolver = Resolver(monkeypatch, *addresses)

    with pytest.raises(AddressRefused):
        await GuardedNetwork(STRICT).connect_tcp("push.example", 443)

    assert resolver.asked == 1


async def test_what_was_looked_at_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    resolver = Resolver(monkeypatch, "127.0.0.1")

    stream = await GuardedNetwork(LOOSE).connect_tcp("push.example", port)

    assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
    assert resolver.asked == 1
    await stream.aclose()
    server.close()


async def test_a_name_without_an_address_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", unknown)

    with pytest.raises(httpcore2.ConnectError):
        await GuardedNetwork(STRICT).connect_tcp("push.example", 443)
