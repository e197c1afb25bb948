"""Every dashboard is one that Grafana reads, and that a person understands at night."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import units

from local.chart import files as chart_files
from local.dashboards.__main__ import FOLDER, files
from local.dashboards.catalogue import DASHBOARDS
from local.dashboards.grafana import RUNBOOK, rendered
from local.dashboards.panels import COLUMNS, Dashboard, Panel, View
from tests.dashboards.promql import metrics

ROOT = Path(__file__).parents[2]
METRICS = (ROOT / "docs" / "metrics.md").read_text()
MONITORING = (ROOT / "docs" / "monitoring.md").read_text()
FIRST_COLUMN = re.compile(r"^\| `([\w:]+)` \|", re.MULTILINE)
HISTOGRAM = re.compile(r"_(bucket|count|sum)$")
QUESTION = re.compile(r"^(How|Which|What|Where|Why|Whose|When|For how|Does|Is) .+\?$")

every_dashboard = pytest.mark.parametrize("described", DASHBOARDS, ids=lambda each: each.name)
every_panel = pytest.mark.parametrize(
    ("described", "panel"),
    [
        pytest.param(each, panel, id=f"{each.name}: {panel.title}")
        for each in DASHBOARDS
        for panel in each.panels
    ],
)


def section(title: str) -> str:
    """A section of docs/monitoring.md."""
    return re.split(r"^#+ ", MONITORING.partition(f"# {title}\n")[2], flags=re.MULTILINE)[0]


def own_metrics() -> set[str]:
    return set(FIRST_COLUMN.findall(METRICS))


def read_metrics() -> set[str]:
    """What the panels read, a histogram by its own name if it is one of Roost."""
    own, found = own_metrics(), set()
    for described in DASHBOARDS:
        for panel in described.panels:
            for query in panel.queries:
                for name in metrics(query.expr):
                    family = HISTOGRAM.sub("", name)
                    found.add(family if family in own else name)
    return found


def test_every_metric_of_a_query_is_documented() -> None:
    foreign = read_metrics() - own_metrics()

    assert foreign == set(FIRST_COLUMN.findall(section("Metrics of others")))
    assert {name for name in foreign if name.startswith("roost_")} == set()


def test_every_metric_of_roost_is_on_a_dashboard() -> None:
    assert own_metrics() - read_metrics() == set()


def test_the_folder_has_the_dashboards_and_nothing_else() -> None:
    assert {file.name for file in FOLDER.iterdir()} == files().keys()
    folder = ROOT / "charts" / "roost" / "files"
    stored = {file.name for file in folder.glob("dashboard-*")}
    assert stored == {name for name in chart_files() if name.startswith("dashboard-")}


def test_alerts_of_panels_have_a_page_and_alerts_have_a_panel() -> None:
    linked = {panel.alert for each in DASHBOARDS for panel in each.panels if panel.alert}

    assert linked == {page.stem for page in (ROOT / RUNBOOK).glob("*.md")}


def test_the_page_lists_the_dashboards_in_their_order() -> None:
    listed = FIRST_COLUMN.findall(section("Dashboards"))

    assert listed == [each.name for each in DASHBOARDS]


@every_dashboard
def test_the_classes_of_the_sdk_read_all_of_it(described: Dashboard) -> None:
    written = json.loads(rendered(described))

    read = model.Dashboard.from_json(written)

    again = json.loads(json.dumps(read, cls=JSONEncoder))
    assert lost(written, again) == []


@every_dashboard
def test_starts_of_processes_are_marked(described: Dashboard) -> None:
    annotations = json.loads(rendered(described))["annotations"]["list"]

    assert [metrics(each["expr"]) for each in annotations] == [{"process_start_time_seconds"}]


def lost(written: Any, read: Any, place: str = "") -> list[str]:
    """The places of what was written and not read."""
    if isinstance(written, dict):
        if not isinstance(read, dict):
            return [place]
        return [
            each
            for key, value in written.items()
            for each in lost(value, read.get(key), f"{place}/{key}")
        ]
    if isinstance(written, list):
        if not isinstance(read, list) or len(read) != len(written):
            return [place]
        return [
            each
            for index, (value, other) in enumerate(zip(written, read, strict=True))
            for each in lost(value, other, f"{place}/{index}")
        ]
    return [] if written == read else [place]


@every_dashboard
def test_panels_have_a_place_and_a_number_of_their_own(described: Dashboard) -> None:
    panels = json.loads(rendered(described))["panels"]

    numbers = [panel["id"] for panel in panels]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@every_dashboard
def test_panels_of_a_line_are_of_one_height(described: Dashboard) -> None:
    panels = json.loads(rendered(described))["panels"]

    for one, other in pairwise(panels):
        if one["gridPos"]["y"] == other["gridPos"]["y"]:
            heights = {one["gridPos"]["h"], other["gridPos"]["h"]}
            assert len(heights) == 1 or "text" in {one["type"], other["type"]}, other["title"]


@every_dashboard
def test_titles_differ(described: Dashboard) -> None:
    titles = [panel.title for panel in described.panels]

    assert len(set(titles)) == len(titles)


@every_panel
def test_a_panel_says_what_is_normal_and_what_to_do(described: Dashboard, panel: Panel) -> None:
    if panel.view is not View.NUMBER:
        assert QUESTION.match(panel.title) or not panel.title.endswith("?"), panel.title
    assert str(panel.unit) in vars(units).values()
    for text in (panel.normal, panel.action):
        assert text.endswith("."), text
    assert panel.queries
    for query in panel.queries:
        assert query.legend or panel.view is View.TABLE, query.expr
        assert metrics(query.expr)
