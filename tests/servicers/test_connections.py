"""No process opens more connections to PostgreSQL than its pool and its manifest allow."""

from __future__ import annotations

import asyncio
import importlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from services.chassis.runtime.manifest import Engine, Manifest, Process, deployed
from services.chassis.runtime.settings import ServiceSettings
from services.media.settings import MediaSettings
from services.notification.settings import NotificationSettings
from services.post.settings import PostSettings
from services.search.settings import SearchSettings
from services.timeline.settings import TimelineSettings
from services.user.settings import UserSettings
from tests.builders import notifications
from tests.servicers.grpc_server import SERVICE_KEYS
from tests.waiting import LIMIT, eventually

POOL = 3
SETTINGS: dict[str, type[ServiceSettings]] = {
    "media": MediaSettings,
    "notification": NotificationSettings,
    "post": PostSettings,
    "search": SearchSettings,
    "timeline": TimelineSettings,
    "user": UserSettings,
}
OPENED = """
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid != pg_backend_pid() AND backend_type = 'client backend'
"""
HELD = "SELECT count(*) FROM worker_leases WHERE holder IS NOT NULL"
PROCESSES = [
    pytest.param(each, process, id=f"{each.noun} {process}")
    for each in deployed()
    for process in each.processes
]


def settings(
    noun: str, folder: Path, database_url: str, valkey: str, *, relay_slices: int = 1
) -> ServiceSettings:
    """Settings of a service whose mesh, broker and object store are away."""
    key = folder / "key.pem"
    key.write_bytes(SERVICE_KEYS[noun].pem())
    (folder / "services.json").write_bytes(
        orjson.dumps({"keys": [each.public_jwk() for each in SERVICE_KEYS.values()]})
    )
    given: dict[str, Any] = {
        "mesh": "127.0.0.1:1",
        "database_url": database_url,
        "database_connections": POOL,
        "redis_url": valkey,
        "kafka_brokers": ("127.0.0.1:1",),
        "page_token_key": secrets.token_hex(32),
        "service_key_file": key,
        "service_keys_file": folder / "services.json",
        "master_key": secrets.token_hex(32),
        "media_path_key": secrets.token_hex(32),
        "media_base_url": "http://media.localhost",
        "media_purge_url": "http://127.0.0.1:1",
        "s3_endpoint": "http://127.0.0.1:1",
        "s3_region": "here",
        "s3_access_key": "key",
        "s3_secret_key": "secret",
        "relay_slices": relay_slices,
    }
    if noun == "notification":
        return notifications.settings(folder, **given)
    known = SETTINGS[noun].model_fields
    return SETTINGS[noun](**{name: value for name, value in given.items() if name in known})


@pytest.mark.parametrize(("manifest", "process"), PROCESSES)
async def test_process_opens_no_more_connections_than_its_pool_and_its_manifest_say(
    manifest: Manifest,
    process: Process,
    database: Callable[[str], str],
    valkey: str,
    tmp_path: Path,
) -> None:
    url = database(manifest.noun)
    compose = importlib.import_module(f"services.{manifest.noun}.compose")
    declared = manifest.dedicated_connections.get(process, 0)
    observer = await asyncpg.connect(url)

    async def dedicated() -> list[str]:
        pool = {f"{manifest.noun} {process}", f"{manifest.noun}-{process}"}
        opened = [row[0] for row in await observer.fetch(OPENED)]
        assert len(opened) <= POOL + declared, opened
        return [each for each in opened if each not in pool]

    async def has_relay() -> bool:
        return sorted(await dedicated()) == ["roost-listen", "roost-relay"]

    try:
        configured = settings(manifest.noun, tmp_path, url, valkey)
        async with getattr(compose, process)(configured) as parts:
            jobs = [asyncio.create_task(job()) for job in parts.jobs]
            try:
                if process is Process.WORK and manifest.publishes:
                    await eventually(has_relay)
                assert len(await dedicated()) <= declared
                assert await observer.fetchval(HELD) == (process in manifest.worker_numbers)
            finally:
                for job in jobs:
                    job.cancel()
                _, running = await asyncio.wait(jobs, timeout=LIMIT)
                assert not running
    finally:
        await observer.close()


@pytest.mark.parametrize(
    "manifest", [pytest.param(each, id=each.noun) for each in deployed() if each.publishes]
)
async def test_relay_of_several_slices_needs_no_more_connections(
    manifest: Manifest, database: Callable[[str], str], valkey: str, tmp_path: Path
) -> None:
    url = database(manifest.noun)
    compose = importlib.import_module(f"services.{manifest.noun}.compose")
    observer = await asyncpg.connect(url)

    async def dedicated() -> list[str]:
        pool = {f"{manifest.noun} work", f"{manifest.noun}-work"}
        return sorted(row[0] for row in await observer.fetch(OPENED) if row[0] not in pool)

    async def leads() -> bool:
        return await dedicated() == ["roost-listen", "roost-relay-4"]

    try:
        configured = settings(manifest.noun, tmp_path, url, valkey, relay_slices=4)
        async with compose.work(configured) as parts:
            jobs = [asyncio.create_task(job()) for job in parts.jobs]
            try:
                await eventually(leads)
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.wait(jobs, timeout=LIMIT)
    finally:
        await observer.close()


def test_every_service_with_a_database_is_tested() -> None:
    assert SETTINGS.keys() == {each.noun for each in deployed() if Engine.POSTGRES in each.engines}
