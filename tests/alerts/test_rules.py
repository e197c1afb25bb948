"""The rules are valid, fire when they must, and do not fire when they must not."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from promql_parser import parse
from typer.testing import CliRunner

from local import compose, rules
from local.cli import app
from local.objectives import OBJECTIVES, WINDOWS
from tests.alerts import cause_cases, objective_cases
from tests.alerts.promtool import PROMTOOL, Case, Firing, alerts, all_rules, mistakes
from tests.charts.rendering import of_kind, rendered
from tests.completeness import assert_listed

CASES = sorted(
    [*objective_cases.cases(), *cause_cases.cases()], key=lambda case: (case.alert, case.severity)
)
BY_ALERT = {
    alert: list(found) for alert, found in itertools.groupby(CASES, key=lambda case: case.alert)
}

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed here")


def names() -> Iterator[str]:
    """The alerts, each once, though a page and a ticket share a name."""
    yield from dict.fromkeys(rule["alert"] for rule in alerts())


@pytest.mark.parametrize(
    "rule", all_rules(), ids=lambda rule: rule.get("alert", rule.get("record"))
)
def test_a_rule_is_valid_promql(rule: dict[str, str]) -> None:
    parse(rule["expr"])


@needs_promtool
@pytest.mark.parametrize("alert", BY_ALERT)
def test_an_alert_fires_when_it_must_and_only_then(alert: str) -> None:
    said = mistakes(BY_ALERT[alert])

    assert not said, said


@needs_promtool
def test_a_wrong_expectation_is_a_mistake() -> None:
    series = {'up{job="roost-post"}': "1x9", 'up{job="roost-gateway"}': "1x9"}
    never = Case(
        alert="RoostTargetDown",
        severity="ticket",
        name="nothing is down",
        series=series,
        at="9m",
        firing=[Firing("", {})],
    )

    assert "FAILED" in mistakes([never])


def test_every_alert_has_cases_that_fire_and_that_do_not() -> None:
    severities = [(rule["alert"], rule["labels"]["severity"]) for rule in alerts()]
    for fires, least in ((True, 1), (False, 2)):
        cases = [(case.alert, case.severity) for case in CASES if bool(case.firing) is fires]
        lacking = [each for each in severities if cases.count(each) < least]
        assert lacking == [], f"fewer than {least} cases with firing={fires}"


def test_every_alert_is_a_page_or_a_ticket_with_a_summary() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"].keys() == {"summary", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"docs/runbook/{rule['alert']}.md"


def test_no_name_is_of_two_alerts_of_the_same_severity() -> None:
    severities = [(rule["alert"], rule["labels"]["severity"]) for rule in alerts()]

    assert len(severities) == len(set(severities))


def test_every_part_of_an_objective_is_recorded_over_every_window() -> None:
    recorded = [
        (rule["labels"]["objective"], rule["labels"].get("part", ""), rule["record"])
        for rule in all_rules()
        if "record" in rule
    ]
    expected = [
        (objective.name, part, f"roost:bad_events:ratio_rate{window}")
        for objective in OBJECTIVES
        for part in objective.parts
        for window in WINDOWS
    ]

    assert recorded == expected


def test_every_part_of_an_objective_has_series_in_the_cases() -> None:
    parts = {objective.name: [*objective.parts] for objective in OBJECTIVES}

    assert {name: [*found] for name, found in objective_cases.METERS.items()} == parts


def test_clusters_and_the_runbook_are_those_of_the_topology() -> None:
    text = rules.text(runbook="https://runbook.example", clusters=["post", "gateway"])

    assert 'envoy_cluster_name=~"post|gateway"' in text
    assert "runbook_url: https://runbook.example/RoostTargetDown.md" in text
    assert "${" not in text


def test_the_chart_has_the_rules_of_every_topology() -> None:
    (made,) = of_kind(rendered("everything"), "PrometheusRule").values()
    text = rules.text(runbook="https://runbook.roost.example", clusters=sorted(rules.serving()))

    causes, objectives = (group["rules"] for group in made["spec"]["groups"])

    assert [objectives, causes] == [group["rules"] for group in yaml.safe_load(text)["groups"]]


def test_shortened_rules_have_shorter_windows_offsets_and_waits() -> None:
    written = "expr: a:rate5m > rate(b[5m]) + max_over_time(c[1d] offset 15m) > 300\nfor: 2m\n"

    assert rules.shortened(written, by=240, shortest_window=20, shortest_wait=5) == (
        "expr: a:rate5m > rate(b[20000ms]) + max_over_time(c[360000ms] offset 20000ms) > 300\n"
        "for: 5000ms\n"
    )


def test_shortened_rules_are_the_same_rules() -> None:
    text = rules.text()
    without = re.compile(r"\[\w+\]|offset \w+|for: \w+")

    shorter = rules.shortened(text, by=240, shortest_window=20, shortest_wait=5)

    assert shorter != text
    assert without.sub("", shorter) == without.sub("", text)


def test_the_cases_of_an_alert_are_told_apart_by_their_names() -> None:
    assert_listed(
        {str(case) for case in CASES},
        [str(case) for case in CASES],
        kind="case",
        file=Path(cause_cases.__file__),
        guide="Add an alert",
    )


@needs_promtool
def test_prometheus_accepts_the_configuration_of_compose_with_its_rules(tmp_path: Path) -> None:
    for name, text in compose.files().items():
        (tmp_path / name).write_text(text)
    assert PROMTOOL is not None

    done = subprocess.run(
        [PROMTOOL, "check", "config", str(tmp_path / "prometheus.yaml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert f"{len(all_rules())} rules found" in done.stdout


def test_the_command_line_prints_the_rules() -> None:
    printed = CliRunner().invoke(app, ["rules"])

    assert printed.exit_code == 0
    assert printed.stdout == rules.text()
