"""Purges of each kind of cache, over HTTP to a server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import jwt
import pytest
from pydantic import ValidationError

from services.chassis.auth.signed_paths import AUDIENCE, SignedPaths
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.settings import descriptions
from services.media.adapters import purgers
from services.media.adapters.purgers import PurgersInOrder, cloudflare, exchange, fastly
from services.media.adapters.purgers import envoy as envoy_purger
from services.media.adapters.purgers.cloudflare import CloudflarePurger
from services.media.adapters.purgers.envoy import EnvoyPurger
from services.media.adapters.purgers.fastly import FastlyPurger
from services.media.adapters.purgers.settings import PurgerSettings
from services.media.domain.purging import PurgeFailed, Purger
from tests.envoy.gateway import Answer, CutOff, Gateway, Request, serving
from tests.waiting import LIMIT

KEY = bytes(range(32))
CLOCK = ManualClock()
TOKEN = "quokka-quokka"
FOLDERS = {"m/open": ["thumb.webp", "large.webp"], "p/closed": ["video.mp4"]}

FASTLY = "/service/files/purge"
CLOUDFLARE = "/client/v4/zones/zone/purge_cache"

Make = Callable[[httpx2.AsyncClient, str], Purger]


def envoy(client: httpx2.AsyncClient, url: str) -> Purger:
    return EnvoyPurger(client, url=url, paths=SignedPaths("", key=KEY, clock=CLOCK), clock=CLOCK)


def fastly_of(client: httpx2.AsyncClient, url: str) -> Purger:
    return FastlyPurger(client, url=url, service="files", token=TOKEN, clock=CLOCK)


def cloudflare_of(client: httpx2.AsyncClient, url: str) -> Purger:
    url = f"{url}/client/v4"
    return CloudflarePurger(client, url=url, zone="zone", token=TOKEN, clock=CLOCK)


EVERY_KIND = pytest.mark.parametrize(
    ("make", "path"),
    [
        pytest.param(envoy, "/m/open/thumb.webp", id="Envoy"),
        pytest.param(fastly_of, FASTLY, id="Fastly"),
        pytest.param(cloudflare_of, CLOUDFLARE, id="Cloudflare"),
    ],
)


@asynccontextmanager
async def serving_with(make: Make) -> AsyncIterator[tuple[Purger, Gateway]]:
    """A purger, and the server that it purges. The server confirms, unless a test changes it."""
    async with (
        serving(Gateway("cache", jwks=None)) as server,
        httpx2.AsyncClient(timeout=LIMIT) as client,
    ):
        for path in ("/m/open/thumb.webp", "/m/open/large.webp"):
            server.answers[path] = lambda _: Answer(b"", status=404)
        closed = SignedPaths("", key=KEY, clock=CLOCK).address("p/closed", "video.mp4")
        server.answers[closed] = lambda _: Answer(b"", status=404)
        server.answers[FASTLY] = lambda _: Answer(b'{"m/open": "1-2-3"}')
        server.answers[CLOUDFLARE] = lambda _: Answer(b'{"success": true}')
        yield make(client, f"http://{server.address}"), server


def raising(_: Request) -> Answer:
    raise CutOff


# ---------------------------------------------------------------- Envoy


async def test_envoy_gets_every_file_with_a_token_where_one_is_needed() -> None:
    async with serving_with(envoy) as (purger, server):
        await purger.purge(FOLDERS)

        assert {each.method for each in server.requests} == {"GET"}
        assert {each.headers["host"] for each in server.requests} == {server.address}
        paths = sorted(each.path for each in server.requests)
        assert paths[:2] == ["/m/open/large.webp", "/m/open/thumb.webp"]
        [_, _, token, *rest] = paths[2].split("/")
        assert rest == ["p", "closed", "video.mp4"]
        claims = jwt.decode(token, KEY, ["HS256"], audience=AUDIENCE, options={"verify_exp": False})
        assert claims["path"] == "/p/closed/"


async def test_a_file_that_is_still_served_is_not_purged() -> None:
    async with serving_with(envoy) as (purger, server):
        server.answers["/m/open/large.webp"] = lambda _: Answer(b"picture", status=200)

        with pytest.raises(PurgeFailed, match=r"m/open/large\.webp is still served"):
            await purger.purge(FOLDERS)


async def test_a_file_that_is_still_served_is_not_read() -> None:
    ended = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\nbeginning")
        await reader.read()  # until the purger closes the connection
        writer.close()
        ended.set()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, httpx2.AsyncClient(timeout=LIMIT) as client:
        with pytest.raises(PurgeFailed, match="still served"):
            await envoy(client, f"http://{host}:{port}").purge({"m/open": ["video.mp4"]})
        await asyncio.wait_for(ended.wait(), 60)


async def test_one_broken_file_keeps_no_other_one_in_the_cache() -> None:
    async with serving_with(envoy) as (purger, server):
        server.answers["/m/open/thumb.webp"] = raising

        with pytest.raises(PurgeFailed):
            await purger.purge(FOLDERS)

        assert len(server.seen("/m/open/large.webp")) == 1
        assert any("/p/closed/" in each.path for each in server.requests)


async def test_many_files_that_are_not_confirmed_end_within_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(envoy_purger, "SECONDS", 0.2)
    async with serving_with(envoy) as (purger, server):
        server.answers["/m/open/large.webp"] = lambda _: None

        with pytest.raises(PurgeFailed, match="did not confirm all files"):
            await purger.purge(FOLDERS)


async def test_every_address_of_the_name_is_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving_with(envoy) as (_, server):
        port = server.address.rpartition(":")[2]
        loop = asyncio.get_running_loop()

        async def two_addresses(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
            assert host == "edges.example"
            return [(2, 1, 6, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.2")]

        monkeypatch.setattr(loop, "getaddrinfo", two_addresses)
        async with httpx2.AsyncClient(timeout=LIMIT) as client:
            purger = envoy(client, f"http://edges.example:{port}")
            # Nothing listens at the second address.
            with pytest.raises(PurgeFailed, match="Envoy is unreachable: ConnectError"):
                await purger.purge({"m/open": ["thumb.webp"]})

        [seen] = server.seen("/m/open/thumb.webp")
        assert seen.headers["host"] == f"edges.example:{port}"


async def test_a_name_without_an_address_is_a_failed_purge() -> None:
    async with httpx2.AsyncClient(timeout=LIMIT) as client:
        with pytest.raises(PurgeFailed, match="Envoy has no address"):
            await envoy(client, "http://nowhere.invalid").purge(FOLDERS)


# ---------------------------------------------------------------- Fastly and Cloudflare


async def test_fastly_is_purged_by_surrogate_keys() -> None:
    async with serving_with(fastly_of) as (purger, server):
        await purger.purge(FOLDERS)

        [request] = server.requests
        assert (request.method, request.path) == ("POST", FASTLY)
        assert request.headers["fastly-key"] == TOKEN
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body) == {"surrogate_keys": ["m/open", "p/closed"]}
        assert "fastly-soft-purge" not in request.headers  # it would leave the files as stale ones


async def test_cloudflare_is_purged_by_tags() -> None:
    async with serving_with(cloudflare_of) as (purger, server):
        await purger.purge(FOLDERS)

        [request] = server.requests
        assert (request.method, request.path) == ("POST", CLOUDFLARE)
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert json.loads(request.body) == {"tags": ["m/open", "p/closed"]}


@pytest.mark.parametrize(
    ("make", "name", "most"),
    [
        pytest.param(fastly_of, "surrogate_keys", fastly.MAX_KEYS, id="Fastly"),
        pytest.param(cloudflare_of, "tags", cloudflare.MAX_TAGS, id="Cloudflare"),
    ],
)
async def test_many_folders_are_several_calls(make: Make, name: str, most: int) -> None:
    folders = {f"m/{number}": ["thumb.webp"] for number in range(2 * most + 1)}

    async with serving_with(make) as (purger, server):
        await purger.purge(folders)

        calls = [json.loads(each.body)[name] for each in server.requests]
        assert [len(each) for each in calls] == [most, most, 1]
        assert [folder for each in calls for folder in each] == list(folders)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"success": false}', b'{"success": 1}'])
async def test_cloudflare_has_to_say_that_it_purged(body: bytes) -> None:
    async with serving_with(cloudflare_of) as (purger, server):
        server.answers[CLOUDFLARE] = lambda _: Answer(body)

        with pytest.raises(PurgeFailed, match="without success"):
            await purger.purge(FOLDERS)


# ---------------------------------------------------------------- failures of every kind


@EVERY_KIND
@pytest.mark.parametrize("status", [301, 400, 401, 403, 500, 503])
async def test_an_error_is_a_failed_purge_without_a_secret(
    make: Make, path: str, status: int
) -> None:
    async with serving_with(make) as (purger, server):
        server.answers[path] = lambda _: Answer(
            b"{}", status=status, headers={"location": f"http://{server.address}/elsewhere"}
        )

        with pytest.raises(PurgeFailed, match=f"answered {status}") as failure:
            await purger.purge(FOLDERS)

        assert failure.value.retry_after is None
        assert TOKEN not in repr(failure.value)
        assert not server.seen("/elsewhere")


@EVERY_KIND
@pytest.mark.parametrize("status", [429, 503])
async def test_the_requested_pause_is_passed_on(make: Make, path: str, status: int) -> None:
    async with serving_with(make) as (purger, server):
        server.answers[path] = lambda _: Answer(status=status, headers={"Retry-After": "90"})

        with pytest.raises(PurgeFailed) as failure:
            await purger.purge(FOLDERS)

        assert failure.value.retry_after == timedelta(seconds=90)


@EVERY_KIND
async def test_a_broken_connection_is_a_failed_purge(make: Make, path: str) -> None:
    async with serving_with(make) as (purger, server):
        server.answers[path] = raising

        with pytest.raises(PurgeFailed, match="unreachable") as failure:
            await purger.purge(FOLDERS)

        assert failure.value.__cause__ is None
        assert server.address not in str(failure.value)


@EVERY_KIND
async def test_silence_is_a_failed_purge(
    make: Make, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SECONDS", 0.2)
    async with serving_with(make) as (purger, server):
        server.answers[path] = lambda _: None

        with pytest.raises(PurgeFailed, match="did not answer"):
            await purger.purge(FOLDERS)


# ---------------------------------------------------------------- the choice


def settings(**given: str) -> PurgerSettings:
    usual = {
        "mesh": "127.0.0.1:1",
        "service_key_file": Path("key"),
        "service_keys_file": Path("keys"),
        "database_url": "postgres://",
        "redis_url": "redis://localhost",
        "kafka_brokers": "127.0.0.1:1",
        "page_token_key": "00" * 32,
        "media_path_key": KEY.hex(),
        "media_purge_url": "http://127.0.0.1:8082",
    }
    return PurgerSettings(**{**usual, **given})  # type: ignore[arg-type]


CDNS = {
    "fastly": {"fastly_service": "files", "fastly_token": TOKEN},
    "cloudflare": {"cloudflare_zone": "zone", "cloudflare_token": TOKEN},
}


async def test_envoy_alone_is_purged_by_default() -> None:
    async with serving_with(envoy) as (_, server):
        url = f"http://{server.address}"
        async with purgers.connect(settings(media_purge_url=url), clock=CLOCK) as purger:
            await purger.purge(FOLDERS)

        assert {each.method for each in server.requests} == {"GET"}


@pytest.mark.parametrize("kind", CDNS)
async def test_a_cdn_is_purged_after_envoy_behind_it(kind: str) -> None:
    async with serving_with(envoy) as (_, server):
        url = f"http://{server.address}"
        chosen = settings(
            media_purger=kind,
            media_purge_url=url,
            fastly_url=url,
            cloudflare_url=f"{url}/client/v4",
            **CDNS[kind],
        )
        async with purgers.connect(chosen, clock=CLOCK) as purger:
            await purger.purge({"m/open": ["thumb.webp"]})

        assert [each.method for each in server.requests] == ["GET", "POST"]


async def test_a_cdn_is_not_purged_before_envoy_is() -> None:
    async with (
        serving_with(fastly_of) as (outer, server),
        httpx2.AsyncClient(timeout=LIMIT) as client,
    ):
        inner = envoy(client, f"http://{server.address}")
        server.answers["/m/open/thumb.webp"] = lambda _: Answer(status=503)

        with pytest.raises(PurgeFailed, match="Envoy"):
            await PurgersInOrder([inner, outer]).purge(FOLDERS)

        assert not server.seen(FASTLY)


@pytest.mark.parametrize("kind", CDNS)
def test_a_cdn_needs_its_settings(kind: str) -> None:
    for name in CDNS[kind]:
        given = {**CDNS[kind], name: ""}

        with pytest.raises(ValidationError) as mistakes:
            settings(media_purger=kind, **given)

        assert descriptions(mistakes.value) == [
            f"ROOST_{name.upper()} is wrong: it must be set, because ROOST_MEDIA_PURGER is {kind}."
        ]


@pytest.mark.parametrize(
    "given",
    [
        {"media_purger": "akamai"},
        {"media_purge_url": "127.0.0.1:8082"},
        {"media_purger": "fastly", "fastly_service": "a/b", "fastly_token": TOKEN},
        {"media_purger": "fastly", "fastly_service": "a", "fastly_token": "two\nlines"},
    ],
)
def test_settings_of_another_form_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(**given)


def test_settings_do_not_show_their_tokens() -> None:
    shown = repr(settings(fastly_token=TOKEN, cloudflare_token=TOKEN))

    assert TOKEN not in shown
    assert KEY.hex() not in shown
