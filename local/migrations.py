"""Brings a database to the schema of its service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from local import wheels
from local.part import CannotStart, plain_environment

SERVICES = Path(__file__).parents[1] / "services"


def folders_of(noun: str) -> list[Path]:
    """Return where the migrations of a service are: the chassis' tables, and its own."""
    return [SERVICES / "chassis" / "migrations", SERVICES / noun / "migrations"]


async def apply(database_url: str, folders: Sequence[Path]) -> None:
    """Apply the migrations that the database has not seen, in order. Raises CannotStart."""
    filled = _with_migrations(folders)
    if not filled:
        return
    process = await asyncio.create_subprocess_exec(
        wheels.script("dbmate"),
        "--no-dump-schema",
        *(f"--migrations-dir={folder}" for folder in filled),
        "migrate",
        env=plain_environment(DATABASE_URL=database_url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        said = output.decode(errors="replace").strip()
        raise CannotStart(f"the migrations in {filled[-1]} failed: {said}")


def _with_migrations(folders: Sequence[Path]) -> list[Path]:
    return [folder for folder in dict.fromkeys(folders) if any(folder.glob("*.sql"))]
