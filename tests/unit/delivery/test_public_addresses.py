"""Every block that is reserved for something is refused, from its first address to its last."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from services.delivery.domain.public_addresses import is_public

# IANA's Special-Purpose Address Registries, written independently of the rule.
RESERVED = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "168.63.129.16/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    # Not assigned: only 2000::/3 and NAT64 are.
    "200::/7",
    "400::/6",
    "4000::/3",
    "8000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fe00::/9",
]


@pytest.mark.parametrize("block", RESERVED)
def test_the_first_and_the_last_address_of_a_reserved_block_are_refused(block: str) -> None:
    network = ip_network(block)

    assert not is_public(network[0])
    assert not is_public(network[-1])


@pytest.mark.parametrize("block", [each for each in RESERVED if "." in each])
def test_a_reserved_address_is_refused_behind_every_translator(block: str) -> None:
    network = ip_network(block)
    for inner in (int(network[0]), int(network[-1])):
        wrapped = {
            "mapped": 0xFFFF << 32 | inner,
            "compatible": inner,
            "NAT64": 0x64_FF9B << 96 | inner,
            "6to4": 0x2002 << 112 | inner << 80,
            "Teredo": 0x2001_0000 << 96 | inner << 64 | 0xFFFF_FFFF ^ inner,
        }
        for kind, number in wrapped.items():
            assert not is_public(IPv6Address(number)), kind


@pytest.mark.parametrize(
    "text", ["::ffff:93.184.216.34", "2002:5db8:d822::1", "::93.184.216.34", "2001:0:5db8:d822::1"]
)
def test_an_address_in_a_wrapping_that_no_resolver_gives_is_refused(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::",
        "2003::",
        "2606:2800:220:1::1",
        "3ffe::",
        "64:ff9b::5db8:d822",
    ],
)
def test_what_lies_beside_a_reserved_block_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_an_address_with_a_zone_is_refused() -> None:
    assert not is_public(IPv6Address("2606:2800:220:1::1%eth0"))


def test_addresses_are_judged_by_our_list_and_not_by_pythons() -> None:
    older = IPv4Address("192.0.0.8")

    assert not is_public(older)
