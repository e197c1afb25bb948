"""The API server accepts everything that the chart makes, without a warning."""

import json
from pathlib import Path

import pytest
import yaml

from tests.charts.lint import sets_of_values
from tests.kube.control_plane import ControlPlane
from tests.kube.release import CHART, NAME, Release

pytestmark = pytest.mark.kube


def by_name(values: Path) -> str:
    return values.stem


@pytest.mark.usefixtures("foreign_kinds")
@pytest.mark.parametrize("values", sets_of_values(), ids=by_name)
def test_a_restricted_namespace_accepts_every_object_without_a_warning(
    plane: ControlPlane, bare_release: Release, values: Path
) -> None:
    namespace = bare_release.namespace
    rendered = plane.helm(
        "template", NAME, str(CHART), "--namespace", namespace, "--values", str(values)
    )
    assert rendered.returncode == 0, rendered.stderr
    objects = [each for each in yaml.safe_load_all(rendered.stdout) if each]

    applied = plane.kubectl(
        *("apply", "--dry-run=server", "--namespace", namespace, "-f", "-"),
        given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
    )

    # Warnings of deprecated versions and of Pod Security are there too.
    assert applied.stderr == ""
    said = applied.stdout.splitlines()
    assert len(said) == len(objects)
    assert all(line.endswith(" created (server dry run)") for line in said)


def test_a_pod_that_is_not_restricted_is_refused(
    plane: ControlPlane, bare_release: Release
) -> None:
    namespace = bare_release.namespace
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"containers": [{"name": "root", "image": "roost"}]},
    }

    applied = plane.kubectl(
        *("apply", "--dry-run=server", "--namespace", namespace, "-f", "-"), given=json.dumps(pod)
    )

    assert "violates PodSecurity" in applied.stderr
    assert applied.returncode == 1
