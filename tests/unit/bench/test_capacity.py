"""The document of the capacity model, and its command."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from bench import capacity, report
from bench.sizing.assumptions import Assumptions
from bench.sizing.document import grid, percent, quantity, replaced
from tests.unit.bench import measured_units as measured

MARKED = "# Title\n\n<!-- load -->\nold\n<!-- end of load -->\n\nText.\n"


def test_the_document_has_the_tables_of_the_committed_results() -> None:
    texts = capacity.generated(report.LATEST, capacity.SIZES, Assumptions())
    document = capacity.DOCUMENT.read_text()

    assert document == replaced(document, texts), "run `make capacity`"


def test_each_section_is_in_the_document_once() -> None:
    texts = capacity.generated(report.LATEST, capacity.SIZES, Assumptions())
    document = capacity.DOCUMENT.read_text()

    for name in texts:
        assert document.count(f"<!-- {name} -->") == 1
        assert document.count(f"<!-- end of {name} -->") == 1


def test_only_what_is_between_the_markers_is_replaced() -> None:
    text = replaced(MARKED, {"load": "new\n\\1 $1"})

    assert text == MARKED.replace("old", "new\n\\1 $1")


def test_a_section_without_markers_is_named() -> None:
    with pytest.raises(LookupError, match="section parts"):
        replaced(MARKED, {"parts": "new"})
    with pytest.raises(LookupError, match="section load"):
        replaced(MARKED.replace("end of load", "end"), {"load": "new"})


def test_quantities_have_three_digits_and_the_prefix_of_their_unit() -> None:
    found = [quantity(each, "B") for each in (0, 12, 1_234, 5.6e6, 7e9, 1.2e13, 3e15, 4e18)]

    assert found == [
        "0 B", "12.0 B", "1.23 kB", "5.60 MB", "7.00 GB", "12.0 TB", "3.00 PB", "4,000 PB",
    ]  # fmt: skip


def test_shares_are_whole_percents_from_ten_on() -> None:
    assert [percent(each) for each in (0, 0.0004, 0.001, 0.094, 0.0951, 1.0, 23.45)] == [
        "0.0 %", "< 0.1 %", "0.1 %", "9.4 %", "10 %", "100 %", "2,345 %",
    ]  # fmt: skip


def test_a_grid_is_a_table_of_markdown() -> None:
    assert grid(["a", "b"], [["1", ""]]) == "| a | b |\n| --- | --- |\n| 1 |   |"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    file = tmp_path / "results.json"
    report.save(measured.results(), file)
    return file


def test_the_command_shows_other_sizes_and_assumptions(results: Path) -> None:
    words = ["show", "--results", str(results), "--people", "5e6", "--set", "home_reads=80"]

    outcome = CliRunner().invoke(capacity.app, words, env={"COLUMNS": "200"})

    assert outcome.exit_code == 0
    assert "5 M people" in outcome.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "nonsense=1"], "There is no assumption nonsense."),
        (["--set", "posts=0"], "posts takes a positive number"),
    ],
)
def test_the_command_refuses_by_a_sentence(results: Path, words: list[str], sentence: str) -> None:
    outcome = CliRunner().invoke(capacity.app, ["show", "--results", str(results), *words])

    assert outcome.exit_code == 2
    assert sentence in outcome.output


def test_a_missing_figure_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(msgspec.json.encode(measured.without("media", "CPU a hit")))

    outcome = CliRunner().invoke(capacity.app, ["show", "--results", str(file)])

    assert outcome.exit_code == 2
    assert "CPU a hit" in outcome.output
