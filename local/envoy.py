"""Renders envoy/envoy.yaml, the one Envoy configuration, for the addresses of a topology."""

import json
from collections.abc import Iterable, Mapping
from string import Template


def endpoints(addresses: Iterable[str]) -> str:
    """Write host:port addresses as the YAML list that a *_ENDPOINTS placeholder takes.

    A host is an IP (an IPv6 one in brackets) or a name, each of whose addresses is an endpoint.
    No address gives an empty list: calls of that service are answered UNAVAILABLE at once.
    """
    return json.dumps([{"endpoint": {"address": _socket_address(each)}} for each in addresses])


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill every ${NAME} of a template; a name without a value raises KeyError."""
    return Template(text).substitute(values)


def defaults(text: str) -> dict[str, str]:
    """Read envoy/defaults.env: the values that a topology need not give."""
    pairs = (line.partition("=") for line in text.splitlines() if line and line[0] != "#")
    return {name: value for name, _, value in pairs}


def _socket_address(address: str) -> dict[str, dict[str, str | int]]:
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdigit()):
        raise ValueError(f"Not host:port: {address!r}")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}
