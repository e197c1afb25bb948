"""Endpoints on the public internet are allowed, and no others."""

import pytest

from services.delivery.domain.endpoints import AddressRefused, EndpointRule
from services.delivery.domain.errors import PushEndpointRefused

STRICT = EndpointRule()
LOOSE = EndpointRule(loopback_allowed=True)


def is_taken(rule: EndpointRule, endpoint: str) -> bool:
    try:
        rule.check(endpoint)
    except PushEndpointRefused:
        return False
    return True


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/dQw4w9WgXcQ:APA91b",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA?x=1",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://push.example.org:443/up",
        "https://xn--bcher-kva.example/1",
        "https://93.184.216.34/1",
        "https://[2606:2800:220:1::1]/1",
    ],
)
def test_public_https_addresses_are_taken(endpoint: str) -> None:
    assert is_taken(STRICT, endpoint)
    assert not is_taken(STRICT, endpoint.replace("https", "http"))


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
    assert is_taken(LOOSE, endpoint)
    assert not is_taken(STRICT, endpoint)


@pytest.mark.parametrize("endpoint", ["http://push.example/1", "https://10.0.0.1/1"])
def test_allowing_loopback_allows_nothing_else(endpoint: str) -> None:
    with pytest.raises(PushEndpointRefused):
        LOOSE.check(endpoint)


@pytest.mark.parametrize("port", [1, 22, 80, 8443, 65_535])
def test_no_port_but_443_is_taken(port: int) -> None:
    with pytest.raises(PushEndpointRefused):
        STRICT.check(f"https://push.example:{port}/1")
    with pytest.raises(PushEndpointRefused):
        STRICT.check(f"https://93.184.216.34:{port}/1")
    with pytest.raises(AddressRefused):
        STRICT.check_address("93.184.216.34", port)


def test_a_port_that_an_operator_adds_is_taken() -> None:
    rule = EndpointRule(ports=[8443])

    for port in (443, 8443):
        rule.check(f"https://push.example:{port}/1")
        rule.check_address("93.184.216.34", port)
    with pytest.raises(PushEndpointRefused):
        rule.check("https://push.example:8444/1")


@pytest.mark.parametrize("host", ["[fec0::1]", "192.0.0.8", "[2606:2800:220:1::1%25eth0]"])
def test_what_some_pythons_call_global_is_refused(host: str) -> None:
    with pytest.raises(PushEndpointRefused):
        STRICT.check(f"https://{host}/1")


@pytest.mark.parametrize(
    "name", ["a" * 64 + ".example", "a." * 130 + "example", "a..example", ".example", "-.example"]
)
def test_a_name_that_no_resolver_accepts_is_refused(name: str) -> None:
    with pytest.raises(PushEndpointRefused):
        STRICT.check(f"https://{name}/1")
