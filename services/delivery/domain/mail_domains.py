"""Registrable domains: the part of a name that one owner registers, by the public suffix list.

The list is part of the library's wheel; nothing is fetched.
"""

from functools import lru_cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList


def registrable_domain(host: str) -> str:
    """`example.co.uk` for `a.b.example.co.uk`, in lower case. A host that has no registrable
    domain (a public suffix, a name without a dot, an IP address) is returned as it is."""
    name = host.lower().rstrip(".")
    if _is_address(name):
        return name
    return _suffixes().privatesuffix(name) or name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    # Loading the list takes 0.1 s, so a process does it once, on first use.
    return PublicSuffixList()
