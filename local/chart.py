"""Writes charts/roost/files/: what the chart takes from envoy/, from charts/dashboards/ and from
the manifests of services.

``python -m local.chart`` writes the files; with ``--check`` it only compares and fails if they
differ. Helm reads no file outside of a chart, so the chart has copies.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from local import envoy_template
from local.cluster_secrets import GATEWAY, key_of
from local.generated import write_or_compare
from local.rules import objective_rules
from services.chassis.runtime.manifest import Engine, Manifest, deployed, streams
from services.chassis.runtime.settings import PREFIX

FOLDER = Path(__file__).parents[1] / "charts" / "roost" / "files"
DASHBOARDS = FOLDER.parents[1] / "dashboards"
# Folders of Envoy's pod: its configuration, and the certificates of both kinds.
_CONFIGURATION = "/etc/envoy"
_EDGE_CERTIFICATE = "/etc/roost/edge"
_MESH_CERTIFICATE = "/etc/roost/tls"
NOTE = "# Written by `make chart-files` from the services' manifests and envoy/; do not edit.\n"
OBJECTIVES_NOTE = "# Written by `make chart-files` from local/objectives.py; do not edit.\n"


def files() -> dict[str, str]:
    """Return the text of each file by its name. JSON is YAML, which the chart parses."""
    services = [each for each in deployed() if each.processes]
    return {
        "envoy.yaml": NOTE + envoy_template.template(services),
        "envoy-defaults.yaml": NOTE + _yaml(envoy_template.defaults(services)),
        "rate-limits.yaml": NOTE + envoy_template.rate_limits(),
        "rate-limit-settings.yaml": NOTE + _yaml(envoy_template.rate_limit_settings()),
        "objectives.yaml": OBJECTIVES_NOTE + objective_rules(),
        "envoy-tls.yaml": NOTE + _yaml(_envoy_tls(services)),
        "envoy-tracers.yaml": NOTE + _yaml(envoy_template.tracers("${TRACES_BELOW}")),
        "services.yaml": NOTE + _yaml({each.noun: _described(each) for each in services}),
        **_dashboards(),
        "settings.yaml": NOTE
        + _yaml({name: variables(settings_of(name)) for name in _owners(services)}),
    }


def main(arguments: list[str]) -> int:
    """Write or compare; returns the exit code."""
    return write_or_compare(FOLDER, files(), arguments=arguments, target="chart-files")


def _envoy_tls(services: Sequence[Manifest]) -> dict[str, dict[str, dict[str, str]]]:
    """What Envoy needs for TLS of the edge and of the mesh: `settings` replace values of
    envoy-defaults.yaml; `files` are in its configuration folder."""
    edge, mesh, authority = "edge-certificate.json", "mesh-certificate.json", "authority.json"
    return {
        "edge": {
            "settings": envoy_template.edge_tls(f"{_CONFIGURATION}/{edge}"),
            "files": {
                edge: envoy_template.certificate_secret(
                    envoy_template.EDGE_CERTIFICATE, _EDGE_CERTIFICATE
                ),
            },
        },
        "mesh": {
            "settings": envoy_template.mutual_tls(
                services,
                certificate=f"{_CONFIGURATION}/{mesh}",
                authority=f"{_CONFIGURATION}/{authority}",
            ),
            "files": {
                mesh: envoy_template.certificate_secret(
                    envoy_template.MESH_CERTIFICATE, _MESH_CERTIFICATE
                ),
                authority: envoy_template.authority_secret(_MESH_CERTIFICATE),
            },
        },
    }


def _dashboards() -> dict[str, str]:
    """The dashboards, without the spaces that make them readable."""
    return {
        f"dashboard-{file.name}": json.dumps(json.loads(file.read_text()), separators=(",", ":"))
        + "\n"
        for file in sorted(DASHBOARDS.glob("*.json"))
    }


def _described(service: Manifest) -> dict[str, Any]:
    return {
        "processes": [str(each) for each in service.processes],
        "engines": [str(each) for each in service.engines],
        "distributable": Engine.POSTGRES in service.engines and service.sharding is not None,
        "groups": {group.name: list(group.topics) for group in service.consumer_groups},
        "dedicated_connections": {
            str(process): number for process, number in service.dedicated_connections.items()
        },
        "streams": streams([service]),
        "worker_numbers": [str(each) for each in service.worker_numbers],
        "secrets": {name: key_of(name) for name in service.secrets},
        "keys": {name: key_of(name) for name in service.keys},
    }


def settings_of(owner: str) -> type[BaseSettings]:
    """Return the class of the settings of a service's processes, or of the gateway's."""
    package = GATEWAY if owner == GATEWAY else f"services.{owner}"
    module = importlib.import_module(f"{package}.settings")
    found: type[BaseSettings] = getattr(module, f"{owner.title()}Settings")
    return found


def variables(settings: type[BaseSettings]) -> list[str]:
    """Return the environment variables that a process reads."""
    return sorted(PREFIX + name.upper() for name in settings.model_fields)


def _owners(services: Iterable[Manifest]) -> list[str]:
    return [GATEWAY, *(each.noun for each in services)]


def _yaml(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
