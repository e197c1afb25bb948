"""Limits of the media listener: connections and requests of an address. The API is apart."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.envoy.connections import ATTACKER, BYSTANDER, connections, ended
from tests.envoy.gateway import Gateway, serving
from tests.envoy.proxy import eventually, running

pytestmark = [pytest.mark.engines, pytest.mark.asyncio(loop_scope="session")]


def client(origin: str, address: str) -> httpx2.AsyncClient:
    transport = httpx2.AsyncHTTPTransport(local_address=address)
    return httpx2.AsyncClient(base_url=origin, transport=transport)


async def test_silent_connections_of_one_address_leave_places_for_others(tmp_path: Path) -> None:
    async with (
        running(
            tmp_path,
            GATEWAY_ENDPOINTS=[],
            MEDIA_CONNECTIONS="40",
            ADDRESS_CONNECTIONS="10",
            FIRST_BYTE_SECONDS="3600",
        ) as proxy,
        connections(proxy.media, ATTACKER, 40) as silent,
        client(proxy.media, BYSTANDER) as bystander,
    ):
        await eventually(lambda: ended(silent) == 30)

        answer = await bystander.get("/nothing")
        counted = await proxy.count("connection_limit.media.active_connections")

    assert answer.status_code == 404
    assert counted == 11


async def test_connections_of_media_take_no_place_of_the_api(tmp_path: Path) -> None:
    async with (
        serving(Gateway("only", jwks=None)) as gateway,
        running(
            tmp_path,
            GATEWAY_ENDPOINTS=[gateway.address],
            MAX_CONNECTIONS="4",
            MEDIA_CONNECTIONS="8",
            ADDRESS_CONNECTIONS="100",
            FIRST_BYTE_SECONDS="3600",
        ) as proxy,
        connections(proxy.media, ATTACKER, 20) as opened,
        client(proxy.edge, BYSTANDER) as bystander,
    ):
        await eventually(lambda: ended(opened) == 12)

        answer = await bystander.get("/livez")

    assert answer.status_code == 200


async def test_an_address_that_tries_too_many_files_has_to_wait(tmp_path: Path) -> None:
    async with (
        running(tmp_path, GATEWAY_ENDPOINTS=[], RATE_MEDIA="3") as proxy,
        client(proxy.media, ATTACKER) as attacker,
        client(proxy.media, BYSTANDER) as bystander,
    ):
        tried = [await attacker.get(f"/m/guess{number}/a.webp") for number in range(4)]
        other = await bystander.get("/m/guess/a.webp")

    assert [each.status_code for each in tried] == [503, 503, 503, 429]
    assert int(tried[3].headers["retry-after"]) > 0
    assert tried[3].headers["cache-control"] == "no-store"
    assert other.status_code == 503
