"""Files that are made from others: written by one command, compared by CI."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_or_compare(
    folder: Path, files: Mapping[str, str], *, arguments: Sequence[str], target: str
) -> int:
    """Write the files, or with ``--check`` only compare them; returns the exit code.

    ``target`` is the target of make that writes them.
    """
    if "--check" not in arguments:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        return 0
    differing = [name for name, text in files.items() if _stored(folder / name) != text]
    if differing:
        sys.stderr.write(f"{folder} differs in {', '.join(differing)}; run `make {target}`.\n")
    return 1 if differing else 0


def _stored(file: Path) -> str | None:
    return file.read_text() if file.exists() else None
