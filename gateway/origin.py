"""Where a request comes from."""

from gateway.rest.dispatch import HEADERS, Scope


def address_of(scope: Scope) -> str:
    """The client's address: as the edge saw it, or else that of the connection."""
    seen = scope[HEADERS].get(b"x-envoy-external-address")
    if seen is not None:
        return str(seen.decode("latin-1"))
    client = scope.get("client")
    return str(client[0]) if client else ""
