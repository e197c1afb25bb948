"""Every claim of the threat model has a test or a file, and gaps are named."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "threat-model.md").read_text()

TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.[a-z]+|Makefile|requirements\.txt)`")
# A requirement of Level 1 or 2, such as 6.3.3.
REQUIREMENT = re.compile(r"\b\d{1,2}\.\d\.\d{1,2}\b")
STATUSES = {"met", "partly", "not there yet", "does not apply"}
# How many sections each chapter of ASVS 5.0 has that concerns what Roost does.
SECTIONS = {
    1: 5, 2: 4, 3: 7, 4: 4, 6: 8, 7: 6, 8: 4, 9: 2, 11: 7, 12: 3, 13: 4, 14: 3, 15: 4, 16: 5,
}  # fmt: skip


def tables(title: str) -> list[list[list[str]]]:
    """The cells of each table below the heading, up to the next heading of its level or above."""
    level = re.match("#+", title)
    assert level
    body = DOCUMENT.split(f"\n{title}\n", 1)[1]
    body = re.split(rf"\n#{{1,{len(level[0])}}} ", body, maxsplit=1)[0]
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\|\n?)+", body, re.MULTILINE):
        rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in block.splitlines()]
        found.append(rows[2:])
    return found


PROMISES = [row for table in tables("## Threats and promises") for row in table]
ASVS = [row for table in tables("## OWASP ASVS 5.0, Level 2") for row in table]


@cache
def functions_of(path: str) -> set[str]:
    found = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (
                each
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            )
            found |= {f"{node.name}::{each.name}" for each in inner}
    return found


@pytest.mark.parametrize(("path", "name"), sorted(set(TEST.findall(DOCUMENT))))
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    assert name.rpartition("::")[2].startswith("test_")
    assert name in functions_of(path)


@pytest.mark.parametrize("path", sorted(set(FILE.findall(DOCUMENT))))
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).is_file()


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", DOCUMENT)

    assert [each for each in links if not (ROOT / "docs" / each).exists()] == []


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row[0])
def test_every_promise_has_a_mechanism_a_test_and_what_is_left(row: list[str]) -> None:
    _, _, mechanism, test, left = row

    assert FILE.search(mechanism)
    assert TEST.search(test)
    assert left


def test_promises_are_numbered_without_a_hole() -> None:
    assert [row[0] for row in PROMISES] == [str(n) for n in range(1, len(PROMISES) + 1)]


def test_every_section_of_the_standard_has_a_row() -> None:
    expected = [
        f"{chapter}.{section}"
        for chapter, sections in SECTIONS.items()
        for section in range(1, sections + 1)
    ]

    assert list(dict.fromkeys(row[0] for row in ASVS)) == expected


@pytest.mark.parametrize("row", ASVS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_status_is_proved_or_says_what_is_missing(row: list[str]) -> None:
    section, _, status, proof, missing = row

    assert status in STATUSES
    if status in {"met", "partly"}:
        assert TEST.search(proof) or FILE.search(proof) or "promise" in proof
    if status in {"partly", "not there yet"}:
        assert section in {each.rpartition(".")[0] for each in REQUIREMENT.findall(missing)}
    if status == "does not apply":
        assert missing


def test_promises_that_a_row_refers_to_exist() -> None:
    numbers = [
        int(number)
        for row in ASVS
        for said in re.findall(r"promises? ([\d, and]+)", row[3])
        for number in re.findall(r"\d+", said)
    ]

    assert numbers
    assert max(numbers) <= len(PROMISES)
