"""`docs/metrics.md` lists the metrics that the code has, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.completeness import assert_rows
from tests.metrics_document import DOCUMENT, Metric, rows

ROOT = Path(__file__).parents[2]
# The classes that metrics are made of, and their type.
TYPES = {
    "Counter": "counter",
    "CounterMetricFamily": "counter",
    "Gauge": "gauge",
    "GaugeMetricFamily": "gauge",
    "Histogram": "histogram",
    "HistogramMetricFamily": "histogram",
    "DurationHistogram": "histogram",
}
# Labels that name one of many users or things, or repeat what a client sent.
UNBOUNDED = re.compile(r"(^|_)(user|post|session|medium|id|handle|path|address|url|text)(_|$)")

# docs/monitoring.md. Prometheus renames a label of a metric that has such a name.
SCRAPED = {"job", "process", "instance"}


def test_every_metric_of_the_code_is_a_row_of_the_document_and_no_other() -> None:
    assert_rows(
        in_the_code(),
        {name: row.metric for name, row in rows().items()},
        kind="row",
        file=DOCUMENT,
        guide="Add a metric",
    )


def test_name_ends_with_the_unit_and_that_of_a_counter_with_total() -> None:
    for name, row in rows().items():
        stem = name.removesuffix("_total")
        assert (row.metric.type == "counter") == (stem != name), name
        assert (row.unit == "seconds") == stem.endswith("_seconds"), name
        assert row.unit in {"–", "seconds", "bytes"}, name


def test_row_says_which_process_has_the_metric_and_what_it_is_for() -> None:
    for name, row in rows().items():
        assert row.process, name
        assert len(row.purpose) > 3 or row.purpose == "1", name


def test_no_label_has_a_value_for_each_user() -> None:
    unbounded = {
        (name, label)
        for name, metric in in_the_code().items()
        for label in metric.labels
        if UNBOUNDED.search(label)
    }

    assert not unbounded


def test_no_label_is_one_that_prometheus_sets_at_the_scrape() -> None:
    renamed = {name for name, metric in in_the_code().items() if SCRAPED & {*metric.labels}}

    assert not renamed


@cache
def in_the_code() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for path, call in _calls():
        kind = TYPES[call.func.id]  # type: ignore[attr-defined]
        name = call.args[0]
        assert isinstance(name, ast.Constant), f"{path}:{call.lineno}: the name is no literal"
        shown = f"{name.value.removesuffix('_total')}_total" if kind == "counter" else name.value
        assert shown not in found, f"{shown} is made twice"
        found[shown] = Metric(kind, _labels(call))
    return found


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for folder in ("services", "gateway"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            imported = {
                alias.asname or alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.startswith(("prometheus_client", "services.chassis.runtime.hist"))
                for alias in node.names
            }
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in imported & TYPES.keys()
                    and node.args
                    # The class that makes histograms gets the name as a parameter.
                    and path.name != "histograms.py"
                ):
                    yield path, node


def _labels(call: ast.Call) -> tuple[str, ...]:
    given = [each.value for each in call.keywords if each.arg in {"labels", "labelnames"}]
    given += call.args[2:3]
    return tuple(ast.literal_eval(given[0])) if given else ()


@pytest.mark.parametrize("name", ["Counter", "Gauge", "Histogram"])
def test_metrics_of_the_client_are_imported_by_their_own_names(name: str) -> None:
    for folder in ("services", "gateway"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert f"prometheus_client.{name}" not in text, path
            assert not re.search(rf"from prometheus_client import .*\b{name} as ", text), path
