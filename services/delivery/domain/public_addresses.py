"""Decides which IP addresses belong to hosts of the public internet, by a list of its own.

Python's `is_global` follows the registries at the time of that Python's release. An older Python
accepts addresses that were reserved since, and some that it never excluded (site-local addresses).
Sources: IANA's IPv4 and IPv6 Special-Purpose Address Registries and its IPv6 address space
registry.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# The whole registry, also the blocks that it marks as globally reachable: none has push services.
SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared with a provider
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # not in the registry: internal services of a cloud provider
            "169.254.0.0/16",  # link-local, metadata of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments: DS-Lite, 192.0.0.8, NAT64 discovery, PCP, TURN
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and the broadcast address
        ),
    )
)
# Global unicast. No other part of IPv6 is assigned to hosts of the public internet.
GLOBAL_IPV6 = IPv6Network("2000::/3")
SPECIAL_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "::/128",  # unspecified
            "::1/128",  # loopback
            "::/96",  # IPv4-compatible
            "::ffff:0:0/96",  # IPv4-mapped
            "::ffff:0:0:0/96",  # IPv4-translated
            "64:ff9b:1::/48",  # NAT64 of a local network
            "100::/64",  # discarded
            "100:0:0:1::/64",  # dummy prefix
            "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID, AMT, AS112, DETs
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
            "5f00::/16",  # segment identifiers
            "fc00::/7",  # unique local
            "fe80::/10",  # link-local
            "fec0::/10",  # site-local
            "ff00::/8",  # multicast
        ),
    )
)
# IPv4 behind a translator (RFC 6052): in an IPv6-only network names resolve to these addresses,
# which embed the IPv4 address that they reach.
NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is one host of the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in SPECIAL_IPV4)
    if address.scope_id is not None:
        return False
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in GLOBAL_IPV6 and not any(address in block for block in SPECIAL_IPV6)
