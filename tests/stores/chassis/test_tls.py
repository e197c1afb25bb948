"""TLS to engines: a server is verified by the authority that the settings name, and by its name."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.chassis.cache import redis_channels, redis_client
from services.chassis.cache.redis_client import RedisUnavailable
from services.chassis.deployment import migrations
from services.chassis.deployment.migrations import MigrationFailed
from services.chassis.storage import postgres
from services.chassis.storage.postgres import DatabaseUnavailable
from tests.tls_proxy import Authority, terminating
from tests.waiting import LIMIT


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def address_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"


@pytest.fixture
async def redis_url(valkey: str, authority: Authority) -> AsyncIterator[str]:
    """The URL of Valkey behind TLS."""
    async with terminating(authority, address_of(valkey)) as address:
        yield valkey.replace("redis://", "rediss://").replace(address_of(valkey), address)


@pytest.fixture
async def database_url(empty_database: str, authority: Authority) -> AsyncIterator[str]:
    """The URL of a database behind TLS, without parameters."""
    async with terminating(authority, address_of(empty_database), postgres=True) as address:
        yield empty_database.partition("?")[0].replace(address_of(empty_database), address)


async def test_redis_is_verified_by_the_authority_of_the_file(
    redis_url: str, authority: Authority
) -> None:
    async with redis_client.connect(
        redis_url, ca_file=authority.file, call_seconds=LIMIT
    ) as client:
        assert await client.execute("ECHO", "hello") == b"hello"


async def test_redis_with_an_unknown_authority_counts_as_away(redis_url: str) -> None:
    async with redis_client.connect(redis_url, call_seconds=LIMIT) as client:
        with pytest.raises(RedisUnavailable):
            await client.execute("PING")


async def test_messages_come_over_tls(redis_url: str, authority: Authority) -> None:
    async with redis_client.connect(
        redis_url, ca_file=authority.file, call_seconds=LIMIT
    ) as client:
        messages = redis_channels.messages(redis_url, ["news"], ca_file=authority.file)
        first = asyncio.ensure_future(anext(messages))
        async with asyncio.timeout(LIMIT):
            while not first.done():
                await client.execute("PUBLISH", "news", "good")
                await asyncio.wait({first}, timeout=0.05)
        await messages.aclose()  # type: ignore[attr-defined]

    assert first.result() == ("news", b"good")


@pytest.mark.parametrize(
    "options",
    [
        "sslmode=verify-full&sslrootcert={ca}",
        "sslmode=verify-full&sslrootcert={ca}&search_path=public",
        "sslmode=require",
    ],
)
async def test_pool_and_migrations_take_the_same_url(
    database_url: str, authority: Authority, tmp_path: Path, options: str
) -> None:
    (tmp_path / "20260101000001_step.sql").write_text(
        "-- migrate:up\nCREATE TABLE pages (id int);\n-- migrate:down\n"
    )
    url = f"{database_url}?{options.format(ca=authority.file)}"

    assert await migrations.apply(url, [tmp_path]) == ["20260101000001_step.sql"]
    async with postgres.connect(url, min_size=1) as database:
        assert await database.fetchval("SELECT count(*) FROM pages") == 0


async def test_database_with_an_unknown_authority_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    url = f"{database_url}?sslmode=verify-full&sslrootcert={Authority(other).file}"

    with pytest.raises(MigrationFailed, match="cannot be used"):
        await migrations.apply(url, [tmp_path])
    with pytest.raises(DatabaseUnavailable):
        async with postgres.connect(url, min_size=1):
            pass
