"""What `make walk` writes, and what its check finds wrong."""

from __future__ import annotations

from tests.walk import report
from tests.walk.entries import Place, Use
from tests.walk.scenarios import CHANGED, FIRST, POST, UNCHANGED


def uses(count: int) -> list[Use]:
    return [
        Use(Place("gateway", f"gateway/file{number}.py"), number, ["f"]) for number in range(count)
    ]


def walks(*, home: int = 2, post: int = 3) -> report.Walks:
    return {FIRST: uses(2), UNCHANGED: uses(1), CHANGED: uses(home), POST: uses(post)}


def test_walks_within_their_limits_that_are_written_down_have_no_fault() -> None:
    found = walks(home=report.LIMITS[CHANGED], post=report.LIMITS[POST])

    assert report.faults(found, report.markdown(found)) == []


def test_a_walk_past_its_limit_is_a_fault() -> None:
    found = walks(home=report.LIMITS[CHANGED] + 1)

    assert report.faults(found, report.markdown(found)) == ["home: 26 files, and 25 are allowed"]


def test_files_that_came_and_went_since_the_page_was_written_are_faults() -> None:
    written = report.markdown(walks(home=2, post=3))

    assert report.faults(walks(home=3, post=2), written) == [
        "home: gateway/file2.py is not in docs/walk.md: run make walk",
        "post: gateway/file2.py is not used any more: run make walk",
    ]


def test_the_text_names_each_count_with_its_limit() -> None:
    lines = report.text(walks()).splitlines()

    assert "home: 2 files (limit 25)" in lines
    assert "post: 3 files (limit 50)" in lines
    assert "home, nothing new: 1 files" in lines
