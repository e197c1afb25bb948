"""Prometheus' rules in one text: those of objectives, and the alerts about causes.

``python -m local.rules`` prints them for a plain Prometheus that scrapes all services. The chart
puts the same two files into a PrometheusRule.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent

from local.objectives import OBJECTIVES, BurnAlert, Objective, Recording, alerts, recordings
from services.chassis.runtime.manifest import Process, deployed, streams

# The alerts about causes, written by hand.
CAUSES = Path(__file__).parents[1] / "charts" / "roost" / "files" / "alerts.yaml"
# The folder of the pages that alerts link to: the chart's monitoring.prometheusRule.runbook.
RUNBOOK = "docs/runbook"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Windows, offsets and the time that a condition must hold; not the names of recorded ratios.
_DURATION = re.compile(r"(\[|offset |for: )(\d+)([smhd])")


def objective_rules() -> str:
    """Return the list of the rules of all objectives, in YAML."""
    rules = (rule for objective in OBJECTIVES for rule in _of(objective))
    return "".join(rules)


def text(*, runbook: str = RUNBOOK, clusters: Iterable[str] | None = None) -> str:
    """Return a file of rules. ``clusters`` are Envoy's clusters that must have endpoints: without
    them all services and the gateway."""
    must_have = serving() if clusters is None else clusters
    groups = {"roost-objectives": objective_rules(), "roost": CAUSES.read_text()}
    listed = (
        f"  - name: {name}\n    rules:\n{indent(rules, ' ' * 6)}" for name, rules in groups.items()
    )
    written = "groups:\n" + "".join(listed)
    named = {"CLUSTERS": "|".join(must_have), "STREAMS": "|".join(streams()), "RUNBOOK": runbook}
    for name, value in named.items():
        written = written.replace(f"${{{name}}}", value)
    return written


def serving() -> list[str]:
    """Return the clusters of Envoy that must have endpoints: the services that serve, and the
    gateway."""
    return [*(each.noun for each in deployed() if Process.SERVE in each.processes), "gateway"]


def shortened(rules: str, *, by: float, shortest_window: float, shortest_wait: float) -> str:
    """Return rules whose windows, offsets and waits are divided by a number, but are not shorter
    than so many seconds. Thresholds stay."""

    def shorter(found: re.Match[str]) -> str:
        before, number, unit = found.groups()
        shortest = shortest_wait if before == "for: " else shortest_window
        seconds = max(shortest, int(number) * _SECONDS[unit] / by)
        return f"{before}{round(seconds * 1000)}ms"

    return _DURATION.sub(shorter, rules)


def _of(objective: Objective) -> Iterator[str]:
    yield f"# {objective.name}: {objective.target * 100:f} % in 30 days.\n"
    yield from map(_recording, recordings(objective))
    yield from map(_alert, alerts(objective))


def _recording(rule: Recording) -> str:
    return (
        f"- record: {rule.record}\n  expr: |-\n{indent(rule.expr, ' ' * 4)}\n"
        f"  labels: {json.dumps(rule.labels)}\n"
    )


def _alert(rule: BurnAlert) -> str:
    return (
        f"- alert: {rule.alert}\n  expr: |-\n{indent(rule.expr, ' ' * 4)}\n"
        f"  labels: {{ severity: {rule.severity} }}\n"
        f"  annotations:\n    summary: {json.dumps(rule.summary)}\n"
        f"    runbook_url: ${{RUNBOOK}}/{rule.alert}.md\n"
    )


if __name__ == "__main__":
    sys.stdout.write(text())
