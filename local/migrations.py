"""Applies the migrations of a service to its database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from local import oneshot, wheels
from local.part import plain_environment
from services.chassis.runtime.manifest import CHASSIS_MIGRATIONS, SERVICES, deployed


def folders_of(noun: str) -> list[Path]:
    """Return the folders of migrations of a service's database: the chassis's, and those of the
    nouns that the service runs. Of a noun without a service, only the chassis's."""
    own = [folder for each in deployed() if each.noun == noun for folder in each.migrations]
    return [SERVICES / folder for folder in (CHASSIS_MIGRATIONS, *own)]


async def apply(database_url: str, folders: Sequence[Path]) -> None:
    """Apply the pending migrations in order. Raises CannotStart."""
    folder_options = [f"--migrations-dir={folder}" for folder in folders]
    await oneshot.run(
        f"the migrations of {folders[-1]}",
        [wheels.script("dbmate"), "--no-dump-schema", *folder_options, "migrate"],
        environment=plain_environment(DATABASE_URL=database_url),
    )
