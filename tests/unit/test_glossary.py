"""No text of the repository contains a word that docs/glossary.md and the style reject."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("bench", "docs", "envoy", "gateway", "local", "protos", "services", "tests")
SUFFIXES = {".c", ".graphql", ".lua", ".md", ".proto", ".py", ".toml", ".yaml", ".yml"}
# Migrations are never edited. The glossary and this file name the words.
LEFT_OUT = {"docs/glossary.md", "tests/unit/test_glossary.py"}

# Each rejected word, and what to write instead.
REJECTED = {
    "amid": "during",
    "anew": "again",
    "deed": "activity",
    "deeds": "activities",
    "for ever": "without end",
    "spoilt": "invalid",
    "told": "notified, configured, or the name of the value",
    "whoever": "the caller, a client, a user who",
    "whomever": "any user whom",
    "wish": "preference",
    "wishes": "preferences",
}
_WORD = re.compile(rf"\b({'|'.join(REJECTED)})\b", re.IGNORECASE)

# Tables that exist keep their names.
TABLES = {
    "services/notification/README.md": {"deeds"},
    "services/notification/adapters/postgres/statements.py": {"deeds"},
    "services/notification/service.py": {"deeds"},
}


def texts() -> Iterator[Path]:
    yield from (ROOT / name for name in ("CONTRIBUTING.md", "Makefile", "README.md", "SECURITY.md"))
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and "migrations" not in path.parts:
                yield path


def test_no_text_contains_a_rejected_word() -> None:
    found = []
    for path in texts():
        name = path.relative_to(ROOT).as_posix()
        if name in LEFT_OUT or not path.is_file():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for match in _WORD.finditer(line):
                word = match[1].lower()
                if word not in TABLES.get(name, ()):
                    found.append(f"{name}:{number}: `{word}`: write {REJECTED[word]}")

    assert not found, "\n".join(["", *found])


def test_tables_that_are_named_still_exist() -> None:
    for name, words in TABLES.items():
        assert words <= set(_WORD.findall((ROOT / name).read_text())), name
