"""Pictures are whole SVG documents."""

from xml.etree import ElementTree

import pytest

from bench.charts import Line, chart

SVG = "{http://www.w3.org/2000/svg}"


def test_a_chart_is_xml_with_a_line_for_each_series() -> None:
    lines = [Line("p50 <home>", [(100, 2.0), (200, 4.0)]), Line("p99", [(100, 20.0), (200, 900.0)])]

    drawn = ElementTree.fromstring(chart("Latency & load", lines, x="rate", y="ms"))

    assert len(drawn.findall(f"{SVG}polyline")) == 2
    assert drawn.findtext(f"{SVG}title") == "Latency & load"


def test_points_lie_inside_of_the_picture() -> None:
    lines = [Line("one", [(10, 0.3), (100, 7), (5000, 12_345)])]

    drawn = ElementTree.fromstring(chart("Growth", lines, x="people", y="ms", log_x=True))

    for circle in drawn.findall(f"{SVG}circle"):
        assert 0 < float(circle.attrib["cx"]) < 720
        assert 0 < float(circle.attrib["cy"]) < 400


def test_points_that_were_not_measured_are_left_out() -> None:
    lines = [Line("one", [(10, 1.0), (20, float("nan")), (30, 3.0)])]

    drawn = ElementTree.fromstring(chart("Gaps", lines, x="rate", y="ms"))

    assert len(drawn.findall(f"{SVG}circle")) == 2


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a point"):
        chart("Nothing", [Line("one", [])], x="rate", y="ms")
