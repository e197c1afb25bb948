"""A release of the chart in a namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.kube.control_plane import Completed, ControlPlane, wait
from tests.kube.metrics import COMPONENT

CHART = Path(__file__).parents[2] / "charts" / "roost"
NAME = "roost"

# What has no default. Pods count as available at once: nothing here has to find their addresses.
REQUIRED = {
    "minReadySeconds": 0,
    "publicUrl": "https://roost.test",
    "mediaUrl": "https://media.roost.test",
    "kafka": {"brokers": ["kafka.engines:9092"]},
    "s3": {"endpoint": "https://s3.test"},
}
# Jobs are not tried again: the controller would wait for half a minute in all.
ONE_TRY = {"migrations": {"backoffLimit": 0}, "kafka": {"topics": {"backoffLimit": 0}}}
# What `roost secrets` makes of these has all keys that the chart can use.
ENGINES = {
    "database-url": "postgresql://roost_{service}:secret@postgres.engines/roost_{service}",
    "redis-url": "redis://:secret@valkey.engines:6379/0",
    "s3-access-key": "writer",
    "s3-secret-key": "secret",
    "s3-reader-access-key": "reader",
    "s3-reader-secret-key": "secret",
    "kafka-username": "roost",
    "kafka-password": "secret",
    "opensearch-username": "roost",
    "opensearch-password": "secret",
    "rate-limits-redis-url": "redis://:secret@limits.engines:6379/0",
}


class Release:
    """Installs, upgrades and describes the release `roost`."""

    def __init__(self, plane: ControlPlane, namespace: str, folder: Path) -> None:
        self.plane = plane
        self.namespace = namespace
        self._values = folder / "values.json"

    def make_secrets(self, *, without: Collection[str] = ()) -> None:
        """Creates the Secrets of all owners but these."""
        left_out = {f"{NAME}-{owner}" for owner in without}
        wanted = [each for each in secrets() if each["metadata"]["name"] not in left_out]
        self.plane.apply(*(_in(self.namespace, each) for each in wanted))

    def install(self, values: Mapping[str, Any] | None = None, *, limit: int = 120) -> Completed:
        """Installs the chart, and waits for its objects for at most `limit` seconds."""
        return self._apply("install", merged(REQUIRED, values or {}), limit)

    def upgrade(self, values: Mapping[str, Any], *, limit: int = 120) -> Completed:
        """Upgrades with these values, over those that the release has."""
        return self._apply("upgrade", values, limit, "--reset-then-reuse-values")

    def helm(self, *arguments: str) -> Completed:
        """Runs a command of Helm in the namespace."""
        return self.plane.helm(*arguments, "--namespace", self.namespace)

    def _apply(self, command: str, values: Mapping[str, Any], limit: int, *more: str) -> Completed:
        self._values.write_text(json.dumps(values))
        options = ("--values", str(self._values), "--wait", "--timeout", f"{limit}s", *more)
        return self.helm(command, NAME, str(CHART), *options)

    def objects(self, kind: str) -> dict[str, dict[str, Any]]:
        """Returns the objects of a kind, `pods` or `apps/v1/deployments`, by their names."""
        listed = self.plane.get(self.path(kind))["items"]
        return {each["metadata"]["name"]: each for each in listed}

    def path(self, kind: str) -> str:
        """Returns the path of a kind in the API."""
        version, _, plural = kind.rpartition("/")
        prefix = f"/apis/{version}" if version else "/api/v1"
        return f"{prefix}/namespaces/{self.namespace}/{plural}"

    def deployments(self) -> dict[str, dict[str, Any]]:
        """Returns the Deployments by their components."""
        return {component(each): each for each in self.objects("apps/v1/deployments").values()}

    def pods(self, of: str | None = None) -> dict[str, dict[str, Any]]:
        """Returns the pods of Deployments that are not ending, by uid; all, or a component's."""
        return {
            pod["metadata"]["uid"]: pod
            for pod in self.objects("pods").values()
            if pod["spec"]["restartPolicy"] == "Always"
            and "deletionTimestamp" not in pod["metadata"]
            and of in (None, component(pod))
        }

    def settle(self) -> None:
        """Waits until each Deployment has the replicas that it wants, and no others."""
        wait(self._is_settled)

    def autoscalers(self) -> dict[str, dict[str, Any]]:
        """Returns the HorizontalPodAutoscalers by the names of what they scale."""
        listed = self.objects("autoscaling/v2/horizontalpodautoscalers").values()
        return {each["spec"]["scaleTargetRef"]["name"]: each for each in listed}

    def _is_settled(self) -> bool:
        scalers, deployments = self.autoscalers(), self.objects("apps/v1/deployments")
        return all(_settled(each) for each in deployments.values()) and all(
            deployments[name]["spec"]["replicas"] >= each["spec"]["minReplicas"]
            for name, each in scalers.items()
        )


def component(described: Mapping[str, Any]) -> str:
    """Returns the component that an object belongs to, or an empty string."""
    return str(described["metadata"].get("labels", {}).get(COMPONENT, ""))


@cache
def secrets() -> list[dict[str, Any]]:
    """Returns what `roost secrets` makes."""
    options = [word for key, value in ENGINES.items() for word in (f"--{key}", value)]
    program = Path(sys.executable).with_name("roost")
    command = [str(program), "secrets", "--release", NAME, *options]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    items: list[dict[str, Any]] = json.loads(made)["items"]
    return items


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of both, as Helm merges them."""
    both = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], Mapping) and isinstance(over[key], Mapping):
            both[key] = merged(base[key], over[key])
    return both


def _in(namespace: str, described: dict[str, Any]) -> dict[str, Any]:
    return {**described, "metadata": {**described["metadata"], "namespace": namespace}}


def _settled(deployment: Mapping[str, Any]) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = (status.get(f"{of}eplicas", 0) for of in ("r", "updatedR", "availableR"))
    generation = deployment["metadata"]["generation"]
    return status.get("observedGeneration") == generation and all(n == wanted for n in counts)
