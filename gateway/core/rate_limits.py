"""Token buckets for what the edge cannot tell from outside: changes, and how much a document costs.

Those of changes are as large as the edge's own for the same things (envoy/README.md). Each is a
process's own.
"""

from ipaddress import ip_address, ip_network

from services.chassis.runtime.token_buckets import Buckets, RateLimited

__all__ = ["Buckets", "RateLimited", "rate_limit_key"]


def rate_limit_key(address: str) -> str:
    """Whom an address belongs to: in IPv6 a rate_limit_key has 2^64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ip_network((found, 64), strict=False))
