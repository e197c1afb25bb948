"""What the chart makes of values, and questions about it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.charts.lint import CHART, sets_of_values
from tests.kube.tools import FOLDER

HELM = FOLDER / "helm"
SETS = {file.stem: file for file in sets_of_values()}
_EDGE, _MESH = 'tls.edge.existingSecret="town-edge"', 'tls.mesh.existingSecret="town-mesh"'
# Values that switch on TLS of the edge, of the mesh, and of both.
TLS = {"edge": (_EDGE,), "mesh": (_MESH,), "both": (_EDGE, _MESH)}

Object = dict[str, Any]


class Pod(NamedTuple):
    """The pods of an object, and what becomes of them."""

    name: str  # of the object
    labels: Mapping[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """Its containers; the chart has none that run before them."""
        assert "initContainers" not in self.spec
        found: list[Object] = self.spec["containers"]
        return found


def template(
    *files: Path, sets: Sequence[str] = (), release: str = "roost"
) -> subprocess.CompletedProcess[str]:
    """Run `helm template` with files of values and with NAME=JSON."""
    if not HELM.exists():
        pytest.skip("Helm is not here: see `make setup`")
    command = [str(HELM), "template", release, str(CHART), "--namespace", "town"]
    command += [word for file in files for word in ("--values", str(file))]
    command += [word for each in sets for word in ("--set-json", each)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@cache
def rendered(name: str, *sets: str) -> list[Object]:
    """Return all objects with a set of values of ci/, and with NAME=JSON over it."""
    done = template(SETS[name], sets=sets)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def refusal(*sets: str, of: str = "smallest") -> str:
    """Return what Helm says against NAME=JSON."""
    done = template(SETS[of], sets=sets)
    assert done.returncode != 0
    return done.stderr


def of_kind(objects: Sequence[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def envoy_files(objects: Sequence[Object]) -> dict[str, str]:
    """Return the files of Envoy's configuration by name."""
    maps = (each["data"] for each in of_kind(objects, "ConfigMap").values())
    (found,) = [data for data in maps if "envoy.yaml" in data]
    return dict(found)


def hooks(objects: Sequence[Object], hook: str) -> list[Object]:
    """Return the objects that are a hook."""
    key = "helm.sh/hook"
    return [each for each in objects if hook in annotations(each).get(key, "").split(",")]


def annotations(described: Object) -> Mapping[str, str]:
    """Return the annotations of an object."""
    found: Mapping[str, str] = described["metadata"].get("annotations", {})
    return found


def pods(objects: Sequence[Object]) -> Iterator[Pod]:
    """Yield the pods of Deployments, jobs and tests."""
    for each in objects:
        if each["kind"] == "Pod":
            yield Pod(each["metadata"]["name"], each["metadata"]["labels"], each["spec"])
        elif each["kind"] in ("Deployment", "Job"):
            of = each["spec"]["template"]
            yield Pod(each["metadata"]["name"], of["metadata"]["labels"], of["spec"])


def environment(container: Object) -> dict[str, Object]:
    """Return the variables of a container by name."""
    return {each["name"]: each for each in container.get("env", [])}


def selected(service: Object, pod: Pod) -> bool:
    """Whether a Service selects these pods."""
    return service["spec"]["selector"].items() <= pod.labels.items()


def secret_keys(pod: Pod) -> Iterator[tuple[str, str]]:
    """Yield the Secrets that the pods name, each with a key."""
    for container in pod.containers:
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield reference["name"], reference["key"]
    for volume in pod.spec.get("volumes", []):
        secret = volume.get("secret")
        if secret:
            for item in secret["items"]:
                yield secret["secretName"], item["key"]


def mounted_files(pod: Pod, container: Object) -> set[str]:
    """Return the paths of the files that a container finds in its volumes, where the volume says
    which keys it has."""
    volumes = {each["name"]: each for each in pod.spec.get("volumes", [])}
    found = set()
    for mount in container.get("volumeMounts", []):
        volume = volumes[mount["name"]]
        source = volume.get("secret") or volume.get("configMap") or {}
        for item in source.get("items", []):
            found.add(f"{mount['mountPath']}/{item['path']}")
    return found
