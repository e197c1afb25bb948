"""The examples of docs/text.md: texts, and the entities in them."""

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

_DOCUMENT = Path(__file__).parent.parent / "docs" / "text.md"
_SIGNS = {"<ZWJ>": "\u200d", "<ZWNJ>": "\u200c", "<ZWSP>": "\u200b", "<VS16>": "\ufe0f"}
_SPAN = re.compile(r"`([^`]+)`")


class Example(NamedTuple):
    script: str
    text: str
    found: list[str]
    tags: list[str]


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, as cells."""
    section = _DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    lines = section.split("\n## ")[0].splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def spans(cell: str) -> list[str]:
    """The code spans of a cell, normalized, with their invisible characters."""
    for name, sign in _SIGNS.items():
        cell = cell.replace(name, sign)
    return [unicodedata.normalize("NFC", span) for span in _SPAN.findall(cell)]


EXAMPLES = [
    Example(script, spans(text)[0], spans(found), spans(tags))
    for script, text, found, tags in rows("Examples")
]
