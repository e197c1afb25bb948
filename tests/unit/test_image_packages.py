"""Processes import only what the lock file of their image has."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = {"services", "gateway", "roost", "buf"}
MEDIA = ROOT / "services" / "media"


def locked(name: str) -> set[str]:
    """The packages of a lock file."""
    lines = (ROOT / name).read_text().splitlines()
    return {_normal(line.partition("==")[0].partition("[")[0]) for line in lines if "==" in line}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(files: list[Path]) -> dict[str, Path]:
    """The modules of others that files import, each with one of the files."""
    found: dict[str, Path] = {}
    for file in files:
        for name in _names(ast.parse(file.read_text())):
            if name not in OWN and name not in sys.stdlib_module_names:
                found.setdefault(name, file)
    return found


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def sources(*folders: str) -> list[Path]:
    return [file for folder in folders for file in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize(
    ("lock", "files"),
    [
        (
            "requirements-services.txt",
            [file for file in sources("services", "gateway", "gen") if MEDIA not in file.parents],
        ),
        ("requirements-media.txt", sources("services", "gateway", "gen")),
    ],
    ids=["roost", "roost-media"],
)
def test_every_import_is_of_a_locked_package(lock: str, files: list[Path]) -> None:
    packages, distributions = locked(lock), packages_distributions()

    modules = imported(files)

    assert len(modules) > 30
    foreign = {
        name: str(file.relative_to(ROOT))
        for name, file in modules.items()
        if not {_normal(each) for each in distributions.get(name, ())} & packages
    }
    assert foreign == {}


def test_the_image_of_media_has_every_package_of_the_other() -> None:
    assert locked("requirements-services.txt") <= locked("requirements-media.txt")
