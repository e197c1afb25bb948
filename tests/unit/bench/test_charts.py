"""Pictures are whole SVG documents."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from bench.charts import Line, chart

SVG = "{http://www.w3.org/2000/svg}"


def series(drawn: Element) -> list[Element]:
    """The group of each line."""
    return [each for each in drawn.iter(f"{SVG}g") if each.get("id", "").startswith("line-")]


def points(drawn: Element) -> list[Element]:
    """The marker of each point."""
    return [point for line in series(drawn) for point in line.iter(f"{SVG}use")]


def test_a_chart_is_xml_with_a_line_for_each_series() -> None:
    lines = [Line("p50 <home>", [(100, 2.0), (200, 4.0)]), Line("p99", [(100, 20.0), (200, 900.0)])]

    drawn = ElementTree.fromstring(chart("Latency & load", lines, x="rate", y="ms"))

    assert len(series(drawn)) == 2
    assert drawn.findtext(f"{SVG}title") == "Latency & load"


def test_points_lie_inside_of_the_picture() -> None:
    lines = [Line("one", [(10, 0.3), (100, 7), (5000, 12_345)])]

    drawn = ElementTree.fromstring(chart("Growth", lines, x="people", y="ms", log_x=True))

    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    assert len(points(drawn)) == 3
    for point in points(drawn):
        assert 0 < float(point.attrib["x"]) < width
        assert 0 < float(point.attrib["y"]) < height


def test_points_that_were_not_measured_are_left_out() -> None:
    lines = [Line("one", [(10, 1.0), (20, float("nan")), (30, 3.0)])]

    drawn = ElementTree.fromstring(chart("Gaps", lines, x="rate", y="ms"))

    assert len(points(drawn)) == 2


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a point"):
        chart("Nothing", [Line("one", [])], x="rate", y="ms")


def test_equal_figures_give_equal_bytes() -> None:
    lines = [Line("one", [(10, 1.0), (30, 3.0)])]

    first, second = (chart("Same", lines, x="rate", y="ms") for _ in range(2))

    assert first == second
