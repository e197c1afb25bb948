"""The schema's text: writes it, compares it with the committed one, and finds breaking changes.

python -m gateway.api.sdl              write gateway/api/schema.graphql
python -m gateway.api.sdl --check      compare it with what the code declares
python -m gateway.api.sdl --breaking REV
    what the schema changes since a git revision: breaking changes fail, others are printed
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from graphql import BreakingChange, DangerousChange, build_schema
from graphql.utilities import find_schema_changes

from gateway.api.schema import sdl

COMMITTED = Path(__file__).with_name("schema.graphql")
_IN_REPOSITORY = "gateway/api/schema.graphql"

Change = BreakingChange | DangerousChange


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes and checks the schema's text.")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--breaking", metavar="REV")
    asked = parser.parse_args(arguments)
    if asked.breaking:
        return _breaking(asked.breaking)
    if asked.check:
        return _check()
    COMMITTED.write_text(sdl(), encoding="utf-8")
    return 0


def breaking(before: str, now: str) -> tuple[list[Change], list[Change]]:
    """The changes that break a client of the earlier schema, and those that might."""
    changes = find_schema_changes(build_schema(before), build_schema(now))
    breaks: list[Change] = [each for each in changes if isinstance(each, BreakingChange)]
    may_break: list[Change] = [each for each in changes if isinstance(each, DangerousChange)]
    return breaks, may_break


def _check() -> int:
    if COMMITTED.read_text(encoding="utf-8") == sdl():
        return 0
    _say(f"{_IN_REPOSITORY} is not what the code declares: run make graphql-schema")
    return 1


def _breaking(revision: str) -> int:
    shown = subprocess.run(
        ["git", "show", f"{revision}:{_IN_REPOSITORY}"], capture_output=True, text=True, check=False
    )
    if shown.returncode:
        _say(f"{revision} has no {_IN_REPOSITORY}, so there is nothing to break.")
        return 0
    breaks, may_break = breaking(shown.stdout, sdl())
    _list("May surprise clients", may_break)
    _list("Breaks clients", breaks)
    return 1 if breaks else 0


def _list(title: str, changes: Iterable[Change]) -> None:
    for each in changes:
        _say(f"{title}: {each.description} ({each.type.name})")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
