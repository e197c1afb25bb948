"""Counts the source files that a home read and a post use, and writes them to docs/walk.md.

python -m tests.walk [--check]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.walk import entries, report, scenarios
from tests.walk.recorder import ROOT

TABLE = ROOT / "docs" / "walk.md"


def walk(folder: Path) -> report.Walks:
    """Walks every case on a stack in `folder`."""
    windows = asyncio.run(scenarios.record(folder))
    found = entries.read(folder / "entries")
    return {
        case: entries.used(found, idle=windows.idle, windows=numbers)
        for case, numbers in windows.cases.items()
    }


def main() -> int:
    """Runs with the options of the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if a limit is exceeded or docs/walk.md is out of date",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roost-walk-", ignore_cleanup_errors=True) as folder:
        walks = walk(Path(folder))
    print(report.text(walks))
    if not arguments.check:
        TABLE.write_text(report.markdown(walks))
        return 0
    faults = report.faults(walks, TABLE.read_text() if TABLE.exists() else "")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
