"""The forms of queries return what panels expect, evaluated by Prometheus' own tool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.dashboards.queries import Query, events, filled, p99, share, slowest

NONE = [{"labels": '{code="none"}', "value": 0}]
# Ten and thirty seconds of a minute.
TEN, THIRTY = "0+10x10", "0+30x10"


def mistakes(query: Query, series: dict[str, str], samples: list[dict[str, Any]], at: Path) -> str:
    """What promtool says if the query does not return the samples after five minutes."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    case = {
        "rule_files": [],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": k, "values": v} for k, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": filled(query.expr, interval="2m", whole="5m"),
                        "eval_time": "5m",
                        "exp_samples": samples,
                    }
                ],
            }
        ],
    }
    file = at / "case.yaml"
    file.write_text(yaml.safe_dump(case))
    done = subprocess.run(
        [promtool, "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_events_that_never_happened_are_zero(tmp_path: Path) -> None:
    assert mistakes(events("failures_total", by="code"), {}, NONE, tmp_path) == ""


def test_events_that_happened_are_shown_alone(tmp_path: Path) -> None:
    series = {'failures_total{code="A"}': THIRTY}
    shown = [{"labels": '{code="A"}', "value": 0.5}]

    assert mistakes(events("failures_total", by="code"), series, shown, tmp_path) == ""


def test_a_share_is_zero_without_an_event_that_counts(tmp_path: Path) -> None:
    query = share("calls_total", 'code="A"', by="job")
    series = {
        'calls_total{job="one",code="A"}': TEN,
        'calls_total{job="one",code="OK"}': THIRTY,
        'calls_total{job="two",code="OK"}': THIRTY,
        'calls_total{job="idle",code="OK"}': "5+0x10",
    }
    shown = [{"labels": '{job="one"}', "value": 0.25}, {"labels": '{job="two"}', "value": 0}]

    assert mistakes(query, series, shown, tmp_path) == ""


def test_a_percentile_is_shown_where_there_were_events(tmp_path: Path) -> None:
    series = {
        'seconds_bucket{job="one",le="1"}': "0+100x10",
        'seconds_bucket{job="one",le="+Inf"}': "0+100x10",
        'seconds_bucket{job="idle",le="1"}': "5+0x10",
        'seconds_bucket{job="idle",le="+Inf"}': "5+0x10",
    }
    shown = [{"labels": '{job="one"}', "value": 0.99}]

    assert mistakes(p99("seconds", by="job"), series, shown, tmp_path) == ""


def test_the_slowest_are_eight(tmp_path: Path) -> None:
    series = {}
    for number in range(10):
        for bound in (2**number, "+Inf"):
            series[f'seconds_bucket{{method="{number}",le="{bound}"}}'] = "0+100x10"
    shown = [
        {"labels": f'{{method="{number}"}}', "value": 0.99 * 2**number} for number in range(2, 10)
    ]

    assert mistakes(slowest("seconds", by="method"), series, shown, tmp_path) == ""


def test_a_variable_that_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown"):
        filled("sum(up) > $limit", interval="1m", whole="5m")
