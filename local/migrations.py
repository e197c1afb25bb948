"""Brings a database to the schema of its service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from local import oneshot, wheels
from local.part import plain_environment

SERVICES = Path(__file__).parents[1] / "services"


def folders_of(noun: str) -> list[Path]:
    """Return where the migrations of a service are: the chassis' tables, its own, and those of the
    rooms whose tables are in its database."""
    rooms = ("eventlog", "delivery") if noun == "notification" else ()
    return [SERVICES / name / "migrations" for name in ("chassis", noun, *rooms)]


async def apply(database_url: str, folders: Sequence[Path]) -> None:
    """Apply the migrations that the database has not seen, in order. Raises CannotStart."""
    filled = _with_migrations(folders)
    if not filled:
        return
    folder_options = [f"--migrations-dir={folder}" for folder in filled]
    await oneshot.run(
        f"the migrations of {filled[-1]}",
        [wheels.script("dbmate"), "--no-dump-schema", *folder_options, "migrate"],
        environment=plain_environment(DATABASE_URL=database_url),
    )


def _with_migrations(folders: Sequence[Path]) -> list[Path]:
    return [folder for folder in dict.fromkeys(folders) if any(folder.glob("*.sql"))]
