"""Brings a database to the schema of its service."""

from __future__ import annotations

import asyncio
from pathlib import Path

from local import wheels
from local.part import CannotStart, plain_environment


async def apply(database_url: str, folder: Path) -> None:
    """Apply the migrations of ``folder`` that the database has not seen. Raises CannotStart."""
    if not _has_any(folder):
        return
    process = await asyncio.create_subprocess_exec(
        wheels.script("dbmate"),
        "--no-dump-schema",
        f"--migrations-dir={folder}",
        "migrate",
        env=plain_environment(DATABASE_URL=database_url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        said = output.decode(errors="replace").strip()
        raise CannotStart(f"the migrations in {folder} failed: {said}")


def _has_any(folder: Path) -> bool:
    return any(folder.glob("*.sql"))
