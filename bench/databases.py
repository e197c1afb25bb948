"""What each database of a PostgreSQL server uses: CPU of its sessions, WAL, and bytes of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.stack import BenchStack

# Databases of services are named after them.
PREFIX = "roost_"

_SESSIONS = """
SELECT a.datname, a.pid, w.wal_bytes
FROM pg_stat_activity a CROSS JOIN LATERAL pg_stat_get_backend_wal(a.pid) w
WHERE a.datname LIKE $1
"""
_WRITTEN = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
_TABLES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Session:
    """CPU seconds and bytes of WAL of one session so far."""

    noun: str
    cpu_seconds: float
    wal_bytes: float


@dataclass(frozen=True)
class ServerUsage:
    """All sessions by process id, and the bytes of WAL of the whole server."""

    sessions: Mapping[int, Session]
    wal_bytes: float


async def usage(stack: BenchStack) -> ServerUsage:
    """Read what the sessions of all services have used."""
    connection = await asyncpg.connect(stack.stack.postgres.admin_url)
    try:
        rows = await connection.fetch(_SESSIONS, f"{PREFIX}%")
        written = float(await connection.fetchval(_WRITTEN))
    finally:
        await connection.close()
    sessions = {
        pid: Session(name.removeprefix(PREFIX), cpu_seconds(pid), float(wal or 0))
        for name, pid, wal in rows
    }
    return ServerUsage(sessions, written)


def cpu_by_database(before: ServerUsage, after: ServerUsage) -> dict[str, float]:
    """CPU seconds of sessions between two readings, by service."""
    used: dict[str, float] = {}
    for pid, session in after.sessions.items():
        earlier = before.sessions.get(pid)
        since = session.cpu_seconds - (earlier.cpu_seconds if earlier else 0.0)
        used[session.noun] = used.get(session.noun, 0.0) + since
    return used


def wal_by_database(before: ServerUsage, after: ServerUsage) -> dict[str, float]:
    """Bytes of WAL between two readings, by service.

    A session reports its bytes up to a second late. So they are only the shares by which the exact
    bytes of the server are divided.
    """
    reported: dict[str, float] = {}
    for pid, session in after.sessions.items():
        earlier = before.sessions.get(pid)
        since = session.wal_bytes - (earlier.wal_bytes if earlier else 0.0)
        reported[session.noun] = reported.get(session.noun, 0.0) + since
    together = sum(reported.values())
    written = after.wal_bytes - before.wal_bytes
    return {noun: written * each / together for noun, each in reported.items()} if together else {}


async def table_bytes(stack: BenchStack, noun: str) -> dict[str, int]:
    """The bytes of each table of a service, with its indexes."""
    connection = await asyncpg.connect(stack.stack.postgres.url(f"{PREFIX}{noun}"))
    try:
        return {row[0]: int(row[1]) for row in await connection.fetch(_TABLES)}
    finally:
        await connection.close()


def cpu_seconds(pid: int) -> float:
    """The CPU seconds of a session so far; zero if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0
