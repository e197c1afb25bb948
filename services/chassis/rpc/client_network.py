"""The network that a request came from, as the gateway saw it.

The gateway sends it along as metadata of the calls that need it. Services believe it because only
the mesh reaches them; no header of a client becomes this metadata.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

METADATA = "roost-client-network"

# An IPv4 address, or the /64 of an IPv6 address.
_network: ContextVar[str] = ContextVar("client network", default="")


def network() -> str:
    """The client's network; empty where the caller named none."""
    return _network.get()


def begin(network: str) -> None:
    """Sets the client's network of the running task, for as long as the task lives."""
    _network.set(network)


@contextmanager
def within(network: str) -> Iterator[None]:
    """Sets the client's network for the length of the block."""
    token = _network.set(network)
    try:
        yield
    finally:
        _network.reset(token)
