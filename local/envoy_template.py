"""Fills envoy/envoy.yaml with the services of the manifests and the addresses of a topology.

`python -m local.envoy_template` prints the file with the services of this checkout; a topology can
then fill the remaining `${NAME}` placeholders with a shell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from services.chassis.runtime.manifest import Manifest, RouteFamily, deployed
from services.chassis.runtime.sampling import sampled_below

FOLDER = Path(__file__).parents[1] / "envoy"
# The cluster of the routes that wait for no service, and the start of the names of all families.
GATEWAY = "gateway"
# Every version of the API has the same families.
VERSIONS = "/v[12]/"
# Of Debian, Ubuntu, Alpine and the images of Envoy.
SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"

MESH_TRANSPORT = "MESH_TRANSPORT"
# The names of Envoy's secrets: the certificates of the edge and of the mesh, and its authority.
EDGE_CERTIFICATE = "edge"
MESH_CERTIFICATE = "mesh"
AUTHORITY = "authority"

_BLOCK = re.compile(r"^ *#: each ([A-Za-z ]+)\n(.*?)^ *#: end\n", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"([a-z0-9-]+|\*)(/([a-z0-9-]+|\*))*")

Values = Mapping[str, str]


def template(services: Sequence[Manifest] | None = None) -> str:
    """Return envoy/envoy.yaml with every `#: each …` block repeated for these services, or for
    those of this checkout. Placeholders of addresses and limits remain.

    Raises ValueError if families of routes cannot be put in an order, or if two services own the
    same package of the contracts.
    """
    known = deployed() if services is None else services
    blocks: dict[str, list[Values]] = {
        "password route": _password_routes(known),
        "slow route": _slow_routes(known),
        "family of paths": _families_of_paths(known),
        "family": _clusters_of_families(known),
        "unbounded RPC": _unbounded_rpcs(known),
        "package": _packages(known),
        "service": [
            {
                "SERVICE": each.noun,
                "SERVICE_ENDPOINTS": f"${{{endpoints_name(each.noun)}}}",
                "SERVICE_TRANSPORT": f"${{{transport_name(each.noun)}}}",
            }
            for each in known
        ],
    }

    def repeated(block: re.Match[str]) -> str:
        lines = Template(block[2])
        return "".join(lines.safe_substitute(values) for values in blocks[block[1]])

    return _BLOCK.sub(repeated, (FOLDER / "envoy.yaml").read_text())


def defaults(services: Sequence[Manifest] | None = None) -> dict[str, str]:
    """Return the values that a topology need not give: those of envoy/defaults.env, no endpoint of
    any service, and plain text between Envoy and all others."""
    known = deployed() if services is None else services
    nowhere = {endpoints_name(each.noun): endpoints([]) for each in known}
    plain = dict.fromkeys((*_inside(known), "COLLECTOR_TRANSPORT"), json.dumps(_PLAIN_TEXT))
    edge = {"EDGE_TRANSPORT": json.dumps(_PLAIN_TEXT), "EDGE_HSTS_OFF": "true"}
    return nowhere | plain | edge | variables((FOLDER / "defaults.env").read_text())


def rate_limits() -> str:
    """Return envoy/rate-limits.yaml: the limits of the rate limit service, with placeholders of
    the same values."""
    return (FOLDER / "rate-limits.yaml").read_text()


def rate_limit_settings() -> dict[str, str]:
    """Return the environment of the rate limit service, without addresses and files."""
    return variables((FOLDER / "rate-limits.env").read_text())


def endpoints_name(noun: str) -> str:
    """Return the name of the placeholder for the endpoints of a service, or of the gateway."""
    return f"{noun.upper()}_ENDPOINTS"


def endpoints(addresses: Iterable[str]) -> str:
    """Write host:port addresses as the YAML list that a *_ENDPOINTS placeholder takes.

    A host is an IP (an IPv6 one in brackets) or a name, each of whose addresses is an endpoint.
    No address gives an empty list: Envoy then answers calls of that service UNAVAILABLE at once.
    """
    return json.dumps([{"endpoint": {"address": _socket_address(each)}} for each in addresses])


def transport_name(noun: str) -> str:
    """Return the name of the placeholder for the transport to a service, or to the gateway."""
    return f"{noun.upper()}_TRANSPORT"


def edge_tls(certificate: str) -> dict[str, str]:
    """Return the placeholders of TLS for clients of the edge and of media.

    ``certificate`` is the file of ``certificate_secret(EDGE_CERTIFICATE, …)``.
    """
    context = {
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": [_by_file(EDGE_CERTIFICATE, certificate)],
        }
    }
    return {
        "EDGE_TRANSPORT": json.dumps(_transport("tls", "tls.v3.DownstreamTlsContext", context)),
        "EDGE_HSTS_OFF": "false",
    }


def mutual_tls(
    services: Sequence[Manifest] | None = None, *, certificate: str, authority: str
) -> dict[str, str]:
    """Return the placeholders of mutual TLS between Envoy, the gateway and the services.

    The certificate of each process has its noun as a DNS name. ``certificate`` and ``authority``
    are the files of ``certificate_secret(MESH_CERTIFICATE, …)`` and ``authority_secret(…)``.
    """
    own = [_by_file(MESH_CERTIFICATE, certificate)]
    trusted = _by_file(AUTHORITY, authority)
    tls_13 = {
        "tls_minimum_protocol_version": "TLSv1_3",
        "tls_maximum_protocol_version": "TLSv1_3",
    }

    def to(noun: str) -> dict[str, Any]:
        names = [{"san_type": "DNS", "matcher": {"exact": noun}}]
        common = {
            "tls_params": tls_13,
            "alpn_protocols": ["http/1.1" if noun == GATEWAY else "h2"],
            "tls_certificate_sds_secret_configs": own,
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": names},
                "validation_context_sds_secret_config": trusted,
            },
        }
        context = {"sni": noun, "common_tls_context": common}
        return _transport("tls", "tls.v3.UpstreamTlsContext", context)

    listener = {
        "require_client_certificate": True,
        "common_tls_context": {
            "tls_params": tls_13,
            "alpn_protocols": ["h2"],
            "tls_certificate_sds_secret_configs": own,
            "validation_context_sds_secret_config": trusted,
        },
    }
    known = deployed() if services is None else services
    nouns = (GATEWAY, *(each.noun for each in known))
    return {
        MESH_TRANSPORT: json.dumps(_transport("tls", "tls.v3.DownstreamTlsContext", listener)),
        **{transport_name(noun): json.dumps(to(noun)) for noun in nouns},
    }


def certificate_secret(name: str, folder: str) -> str:
    """Return the file from which Envoy takes tls.crt and tls.key of a folder, again whenever files
    are moved into it."""
    files = {
        "certificate_chain": {"filename": f"{folder}/tls.crt"},
        "private_key": {"filename": f"{folder}/tls.key"},
        "watched_directory": {"path": folder},
    }
    return _secret(name, {"tls_certificate": files})


def authority_secret(folder: str) -> str:
    """Return the file from which Envoy takes ca.crt of a folder, in the same way."""
    files = {
        "trusted_ca": {"filename": f"{folder}/ca.crt"},
        "watched_directory": {"path": folder},
    }
    return _secret(AUTHORITY, {"validation_context": files})


def object_store(endpoint: str, *, bucket: str, region: str) -> dict[str, str]:
    """Return the MEDIA_S3_ placeholders of an S3 endpoint, except for the file of credentials.

    ``endpoint`` is such as https://s3.eu-central-1.amazonaws.com; the bucket becomes the first part
    of the path. Certificates are verified by the system's authorities.
    """
    where = urlsplit(endpoint)
    host, tls = where.hostname or "", where.scheme == "https"
    return {
        "MEDIA_S3_ENDPOINTS": endpoints([f"{host}:{where.port or (443 if tls else 80)}"]),
        "MEDIA_S3_HOST": where.netloc,
        "MEDIA_S3_PREFIX": f"/{bucket}",
        "MEDIA_S3_REGION": region,
        "MEDIA_S3_TRANSPORT": json.dumps(_tls(host) if tls else _PLAIN_TEXT),
    }


def tracing(endpoint: str, *, ratio: float) -> dict[str, str]:
    """Return the placeholders of traces that are sent to an OTLP endpoint, or of none.

    ``endpoint`` and ``ratio`` are those of the processes, such as http://collector:4317 and 0.01.
    """
    if not endpoint or not ratio:
        return {}
    where = urlsplit(endpoint)
    host, tls = where.hostname or "", where.scheme == "https"
    return tracers(sampled_below(ratio)) | {
        "COLLECTOR_ENDPOINTS": endpoints([f"{host}:{where.port or (443 if tls else 80)}"]),
        "COLLECTOR_TRANSPORT": json.dumps(_tls(host) if tls else _PLAIN_TEXT),
    }


def tracers(below: str) -> dict[str, str]:
    """Return the placeholders of the edge's and the mesh's tracer.

    The edge records a request whose id is below ``below`` (see ``sampling.sampled_below``). The
    mesh records a call whose caller does.
    """
    smaller = {
        "call_expr": {
            "function": "_<_",
            "args": [
                {"select_expr": {"operand": {"ident_expr": {"name": "request"}}, "field": "id"}},
                {"const_expr": {"string_value": below}},
            ],
        }
    }
    by_id = _sampler("cel", "CELSampler", expression={"cel_expr_parsed": {"expr": smaller}})
    none = _sampler(
        "trace_id_ratio_based", "TraceIdRatioBasedSampler", sampling_percentage={"numerator": 0}
    )
    edge = _tracer("edge", "%REQ(:METHOD)%", sampler=by_id)
    # Paths of clients have ids and searches in them. The span of the gateway has the route.
    edge["max_path_tag_length"] = 0
    by_caller = _sampler("parent_based", "ParentBasedSampler", wrapped_sampler=none)
    mesh = _tracer("mesh", "%REQ(:PATH)%", sampler=by_caller)
    return {"EDGE_TRACING": json.dumps(edge), "MESH_TRACING": json.dumps(mesh)}


def _sampler(name: str, kind: str, **settings: Any) -> dict[str, Any]:
    folder = "type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3"
    return {
        "name": f"envoy.tracers.opentelemetry.samplers.{name}",
        "typed_config": {"@type": f"{folder}.{kind}Config", **settings},
    }


def _tracer(name: str, operation: str, *, sampler: dict[str, Any]) -> dict[str, Any]:
    return {
        "operation": operation,
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                "service_name": f"roost-{name}",
                "grpc_service": {"envoy_grpc": {"cluster_name": "collector"}, "timeout": "2s"},
                "sampler": sampler,
            },
        },
    }


def render(text: str, values: Values) -> str:
    """Fill every ${NAME} of a template; a name without a value raises KeyError."""
    return Template(text).substitute(values)


def variables(text: str) -> dict[str, str]:
    """Read lines NAME=value, as in envoy/defaults.env."""
    pairs = (line.partition("=") for line in text.splitlines() if line and line[0] != "#")
    return {name: value for name, _, value in pairs}


def families(services: Sequence[Manifest]) -> list[RouteFamily]:
    """Return the families of all services, merged by name.

    A family with a path below a path of another family comes first, because Envoy takes the first
    route that matches. Raises ValueError if no order satisfies this.
    """
    merged: dict[str, RouteFamily] = {}
    for each in (family for service in services for family in service.route_families):
        before = merged.get(each.name, RouteFamily(each.name))
        merged[each.name] = RouteFamily(
            each.name,
            paths=before.paths + each.paths,
            password_routes=before.password_routes + each.password_routes,
            slow_routes=before.slow_routes + each.slow_routes,
        )
    after = {
        name: [
            other
            for other, more_specific in sorted(merged.items())
            if other != name and _is_below(more_specific.paths, family.paths)
        ]
        for name, family in sorted(merged.items())
    }
    return [merged[name] for name in TopologicalSorter(after).static_order()]


def _password_routes(services: Sequence[Manifest]) -> list[Values]:
    return [
        {
            "PASSWORD_PATH": VERSIONS + _checked(route.path),
            "PASSWORD_METHOD": route.method,
            "PASSWORD_CLASS": "writes" if route.signed_in else "login",
            "PASSWORD_CLUSTER": _cluster(family),
        }
        for family in families(services)
        for route in family.password_routes
    ]


def _slow_routes(services: Sequence[Manifest]) -> list[Values]:
    return [
        {
            "SLOW_PATH": VERSIONS + _checked(route.path).replace("*", "[^/]+"),
            "SLOW_METHOD": route.method,
            "SLOW_CLASS": "reads" if route.method == "GET" else "writes",
            "SLOW_CLUSTER": _cluster(family),
            "SLOW_SECONDS": str(route.seconds),
        }
        for family in families(services)
        for route in family.slow_routes
    ]


def _families_of_paths(services: Sequence[Manifest]) -> list[Values]:
    found = [
        {"FAMILY_PATHS": _pattern(family.paths), "FAMILY_CLUSTER": _cluster(family)}
        for family in families(services)
        if family.paths
    ]
    return [*found, {"FAMILY_PATHS": "/.*", "FAMILY_CLUSTER": GATEWAY}]


def _clusters_of_families(services: Sequence[Manifest]) -> list[Values]:
    return [{"FAMILY_CLUSTER": _cluster(family)} for family in families(services)]


def _unbounded_rpcs(services: Sequence[Manifest]) -> list[Values]:
    return [
        {"UNBOUNDED_RPC": stream, "UNBOUNDED_CLUSTER": service.noun}
        for service in services
        for offered in service.grpc_services
        for stream in offered.streams
    ]


def _packages(services: Sequence[Manifest]) -> list[Values]:
    owners: dict[str, str] = {}
    for service in services:
        for offered in service.grpc_services:
            owner = owners.setdefault(offered.package, service.noun)
            if owner != service.noun:
                raise ValueError(f"{offered.package} is served by {owner} and {service.noun}")
    return [{"PACKAGE": package, "PACKAGE_CLUSTER": noun} for package, noun in owners.items()]


def _cluster(family: RouteFamily) -> str:
    return f"{GATEWAY}_{family.name}"


def _pattern(paths: Iterable[str]) -> str:
    each = "|".join(_checked(path).replace("*", "[^/]+") for path in paths)
    return f"{VERSIONS}({each})(/.*)?"


def _checked(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError(f"Not a path of a route: {path!r}")
    return path


def _is_below(paths: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of the paths lies below one of the others."""
    return any(
        len(path) > len(other)
        and all("*" in pair or pair[0] == pair[1] for pair in zip(path, other, strict=False))
        for path in (each.split("/") for each in paths)
        for other in (each.split("/") for each in others)
    )


