"""Comparing two runs."""

from pathlib import Path

from bench import report
from bench.compare import ratios, verdict
from bench.report import Figure, Report, number


def reported(**values: float) -> Report:
    found = Report([], [], [], [])
    for name, value in values.items():
        found.higher(name, value, "requests/s")
    return found


def test_a_ratio_is_now_to_then() -> None:
    before, after = {"home": reported(rate=100)}, {"home": reported(rate=150)}

    [(scenario, then, now, ratio)] = list(ratios(before, after))

    assert (scenario, then.value, now.value, ratio) == ("home", 100, 150, 1.5)


def test_what_only_one_run_has_is_left_out() -> None:
    before = {"home": reported(rate=100, gone=1)}
    after = {"home": reported(rate=100, new=1), "mix": reported(rate=1)}

    assert [now.name for _, _, now, _ in ratios(before, after)] == ["rate"]


def test_more_is_better_or_worse_as_the_figure_says() -> None:
    assert verdict(Figure("rate", 1, "", "higher"), 1.5) == "better"
    assert verdict(Figure("p99", 1, "", "lower"), 1.5) == "worse"
    assert verdict(Figure("size", 1, "", "neither"), 1.5) == ""


def test_a_small_difference_says_nothing() -> None:
    assert verdict(Figure("rate", 1, "", "higher"), 1.03) == ""


def test_scenarios_that_were_not_run_again_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "results" / "latest.json"
    report.save({"home": reported(rate=1), "mix": reported(rate=2)}, file)
    report.save({"home": reported(rate=3)}, file)

    kept = report.load(file.read_bytes())

    assert kept["home"].figures[0].value == 3
    assert kept["mix"].figures[0].value == 2


def test_numbers_are_written_with_three_digits() -> None:
    assert [number(each) for each in (0, 0.01234, 1.234, 123.4, 12345.6, float("nan"), None)] == [
        "0", "0.0123", "1.23", "123", "12,346", "–", "–",
    ]  # fmt: skip
