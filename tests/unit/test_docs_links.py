"""Links and paths in Markdown files lead to existing files and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} (.+?) *#*$", re.MULTILINE)
# A file with its folder, such as `gateway/core/auth.py`, or one with a test: `tests/x.py::test_y`.
PATH = re.compile(
    r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|sql|proto|graphql|toml|yaml|env|c|js|css|html|lua|svg|json))(?:::[\w:]+)?`"
)
# Paths of a running stack's state, not of the repository.
STATE = (".roost/", "secrets/", "logs/")
# `make walk` writes it. It names the files of its last run.
GENERATED = "docs/walk.md"


def documents() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not any(part.startswith(".") or part == "node_modules" for part in parts):
            yield path


DOCUMENTS = [str(path.relative_to(ROOT)) for path in documents()]


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


@cache
def anchors(path: Path) -> set[str]:
    """The anchors of the headings, made as GitHub makes them."""
    found: set[str] = set()
    for title in HEADING.findall(prose(path)):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 0
        unique = anchor
        while unique in found:
            number += 1
            unique = f"{anchor}-{number}"
        found.add(unique)
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_heading(name: str) -> None:
    document = ROOT / name
    broken = []
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def exists(path: str, document: Path) -> bool:
    """From the root, from the document's folder, or in any service, such as `rpc/events.py`."""
    return (
        (ROOT / path).exists()
        or (document.parent / path).exists()
        or any(ROOT.glob(f"services/*/{path}"))
    )


@pytest.mark.parametrize("name", [each for each in DOCUMENTS if each != GENERATED])
def test_every_path_in_prose_exists(name: str) -> None:
    document = ROOT / name

    assert [
        path
        for path in PATH.findall(prose(document))
        if not path.startswith(STATE) and not exists(path, document)
    ] == []


def test_every_decision_has_a_status_with_a_date_and_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))

    assert listed == pages
    assert [int(page[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        number, lines = int(page[:4]), (folder / page).read_text().splitlines()
        assert lines[0].startswith(f"# {number}. ")
        assert re.match(r"Status: (accepted|superseded by \[\d+\]).* ?\d{4}-\d\d-\d\d", lines[2])
