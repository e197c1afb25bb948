"""Runs `promtool test rules` on series that a test describes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from local import rules

PROMTOOL = shutil.which("promtool")
Rule = dict[str, Any]


@dataclass(frozen=True)
class Firing:
    """An alert that fires: its labels, without name and severity, and its summary."""

    summary: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Series, a sample each minute (or as ``interval`` says), and what must fire at a time."""

    alert: str
    severity: str
    name: str
    series: Mapping[str, str]
    at: str
    firing: Sequence[Firing] = ()
    interval: str = "1m"

    def __str__(self) -> str:
        return f"{self.alert}, {self.severity}: {self.name}"


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return all rules of all groups."""
    groups = yaml.safe_load(rules.text())["groups"]
    return tuple(rule for group in groups for rule in group["rules"])


@cache
def alerts() -> tuple[Rule, ...]:
    """Return the rules that are alerts."""
    return tuple(rule for rule in all_rules() if "alert" in rule)


def mistakes(cases: Iterable[Case]) -> str:
    """Return what promtool says against these cases; nothing if all are right."""
    with tempfile.TemporaryDirectory() as folder:
        tests = [_written(case, Path(folder, str(place))) for place, case in enumerate(cases)]
        assert PROMTOOL is not None
        done = subprocess.run(
            [PROMTOOL, "test", "rules", *tests],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def _written(case: Case, folder: Path) -> str:
    """Write the case into a folder; returns its file, which promtool names."""
    folder.mkdir()
    alert = _alert(case)
    needed = [each for each in all_rules() if _is_needed(each, alert)]
    file = folder / "rules.yaml"
    file.write_text(_yaml({"groups": [{"name": "tested", "rules": [*needed, alert]}]}))
    test = folder / f"{case}.yaml".replace("/", "-")
    test.write_text(_yaml(_described(case, alert, file)))
    return str(test)


def _alert(case: Case) -> Rule:
    (found,) = (
        each
        for each in alerts()
        if (each["alert"], each["labels"]["severity"]) == (case.alert, case.severity)
    )
    return found


def _is_needed(rule: Rule, alert: Rule) -> bool:
    """Whether an alert reads what a rule records."""
    if "record" not in rule:
        return False
    objective = rule["labels"]["objective"]
    return f'{rule["record"]}{{objective="{objective}"}}' in alert["expr"]


def _described(case: Case, alert: Rule, file: Path) -> dict[str, Any]:
    expected = [
        {
            "exp_labels": {**each.labels, "severity": case.severity},
            "exp_annotations": {
                "summary": each.summary,
                "runbook_url": alert["annotations"]["runbook_url"],
            },
        }
        for each in case.firing
    ]
    return {
        "rule_files": [str(file)],
        "evaluation_interval": case.interval,
        "tests": [
            {
                "interval": case.interval,
                "input_series": [
                    {"series": name, "values": values} for name, values in case.series.items()
                ],
                "alert_rule_test": [
                    {"eval_time": case.at, "alertname": case.alert, "exp_alerts": expected}
                ],
            }
        ],
    }


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, width=10_000)
