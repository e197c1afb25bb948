"""Lists that tests contain are complete. A failure names the file to edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def assert_listed(
    existing: Iterable[str], listed: Iterable[str], *, kind: str, file: str | Path, guide: str
) -> None:
    """Each name that exists is listed once, and no other name is.

    `kind` is what a name has in the list ("case"), `file` contains the list, and `guide` is the
    section of CONTRIBUTING.md about it.
    """
    __tracebackhide__ = True
    times, expected, path = Counter(list(listed)), set(existing), _path(file)
    problems = [
        f"`{name}` has no {kind}: add one to {path} (CONTRIBUTING.md, {guide})"
        for name in sorted(expected - times.keys())
    ]
    problems += [
        f"`{name}` does not exist: remove its {kind} from {path}"
        for name in sorted(times.keys() - expected)
    ]
    problems += [
        f"`{name}` has {number} {kind}s: keep one of them in {path}"
        for name, number in sorted(times.items())
        if number > 1
    ]
    assert not problems, "\n".join(["", *problems])


def assert_rows(
    existing: Mapping[str, Any], rows: Mapping[str, Any], *, kind: str, file: str | Path, guide: str
) -> None:
    """Each name that exists has a row, and the row says what the code declares."""
    __tracebackhide__ = True
    assert_listed(existing, rows, kind=kind, file=file, guide=guide)
    problems = [
        f"`{name}` is declared as {declared}, but its {kind} in {_path(file)} is {rows[name]}"
        for name, declared in existing.items()
        if rows[name] != declared
    ]
    assert not problems, "\n".join(["", *problems])


def _path(file: str | Path) -> str:
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_absolute() else path.as_posix()
