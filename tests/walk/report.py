"""Reports walks: as text, as docs/walk.md, and where they exceed their limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from tests.walk import entries, scenarios
from tests.walk.entries import Use

Walks = Mapping[str, Sequence[Use]]

# The maximum of files to read in order to follow the request. Other cases have no limit.
LIMITS = {scenarios.CHANGED: 25, scenarios.POST: 50}

_TITLES = {
    scenarios.CHANGED: "A home read",
    scenarios.POST: "A post, up to the frame on a follower's socket",
}
_ABOUT = {
    scenarios.CHANGED: (
        "`GET /v2/timelines/home`: 20 posts, caches are warm, one post is new since the last read."
    ),
    scenarios.POST: (
        "`POST /v2/posts`: its answer, and the way of the event to a frame on a follower's socket."
    ),
}
_ROW = re.compile(r"^\| \d+ \| `([^`]+)` \|", re.MULTILINE)


def text(walks: Walks) -> str:
    """The counts, and the files in the order of their first use."""
    lines = []
    for case, title in _TITLES.items():
        lines += [f"{title}:", *_lines(walks[case]), ""]
    for case, uses in walks.items():
        limit = f" (limit {LIMITS[case]})" if case in LIMITS else ""
        lines.append(f"{case}: {len(entries.files(uses))} files{limit}")
    return "\n".join(lines)


def markdown(walks: Walks) -> str:
    """The whole of docs/walk.md."""
    lines = [
        "# Which files a request uses",
        "",
        "`make walk` writes this page. It makes each request several times on a real stack, and",
        "records which functions of `services/` and `gateway/` run for it each time.",
        "Importing a file does not count. A file counts once, at its first use.",
        "What is left out (polls, probes, other consumers of an event): `tests/walk/entries.py`.",
    ]
    for case, title in _TITLES.items():
        uses = walks[case]
        count = len(entries.files(uses))
        lines += ["", f"## {title}: {count} files, at most {LIMITS[case]}", "", _ABOUT[case], ""]
        lines += ["| | file | in | functions |", "|---|---|---|---|"]
        for number, (file, processes, functions) in enumerate(_files(uses), 1):
            lines.append(f"| {number} | `{file}` | {processes} | {_few(functions)} |")
    lines += ["", "## Other reads of a home", ""]
    lines += [
        f"- {case.partition(', ')[2]}: {len(entries.files(uses))} files"
        for case, uses in walks.items()
        if case not in _TITLES
    ]
    return "\n".join(lines) + "\n"


def faults(walks: Walks, written: str) -> list[str]:
    """The faults of the walks: exceeded limits, and files that are missing in `written`, the text
    of docs/walk.md, or no longer used."""
    found = [
        f"{case}: {len(entries.files(walks[case]))} files, and {limit} are allowed"
        for case, limit in LIMITS.items()
        if len(entries.files(walks[case])) > limit
    ]
    sections = written.split("\n## ")
    for case, title in _TITLES.items():
        section = next((each for each in sections if each.startswith(title)), "")
        old, new = set(_ROW.findall(section)), set(entries.files(walks[case]))
        found += [f"{case}: {file} is not in docs/walk.md: run make walk" for file in new - old]
        found += [f"{case}: {file} is not used any more: run make walk" for file in old - new]
    return sorted(found)


def _lines(uses: Sequence[Use]) -> list[str]:
    return [
        f"{number:4} {file:55} {processes}: {', '.join(functions)}"
        for number, (file, processes, functions) in enumerate(_files(uses), 1)
    ]


def _files(uses: Sequence[Use]) -> list[tuple[str, str, list[str]]]:
    """Each file with its processes and functions, in the order of the first use."""
    order = {file: number for number, file in enumerate(entries.files(uses))}
    by_file = sorted(uses, key=lambda use: order[use.place.file])
    return [
        (
            file,
            ", ".join(use.place.process for use in group),
            list(dict.fromkeys(name for use in group for name in use.functions)),
        )
        for file, grouped in groupby(by_file, key=lambda use: use.place.file)
        if (group := list(grouped))
    ]


def _few(functions: Sequence[str], limit: int = 4) -> str:
    """The first functions; how many follow."""
    named = [name for name in functions if "<" not in name] or list(functions)
    shown = ", ".join(f"`{name}`" for name in named[:limit])
    return shown + (f" and {len(named) - limit} more" if len(named) > limit else "")
