"""A deleted file that was purged is gone, in spite of restarts; only the Media service purges."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx2
import pytest

from local.parts.seaweedfs import S3
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.runtime.clock import SystemClock
from services.media.adapters.purgers.envoy import EnvoyPurger
from services.media.domain.purging import PurgeFailed
from tests.envoy.files import CONTENT, Files, Stored, cached, is_from_cache
from tests.envoy.proxy import Proxy, eventually, running

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]

BOTH = pytest.mark.parametrize("prefix", ["m", "p"])


async def purge(proxy: Proxy, *purged: Stored, url: str = "") -> None:
    clock = SystemClock()
    paths = SignedPaths("", key=proxy.path_key, clock=clock)
    async with httpx2.AsyncClient(timeout=60) as client:
        purger = EnvoyPurger(client, url=url or proxy.purges, paths=paths, clock=clock)
        await purger.purge({each.folder: [each.file] for each in purged})


@BOTH
async def test_a_deleted_file_is_gone_once_it_is_purged(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files, prefix: str
) -> None:
    stored = files.put(prefix)
    await cached(media, stored.address)
    files.delete(stored)
    assert (await media.get(stored.address)).status_code == 200

    await purge(cdn, stored)

    for headers in ({}, {"range": "bytes=0-9"}, {"if-none-match": '"1"'}, {"host": "other"}):
        answer = await media.get(stored.address, headers=headers)

        assert (answer.status_code, answer.content) == (404, b"")


async def test_a_purge_leaves_other_files(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    kept = files.put()
    gone = [files.put("p") for _ in range(3)]
    for each in (kept, *gone):
        await cached(media, each.address)
    for each in gone:
        files.delete(each)

    await purge(cdn, *gone)

    assert is_from_cache(await media.get(kept.address))
    assert [(await media.get(each.address)).status_code for each in gone] == [404, 404, 404]


@BOTH
async def test_a_purge_before_the_deletion_fails(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files, prefix: str
) -> None:
    stored = files.put(prefix)
    await cached(media, stored.address)

    with pytest.raises(PurgeFailed, match="still served"):
        await purge(cdn, stored)


async def test_a_purge_of_what_was_never_cached_and_a_second_one_succeed(
    cdn: Proxy, files: Files
) -> None:
    for _ in range(2):
        await purge(cdn, files.unknown("m"), files.unknown("p"))


async def test_a_file_that_is_purged_while_the_cache_stores_it_is_gone_afterwards(
    cdn: Proxy, media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put(content=os.urandom(20_000_000), content_type="video/mp4")

    async def purged() -> bool:
        try:
            await purge(cdn, stored)
        except PurgeFailed:
            return False
        return True

    async with media.stream("GET", stored.address) as answer:
        files.delete(stored)
        first = await purged()
        after_first = await media.get(stored.address)
    await eventually(purged)

    assert answer.status_code == 200
    # A purge that succeeds has left nothing; one that fails is repeated.
    assert (after_first.status_code == 404) is first
    assert (await media.get(stored.address)).status_code == 404


async def test_a_file_that_is_purged_after_a_restart_is_gone(
    tmp_path: Path, s3: S3, files: Files
) -> None:
    stored = files.put()
    async with (
        running(tmp_path, s3, GATEWAY_ENDPOINTS=[]) as proxy,
        httpx2.AsyncClient(base_url=proxy.media, timeout=60) as client,
    ):
        await cached(client, stored.address)
    files.delete(stored)

    for restart in range(2):
        async with (
            running(tmp_path, s3, GATEWAY_ENDPOINTS=[]) as proxy,
            httpx2.AsyncClient(base_url=proxy.media, timeout=60) as client,
        ):
            if restart == 0:
                assert is_from_cache(await client.get(stored.address))
                await purge(proxy, stored)
            answer = await client.get(stored.address)

        assert (answer.status_code, answer.content) == (404, b"")


async def test_a_purge_while_the_store_is_down_fails_and_succeeds_later(
    tmp_path: Path, s3: S3, files: Files
) -> None:
    stored = files.put()
    address = s3.endpoint.removeprefix("http://")
    host, port = address.split(":")
    open_ports: list[asyncio.StreamWriter] = []
    up = True

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ports.append(writer)
        if not up:
            writer.close()
            return
        store_reader, store_writer = await asyncio.open_connection(host, int(port))
        open_ports.append(store_writer)
        await asyncio.gather(copy(reader, store_writer), copy(store_reader, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    between = "{}:{}".format(*server.sockets[0].getsockname())
    async with (
        running(
            tmp_path,
            s3,
            GATEWAY_ENDPOINTS=[],
            MEDIA_S3_ENDPOINTS=[between],
            MEDIA_SECONDS="2",
        ) as proxy,
        httpx2.AsyncClient(base_url=proxy.media, timeout=60) as client,
    ):
        await cached(client, stored.address)
        files.delete(stored)
        up = False
        for each in open_ports:
            each.close()

        with pytest.raises(PurgeFailed, match="Envoy answered 503"):
            await purge(proxy, stored)
        up = True

        async def purged() -> bool:
            try:
                await purge(proxy, stored)
            except PurgeFailed:
                return False
            return True

        await eventually(purged)
        assert (await client.get(stored.address)).status_code == 404
    server.close()
    for each in open_ports:
        each.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies bytes until an end closes."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def test_the_listener_of_purges_gives_out_no_closed_file(cdn: Proxy, files: Files) -> None:
    closed, original = files.put("p"), files.put_at(files.unknown("u"))

    async with httpx2.AsyncClient(base_url=cdn.purges, timeout=60) as client:
        answers = [
            await client.get(path)
            for path in (f"/{closed.key}", f"/{original.key}", f"/s/a.b.c/{closed.key}", "/m/")
        ]

    assert [each.status_code for each in answers] == [404, 404, 401, 404]
    assert not any(CONTENT in each.content for each in answers)


async def test_the_listener_of_media_does_not_purge(
    media: httpx2.AsyncClient, files: Files
) -> None:
    stored = files.put()
    await cached(media, stored.address)
    files.delete(stored)

    for method, headers in [
        ("GET", {"cache-control": "no-cache"}),
        ("GET", {"cache-control": "no-store, max-age=0"}),
        ("GET", {"pragma": "no-cache"}),
        ("PURGE", {}),
        ("HEAD", {"cache-control": "no-cache"}),
    ]:
        await media.request(method, stored.address, headers=headers)

    answer = await media.get(stored.address)
    assert (answer.status_code, answer.content) == (200, CONTENT)
