"""The sources of the yardstick's gateway, out of a history."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import yardstick
from bench.skipped import Skipped

IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")


def git(checkout: Path, *words: str) -> str:
    finished = subprocess.run(
        ["git", *IDENTITY, *words], cwd=checkout, capture_output=True, text=True, check=True
    )
    return finished.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a commit, and later sources in its working tree."""
    folder = tmp_path / "checkout"
    for name in yardstick.FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / "source.py").write_text("then\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "then")
    (folder / "gateway" / "source.py").write_text("now\n")
    return folder


def test_sources_are_those_of_the_commit(checkout: Path, tmp_path: Path) -> None:
    yardstick.extract(
        tmp_path / "found", checkout=checkout, commit=git(checkout, "rev-parse", "HEAD")
    )

    found = tmp_path / "found"
    assert sorted(each.name for each in found.iterdir()) == sorted(yardstick.FOLDERS)
    assert (found / "gateway" / "source.py").read_text() == "then\n"


def test_a_history_without_the_commit_skips_the_scenario(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(Skipped, match="unshallow"):
        yardstick.extract(tmp_path / "found", checkout=checkout)


def test_imports_come_from_the_folder() -> None:
    assert yardstick.python_path(Path("/sources")) == "/sources:/sources/gen"
