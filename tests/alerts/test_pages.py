"""Every alert has a page of the runbook, and what pages name exists."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import pytest
from promql_parser import parse

from local.dashboards.__main__ import DASHBOARDS
from local.objectives import OBJECTIVES
from tests.alerts.promtool import alerts, all_rules
from tests.completeness import ROOT, assert_listed
from tests.soak.faults import FAULTS
from tests.soak.pictures import PICTURES, Picture

RUNBOOK = ROOT / "docs" / "runbook"
PAGES = sorted(RUNBOOK.glob("*.md"))
OBJECTIVES_PAGE = ROOT / "docs" / "objectives.md"
DOCUMENTS = [*PAGES, ROOT / "docs" / "runbook.md", OBJECTIVES_PAGE]
SECTIONS = ["What it means", "How to look", "What to do", "It is over when"]

_QUERY = re.compile(r"^ *```promql\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_METRIC = re.compile(r"\broost_[a-z0-9_]+")
_LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
# What Prometheus adds to the name of a histogram.
_SUFFIX = re.compile(r"_(bucket|count|sum)$")

ALL_PICTURES = [each for pictures in PICTURES.values() for each in pictures]

every_document = pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.stem)


def test_alerts_and_pages_match_one_to_one() -> None:
    assert_listed(
        {rule["alert"] for rule in alerts()},
        [page.stem for page in PAGES],
        kind="page",
        file=RUNBOOK,
        guide="Add an alert",
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_it_means_how_to_look_what_to_do_and_when_it_is_over(page: Path) -> None:
    text = page.read_text()

    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    look = text.partition("## How to look")[2].partition("## What to do")[0]
    assert _QUERY.search(look), "it has a query"
    assert re.search(r"\*\*\w[^*]*\*\*, \"", look), "it names a panel of a dashboard"


@every_document
def test_queries_are_valid_promql(file: Path) -> None:
    for query in _QUERY.findall(file.read_text()):
        parse(query)


@every_document
def test_links_lead_somewhere(file: Path) -> None:
    for path, anchor in _LINK.findall(file.read_text()):
        if path.startswith("https://"):
            continue
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


def anchors(file: Path) -> list[str]:
    """The anchors of the headings of a document, as GitHub and others make them."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings]


@every_document
def test_metrics_of_documents_exist(file: Path) -> None:
    queries = " ".join(_QUERY.findall(file.read_text()))

    assert unknown(queries) == set()


def test_metrics_of_rules_exist() -> None:
    assert unknown(" ".join(rule["expr"] for rule in all_rules())) == set()


def unknown(text: str) -> set[str]:
    """The metrics of Roost in queries that docs/metrics.md does not list."""
    listed = set(_METRIC.findall((ROOT / "docs" / "metrics.md").read_text()))
    used = set(_METRIC.findall(re.sub(r"roost_\(\S*", "", text)))
    return {name for name in used if not {name, _SUFFIX.sub("", name)} & listed}


def test_objectives_are_documented_with_their_targets_and_indicators() -> None:
    text = OBJECTIVES_PAGE.read_text()
    for objective in OBJECTIVES:
        percent = f"{float(objective.target) * 100:g} %"
        row = re.search(rf"^\| `{objective.name}` \|.*$", text, re.MULTILINE)
        assert row, objective.name
        assert percent in row[0]
        assert f"runbook/{objective.alert}.md" in row[0]
        indicator = next(iter(objective.parts.values()))
        written = Template(f"{indicator.bad}\n/\n{indicator.total}").substitute(window="30d")
        assert written in text, objective.name


@every_document
def test_panels_that_documents_name_exist(file: Path) -> None:
    """A document names a dashboard in bold, and then its panels in quotation marks."""
    panels = {each.title: {panel.title for panel in each.panels} for each in DASHBOARDS}
    text = re.sub(r"\s+", " ", _QUERY.sub("", file.read_text()))
    for chosen in re.split(r"\*\*(?=[A-Z])", text)[1:]:
        dashboard, _, rest = chosen.partition("**")
        assert dashboard in panels
        first = re.match(r', "([^"]+)"', rest)
        assert first, f"{dashboard} without a panel"
        assert first[1] in panels[dashboard], f"{dashboard}: {first[1]}"
    titles = {title for each in panels.values() for title in each}
    for named in re.findall(r'"([A-Z][^"]*\?|[A-Z][^"]*, p99)"', text):
        assert named in titles, named


def test_alerts_that_panels_name_exist() -> None:
    existing = {rule["alert"] for rule in alerts()}
    named = {panel.alert for each in DASHBOARDS for panel in each.panels if panel.alert}

    assert named <= existing


def test_every_question_has_a_picture_and_every_picture_a_fault() -> None:
    questions = re.findall(r"^## (.*)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)

    assert sorted(each.question for each in ALL_PICTURES) == sorted(questions)
    assert set(PICTURES) <= {each.name for each in FAULTS}


@pytest.mark.parametrize("picture", ALL_PICTURES, ids=lambda picture: picture.name)
def test_a_picture_shows_panels_that_its_question_names(picture: Picture) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()
    section = text.partition(f"## {picture.question}\n")[2].partition("\n## ")[0]
    section = re.sub(r"\s+", " ", section)

    assert f"](runbook/{picture.name}.png)" in section
    by_name = {each.name: each for each in DASHBOARDS}
    for name, titles in picture.panels.items():
        assert f"**{by_name[name].title}**" in section
        for title in titles:
            assert f'"{title}"' in section
            assert title in {each.title for each in by_name[name].panels}
