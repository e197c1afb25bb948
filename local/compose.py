"""Writes charts/compose/: what charts/compose.yaml takes from envoy/ and from the manifests.

``python -m local.compose`` writes the files; with ``--check`` it only compares and fails if they
differ. Parts are reached at their names in compose.yaml.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local import rules
from local.envoy_template import (
    defaults,
    endpoints,
    endpoints_name,
    object_store,
    render,
    template,
    tracing,
)
from local.generated import write_or_compare
from local.parts.seaweedfs import MEDIA_BUCKET, REGION
from local.prometheus import ENVOY, GATEWAY, Target, configuration
from services.chassis.runtime.manifest import Manifest, Process, deployed

FOLDER = Path(__file__).parents[1] / "charts" / "compose"
NOTE = "# Written by `make compose-files` from the services' manifests and envoy/; do not edit.\n"

STORE = "http://seaweedfs:8333"
GRPC_PORT, HTTP_PORT, ADMIN_PORT = 7000, 8000, 9090
PORTS = {
    "EDGE": 8080,
    "MEDIA": 8081,
    "MESH": 9000,
    "ADMIN": 9901,
    "PROBES": 9902,
    "PURGES": 9903,
}


def services() -> list[Manifest]:
    """Return the services that have processes."""
    return [each for each in deployed() if each.processes]


def processes() -> list[str]:
    """Return the names of Roost's processes in compose.yaml."""
    return [
        *(f"{each.noun}-{process}" for each in services() for process in each.processes),
        GATEWAY,
    ]


def envoy(environ: Mapping[str, str]) -> str:
    """Return Envoy's configuration. With ROOST_OTLP_ENDPOINT and ROOST_TRACE_RATIO it records
    traces."""
    values = defaults() | {
        "ADMIN_SOCKET": "/run/envoy/admin.sock",
        # Prometheus reads the admin page by the name of the part.
        "ADMIN_HOST": "(localhost|envoy)",
        "MEDIA_S3_CREDENTIALS_FILE": "/etc/roost/media-store.credentials",
        "MEDIA_PATH_KEYS_FILE": "/etc/roost/media-path-keys.json",
        "MEDIA_CACHE_FOLDER": "/var/cache/roost-media",
        "GATEWAY_ENDPOINTS": endpoints([f"gateway:{HTTP_PORT}"]),
        **object_store(STORE, bucket=MEDIA_BUCKET, region=REGION),
    }
    values |= tracing(
        environ.get("ROOST_OTLP_ENDPOINT", ""), ratio=float(environ.get("ROOST_TRACE_RATIO") or 0)
    )
    for name, port in PORTS.items():
        values |= {f"{name}_ADDRESS": "0.0.0.0", f"{name}_PORT": str(port)}  # noqa: S104
    for each in services():
        if Process.SERVE in each.processes:
            values[endpoints_name(each.noun)] = endpoints([f"{each.noun}-serve:{GRPC_PORT}"])
    return render(template(), values)


def prometheus() -> str:
    """Return Prometheus' configuration. An instance is a part of compose.yaml."""
    named = [(name, *name.partition("-")[::2]) for name in processes()]
    targets = [
        Target(name, owner, Process(process or Process.SERVE), f"{name}:{ADMIN_PORT}")
        for name, owner, process in named
    ]
    envoy_admin = Target(ENVOY, ENVOY, None, f"{ENVOY}:{PORTS['ADMIN']}")
    return configuration([*targets, envoy_admin], interval="15s", rules=["rules.yaml"])


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        "envoy.yaml": NOTE + envoy(os.environ),
        "prometheus.yaml": NOTE + prometheus(),
        "rules.yaml": NOTE + rules.text(),
    }


def main(arguments: list[str]) -> int:
    """Write or compare; returns the exit code."""
    return write_or_compare(FOLDER, files(), arguments=arguments, target="compose-files")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