def _inside(services: Sequence[Manifest]) -> list[str]:
    """The placeholders of transports between Envoy and Roost's processes."""
    nouns = (GATEWAY, *(each.noun for each in services))
    return [MESH_TRANSPORT, *(transport_name(noun) for noun in nouns)]


def _by_file(name: str, file: str) -> dict[str, Any]:
    source = {"path_config_source": {"path": file}, "resource_api_version": "V3"}
    return {"name": name, "sds_config": source}


def _secret(name: str, content: dict[str, Any]) -> str:
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    return json.dumps({"resources": [{"@type": kind, "name": name, **content}]})


def _tls(host: str) -> dict[str, Any]:
    authorities = {
        "trusted_ca": {"filename": SYSTEM_AUTHORITIES},
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}],
    }
    context = {"sni": host, "common_tls_context": {"validation_context": authorities}}
    return _transport("tls", "tls.v3.UpstreamTlsContext", context)


def _transport(name: str, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    kind = f"type.googleapis.com/envoy.extensions.transport_sockets.{kind}"
    return {
        "name": f"envoy.transport_sockets.{name}",
        "typed_config": {"@type": kind, **settings},
    }


_PLAIN_TEXT = _transport("raw_buffer", "raw_buffer.v3.RawBuffer", {})


def _socket_address(address: str) -> dict[str, dict[str, str | int]]:
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdigit()):
        raise ValueError(f"Not host:port: {address!r}")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


if __name__ == "__main__":
    print(template(), end="")
