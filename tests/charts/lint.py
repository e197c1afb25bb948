"""Checks charts/ and migrations with the tools of requirements-kube.txt.

``python -m tests.charts.lint`` prints what each tool refuses, and fails if one does. promtool has
no wheel, and podman-compose does nothing without podman: they run where they are installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from promql_parser import parse

from local import migration_lint
from tests.kube import tools

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts"
CHART = CHARTS / "roost"
BIN = Path(sys.executable).parent
# Kinds of others, which a cluster has only with their operators.
FOREIGN = ("monitoring.coreos.com/", "keda.sh/")


def sets_of_values() -> list[Path]:
    """Return the sets of values that the chart is checked with."""
    return sorted((CHART / "ci").glob("*.yaml"))


def helm(command: str, values: Path) -> Iterator[str]:
    """Yield what `helm lint` or `helm template` has to say against these values."""
    done = run([str(tools.FOLDER / "helm"), command, str(CHART), "--values", str(values)])
    if done.returncode:
        yield f"helm {command} with {values.name}: {done.stderr or done.stdout}"


def objects(values: Path) -> list[dict[str, Any]]:
    """Return the objects that the chart makes with these values. Raises CalledProcessError."""
    done = run([str(tools.FOLDER / "helm"), "template", "roost", str(CHART), "-f", str(values)])
    done.check_returncode()
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def charts() -> Iterator[str]:
    """Yield what Helm and the schemas of Kubernetes refuse, and the PromQL that is wrong."""
    for values in sets_of_values():
        refused = [*helm("lint", values), *helm("template", values)]
        yield from refused
        if refused:
            continue
        for each in objects(values):
            yield from schema(each, values.name)
            if each["kind"] == "PrometheusRule":
                yield from alerts(each["spec"])


def schema(described: dict[str, Any], name: str) -> Iterator[str]:
    """Yield what is wrong with an object of Kubernetes itself."""
    if described["apiVersion"].startswith(FOREIGN):
        return
    try:
        kubernetes_validate.validate(described, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as wrong:
        of = f"{described['kind']} {described['metadata']['name']}"
        yield f"{of} with {name}: {'.'.join(map(str, wrong.path))}: {wrong.message}"


def alerts(rules: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the rules of Prometheus."""
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        try:
            parse(rule["expr"])
        except ValueError as wrong:
            yield f"{rule.get('alert') or rule.get('record')}: {wrong}"
    promtool = shutil.which("promtool")
    if promtool:
        done = run([promtool, "check", "rules", "/dev/stdin"], given=yaml.safe_dump(rules))
        if done.returncode:
            yield f"promtool: {done.stderr or done.stdout}"


def images() -> Iterator[str]:
    """Yield what hadolint says of the Containerfiles."""
    for file in sorted((CHARTS / "images").glob("Containerfile*")):
        yield from said([str(BIN / "hadolint"), str(file)])


def compose() -> Iterator[str]:
    """Yield what podman-compose cannot read."""
    if not shutil.which("podman"):
        print("Skipped: podman-compose reads charts/compose.yaml only where podman is installed.")
        return
    file = str(CHARTS / "compose.yaml")
    yield from said([str(BIN / "podman-compose"), "-f", file, "config", "-q"])


def migrations() -> Iterator[str]:
    """Yield what squawk says of the migrations: what would stop other sessions, or break the
    version that is still running."""
    yield from migration_lint.mistakes(migration_lint.files()).splitlines()


def said(command: Sequence[str]) -> Iterator[str]:
    """Yield the output of a command that fails."""
    done = run(command)
    if done.returncode:
        yield f"{Path(command[0]).name}: {done.stdout}{done.stderr}"


def run(command: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with this text as its input."""
    return subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=120
    )


def main() -> int:
    """Run all checks; returns the exit code."""
    if not shutil.which("promtool"):
        print("Skipped: promtool, which is not installed here.")
    wrong = [each for check in (charts, images, compose, migrations) for each in check()]
    for each in wrong:
        sys.stderr.write(each.rstrip() + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
