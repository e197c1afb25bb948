"""A dashboard is drawn as Grafana would lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.dashboards.catalogue import DASHBOARDS
from local.dashboards.drawing import chosen, drawn, main, shown
from local.dashboards.panels import COLUMNS, Dashboard, Note, Row, Unit


class Recorded:
    """A source in which every query has one series, which rises from 1 to 2 in a minute."""

    seconds = 60.0

    def lines(self, expr: str) -> Iterator[tuple[Mapping[str, str], list[float], list[float]]]:
        yield {"job": "roost-post"}, [-60.0, 0.0], [1.0, 2.0]

    def values(self, expr: str) -> list[tuple[Mapping[str, str], float]]:
        return [({"job": "roost-post"}, 2.0)]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.name)
def test_every_panel_is_drawn_within_the_picture(dashboard: Dashboard, tmp_path: Path) -> None:
    figure = drawn(dashboard.rows, Recorded())
    figure.savefig(tmp_path / "drawn.png", dpi=20)

    contents = [each for row in dashboard.rows for each in row.panels]
    assert len(figure.axes) == len(contents)
    titles = [text.get_text() for text in figure.texts]
    assert titles == [title for row in dashboard.rows for title in titles_of(row)]
    for axes in figure.axes:
        area = axes.get_position()
        assert 0 <= area.x0 < area.x1 <= 1
        assert 0 <= area.y0 < area.y1 <= 1


def titles_of(row: Row) -> list[str]:
    return [row.title, *(each.title for each in row.panels)]


def test_chosen_panels_are_drawn_in_the_order_of_the_choice() -> None:
    dashboard = DASHBOARDS[1]
    first, second, *_ = [each.title for each in dashboard.panels]

    figure = drawn([chosen(dashboard, [second, first])], Recorded())

    assert [text.get_text() for text in figure.texts] == [dashboard.title, second, first]


def test_a_series_has_the_name_that_the_legend_gives() -> None:
    row = chosen(DASHBOARDS[0], ["How many calls does each service answer?"])
    figure = drawn([row], Recorded())

    (axes,) = figure.axes
    assert {line.get_label() for line in axes.lines} == {"roost-post"}
    assert list(axes.lines[0].get_ydata()) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.25, Unit.SECONDS, "250 ms"),
        (0, Unit.SECONDS, "0 s"),
        (90, Unit.SECONDS, "90 s"),
        (0.001, Unit.SHARE, "0.1 %"),
        (2_500_000, Unit.BYTES, "2.5 MB"),
        (3, Unit.REQUESTS, "3 req/s"),
        (4, Unit.NUMBER, "4"),
        (float("nan"), Unit.NUMBER, "–"),
    ],
)
def test_a_value_has_its_unit(value: float, unit: Unit, text: str) -> None:
    assert shown(value, unit) == text


def test_a_panel_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["edge", "--panel", "Where is it?", "--output", "x.svg"])

    assert "edge has no panel 'Where is it?'" in capsys.readouterr().err


def test_notes_fit_the_grid() -> None:
    notes = [
        each
        for dashboard in DASHBOARDS
        for row in dashboard.rows
        for each in row.panels
        if isinstance(each, Note)
    ]

    assert notes
    assert all(each.width <= COLUMNS for each in notes)
