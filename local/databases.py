"""The databases that are not on the stack's own PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.chassis.deployment import migrations
from services.chassis.deployment.database_urls import URL_PREFIX
from services.chassis.deployment.migrations import MigrationFailed


class DatabaseUnusable(Exception):
    """A database elsewhere cannot be used; the message names the service and the reason."""


# With the name of a service in capitals, the variable that has the URL of its read replica.
REPLICA_PREFIX = "ROOST_REPLICA_URL_"


def urls_of(prefix: str, environ: Mapping[str, str], services: Sequence[str]) -> dict[str, str]:
    """The URLs in variables of a prefix, by the service.

    Raises ValueError if a variable names no service, or no PostgreSQL.
    """
    urls = {}
    for name, url in environ.items():
        if not name.startswith(prefix) or not url:
            continue
        noun = name.removeprefix(prefix).lower()
        if noun not in services:
            raise ValueError(f"{name} names no service with a database")
        if not url.startswith(("postgres://", "postgresql://")):
            raise ValueError(f"{name} must be a URL that starts with postgres://")
        urls[noun] = url
    return urls


class ExternalDatabases:
    """Those of ROOST_DATABASE_URL_<SERVICE>, by the service.

    Raises ValueError if a variable names no service, or no PostgreSQL.
    """

    def __init__(self, environ: Mapping[str, str], services: Sequence[str]) -> None:
        self._urls = urls_of(URL_PREFIX, environ, services)

    def __contains__(self, noun: object) -> bool:
        return noun in self._urls

    def url(self, noun: str) -> str:
        """Return the address of the database of a service that has one elsewhere."""
        return self._urls[noun]

    async def migrate(self) -> None:
        """Apply the migrations of each. Raises DatabaseUnusable."""
        await asyncio.gather(*(self._migrate(noun) for noun in self._urls))

    async def _migrate(self, noun: str) -> None:
        try:
            await migrations.apply(self._urls[noun], migrations.folders_of(noun))
        except MigrationFailed as failure:
            raise DatabaseUnusable(f"In the database of {noun}, {failure}") from None
