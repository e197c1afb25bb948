"""The configuration of a Prometheus that scrapes Roost: where, how often, and with which labels.

The labels are the same in every topology: `job` is `roost-` and the service, the gateway or Envoy,
as in traces; `process` is `serve` or `work`, and Envoy has none; `instance` is the name that the
platform gives to the process. docs/monitoring.md describes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from local.parts.processes import JOINED
from local.process_runner import PartStatus
from services.chassis.runtime.manifest import Process, deployed

ENVOY = "envoy"
GATEWAY = "gateway"
ENVOY_PATH = "/stats/prometheus"


@dataclass(frozen=True)
class Target:
    """A process that Prometheus scrapes at ``address``. ``owner`` is a service, all services, the
    gateway or Envoy."""

    instance: str
    owner: str
    process: Process | None
    address: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels of each of its series."""
        process = {"process": str(self.process)} if self.process else {}
        return {"job": f"roost-{self.owner}", **process, "instance": self.instance}


def configuration(targets: Iterable[Target], *, interval: str, rules: Sequence[str] = ()) -> str:
    """Return the configuration that scrapes the targets and evaluates the files of rules, in JSON,
    which is YAML."""
    every = list(targets)
    settings = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": list(rules),
        "scrape_configs": [
            {
                "job_name": "roost",
                "static_configs": _static(each for each in every if each.owner != ENVOY),
            },
            {
                "job_name": f"roost-{ENVOY}",
                "metrics_path": ENVOY_PATH,
                "static_configs": _static(each for each in every if each.owner == ENVOY),
            },
        ],
    }
    return json.dumps(settings, indent=2) + "\n"


def targets_of(parts: Sequence[PartStatus]) -> list[Target]:
    """Return the targets among the parts of a one-machine stack. Its engines have no metrics."""
    found = []
    for part in parts:
        name = re.sub(r"-\d+$", "", part.name)
        if part.admin is not None and name in _owners():
            owner, process = _owners()[name]
            found.append(Target(part.name, owner, process, part.admin))
    return found


def _owners() -> dict[str, tuple[str, Process | None]]:
    """Return the owner and the process of each part, by the name of its first instance."""
    names: dict[str, tuple[str, Process | None]] = {
        ENVOY: (ENVOY, None),
        GATEWAY: (GATEWAY, Process.SERVE),
    }
    for service in deployed():
        names[service.noun] = (service.noun, Process.SERVE)
        names[f"{service.noun}-{Process.WORK}"] = (service.noun, Process.WORK)
    # Those of a small stack, which are of all services.
    names[JOINED] = (JOINED, Process.SERVE)
    names[f"{JOINED}-{Process.WORK}"] = (JOINED, Process.WORK)
    return names


def _static(targets: Iterable[Target]) -> list[dict[str, Any]]:
    return [{"targets": [each.address], "labels": each.labels} for each in targets]
