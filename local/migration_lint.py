"""Checks the migrations with squawk: `python -m local.migration_lint`.

Only the part of a file that is applied is checked: `migrate:up`. See docs/migrations.md.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from local import wheels
from services.chassis.runtime.manifest import SERVICES

ROOT = SERVICES.parent
CONFIGURATION = ROOT / ".squawk.toml"
UP, DOWN = "-- migrate:up", "-- migrate:down"
OUTSIDE_TRANSACTION = "transaction:false"

# Migrations up to this version were released before the old and the new version of a service ran
# side by side. They are applied in many databases, so they do not change any more.
LAST_BEFORE_RULES = "20261130030000"
# What they do that a later one must not.
NOT_YET_RULES = (
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "require-lock-timeout",
)


def files() -> list[Path]:
    """All migrations, in the order of their versions."""
    return sorted(SERVICES.glob("*/*migrations/*.sql"), key=lambda file: file.name)


def mistakes(migrations: Iterable[Path]) -> str:
    """What squawk says of the migrations; nothing if they are right."""
    return "".join(_check(each) for each in migrations)


def applied_part(text: str) -> tuple[str, bool]:
    """The statements that are applied, on the lines on which they are in the file, and whether
    they are one transaction."""
    up, begin = text.index(UP), text.find(DOWN)
    lines_before = "\n" * text.count("\n", 0, up)
    first_line = text[up:].partition("\n")[0]
    statements = text[up:begin] if begin > up else text[up:]
    return lines_before + statements, OUTSIDE_TRANSACTION not in first_line


def _check(file: Path) -> str:
    statements, transactional = applied_part(file.read_text())
    options = ["--config", str(CONFIGURATION), "--reporter", "gcc"]
    options += ["--stdin-filepath", str(file.relative_to(ROOT) if ROOT in file.parents else file)]
    if transactional:
        options.append("--assume-in-transaction")
    # The option replaces the list of the configuration.
    excluded = tomllib.loads(CONFIGURATION.read_text())["excluded_rules"]
    if not transactional:
        # The only statement has no other before it. CREATE INDEX CONCURRENTLY blocks nobody.
        excluded.append("require-lock-timeout")
    if file.name.partition("_")[0] <= LAST_BEFORE_RULES:
        excluded += NOT_YET_RULES
    options.append("--exclude=" + ",".join(excluded))
    run = subprocess.run(
        [wheels.script("squawk"), *options],
        input=statements,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 0:
        return ""
    return run.stdout + run.stderr


if __name__ == "__main__":
    found = mistakes(files())
    print(found, end="", file=sys.stderr)
    sys.exit(1 if found else 0)
